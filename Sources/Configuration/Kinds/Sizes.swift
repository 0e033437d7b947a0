/// Sizes `64KiB`, `10MiB`, `1GiB`, or plain bytes; the value is in bytes.
extension Kind where Value == Int {
    static func size(_ range: ClosedRange<Int>) -> Kind {
        let noun = "a size \(rangeText(range, SizeText.write)), such as 64KiB or 10MiB"
        let schema: JSON = [
            "anyOf": [
                ["type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)],
                ["type": "string", "pattern": "^[0-9]+(KiB|MiB|GiB)?$"], .variableReference,
            ]
        ]
        return .scalar(noun, schema: schema, write: { .string(SizeText.write($0)) }) { text throws(ScalarProblem) in
            guard let bytes = SizeText.read(text.value) else {
                throw .expected(suggestion: SizeText.nearest(text.value))
            }
            guard range.contains(bytes) else { throw .expected() }
            return bytes
        }
    }
}

/// The written form of sizes.
enum SizeText {
    private static let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]

    static func read(_ text: String) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let name = text[digits.endIndex...]
        guard let unit = name.isEmpty ? 1 : units.first(where: { $0.0 == name })?.1 else { return nil }
        return Int(digits: digits)?.multiplied(safelyBy: unit)
    }

    static func write(_ bytes: Int) -> String {
        let unit = units.first { bytes >= $0.1 && bytes % $0.1 == 0 }
        return unit.map { "\(bytes / $0.1)\($0.0)" } ?? "\(bytes)"
    }

    /// `10MB`, `64k`: what was meant, in the written form.
    static func nearest(_ text: String) -> String? {
        let compact = text.lowercased().filter { !$0.isWhitespace }
        let digits = compact.prefix { $0.isASCII && $0.isNumber }
        let unit: String? =
            switch compact[digits.endIndex...] {
            case "k", "kb", "kib": "KiB"
            case "m", "mb", "mib": "MiB"
            case "g", "gb", "gib": "GiB"
            case "b", "bytes": ""
            default: nil
            }
        let candidate = unit.map { "\(digits)\($0)" }
        return candidate.flatMap { read($0) == nil ? nil : $0 }
    }
}

/// Whole numbers and percentages.
extension Kind where Value == Int {
    static func integer(_ range: ClosedRange<Int>) -> Kind {
        let noun = "a whole number \(rangeText(range) { String($0) })"
        let schema: JSON = [
            "anyOf": [
                ["type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)],
                .variableReference,
            ]
        ]
        return .scalar(noun, schema: schema, write: { .integer($0) }) { text throws(ScalarProblem) in
            if text.isQuoted, !text.isInterpolated { throw .expected("\(noun), without quotes") }
            guard let number = Int(digits: text.value), range.contains(number) else { throw .expected() }
            return number
        }
    }
}

extension Kind where Value == Double {
    /// `50%` or `0.5%`; the value is the share, 0…1.
    static var percent: Kind { percentage(0...100, such: "50%") }

    /// The same with other bounds, in percent.
    static func percentage(_ range: ClosedRange<Int>, such example: String) -> Kind {
        let noun = "a percentage from \(range.lowerBound)% to \(range.upperBound)%, such as \(example)"
        return .scalar(noun, schema: .pattern("^[0-9]+(\\.[0-9]+)?%$"), write: { .string(percentText($0)) }) {
            text throws(ScalarProblem) in
            let number = text.value.hasSuffix("%") ? text.value.dropLast() : Substring(text.value)
            guard number.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }),
                let percent = Double(number), percent >= Double(range.lowerBound), percent <= Double(range.upperBound)
            else { throw .expected() }
            guard text.value.hasSuffix("%") else { throw .expected(suggestion: "\(text.value)%") }
            return percent / 100
        }
    }
}

private func percentText(_ share: Double) -> String {
    let percent = share * 100
    return percent == percent.rounded() ? "\(Int(percent))%" : "\(percent)%"
}

/// `of at least a`, `of at most b`, or both, for messages.
func rangeText(_ range: ClosedRange<Int>, _ show: (Int) -> String) -> String {
    range.upperBound == .max
        ? "of at least \(show(range.lowerBound))"
        : "from \(show(range.lowerBound)) to \(show(range.upperBound))"
}

extension Int {
    /// A decimal number of nothing but digits, with at most one leading `-`; nil also when it is too large.
    init?(digits text: some StringProtocol) {
        let unsigned = text.hasPrefix("-") ? text.dropFirst() : text[...]
        guard !unsigned.isEmpty, unsigned.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        self.init(text, radix: 10)
    }

    /// The product, unless it overflows.
    func multiplied(safelyBy other: Int) -> Int? {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? nil : product
    }
}

extension JSON {
    /// Any value may be, or contain, a variable instead.
    static let variableReference: JSON = ["type": "string", "pattern": "\\$\\{"]

    /// A text of this form.
    static func pattern(_ pattern: String) -> JSON {
        ["anyOf": [["type": "string", "pattern": .string(pattern)], .variableReference]]
    }
}

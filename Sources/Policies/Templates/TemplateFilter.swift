/// What a template does to a value: `| lower`, `| default(none)`.
package enum TemplateFilter: Hashable, Sendable {
    /// Stands in for a value that is missing or empty.
    case fallback([UInt8])
    /// ASCII letters; other bytes stay.
    case lower, upper
    /// Without blanks at either end.
    case trim
    /// Percent-encoded but for unreserved characters (RFC 3986 §2.3).
    case percentEncode
    /// RFC 4648 §4, and §5 without padding.
    case base64, base64URL

    package static let names = ["default", "lower", "upper", "trim", "urlencode", "base64", "base64url"]

    /// - Parameter text: `lower`, `default(x)`, `default x`, `default "x y"`.
    init(_ text: String, at offset: Int) throws(TemplateProblem) {
        let name = text.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" }
        let argument = Self.argument(text.dropFirst(name.count))
        if name == "default" {
            guard let argument else {
                throw TemplateProblem(
                    "default needs the text that stands in", hint: "write default(x), or default(\"x y\")", at: offset)
            }
            self = .fallback(Array(argument.utf8))
            return
        }
        guard let filter = Self.plain[String(name)] else {
            let nearest = Self.names.first { $0.hasPrefix(name.lowercased().prefix(3)) && !name.isEmpty }
            throw TemplateProblem(
                "unknown filter \"\(name.isEmpty ? text[...] : name)\"",
                hint: nearest.map { "did you mean \"\($0)\"?" } ?? "filters: \(Self.names.joined(separator: ", "))",
                at: offset)
        }
        guard argument == nil || argument == "" else {
            throw TemplateProblem("the filter \(name) takes no argument", hint: "write | \(name)", at: offset)
        }
        self = filter
    }

    private static let plain: [String: TemplateFilter] = [
        "lower": .lower, "upper": .upper, "trim": .trim, "urlencode": .percentEncode, "base64": .base64,
        "base64url": .base64URL,
    ]

    /// `(x)`, ` x`, `("x y")`: x, and x y. Nil: there is none.
    private static func argument(_ written: Substring) -> String? {
        var rest = written.drop { $0 == " " }
        guard !rest.isEmpty else { return nil }
        if rest.hasPrefix("("), rest.hasSuffix(")") { rest = rest.dropFirst().dropLast() }
        for quote in ["\"", "'"] where rest.count >= 2 && rest.hasPrefix(quote) && rest.hasSuffix(quote) {
            return String(rest.dropFirst().dropLast())
        }
        return String(rest)
    }

    /// What it makes of a text is not what it makes of its percent-encoding.
    var readsText: Bool {
        switch self {
        case .fallback, .lower, .upper: false
        case .trim, .percentEncode, .base64, .base64URL: true
        }
    }

    /// Also of a missing value, which is empty then.
    func apply(_ value: inout [UInt8]) {
        switch self {
        case .fallback(let other): if value.isEmpty { value = other }
        case .lower: for index in value.indices where value[index] &- 0x41 < 26 { value[index] |= 0x20 }
        case .upper: for index in value.indices where value[index] &- 0x61 < 26 { value[index] &= 0xDF }
        case .trim:
            while let last = value.last, last == 0x20 || last == 0x09 { value.removeLast() }
            value.removeFirst(value.prefix { $0 == 0x20 || $0 == 0x09 }.count)
        case .percentEncode:
            var encoded: [UInt8] = []
            value.withUnsafeBufferPointer { PercentText.append($0, to: &encoded, keeping: PercentText.isUnreserved) }
            value = encoded
        case .base64: value = Base64Text.encode(value, with: Base64Text.standard, isPadded: true)
        case .base64URL: value = Base64Text.encode(value, with: Base64Text.url, isPadded: false)
        }
    }
}

private enum Base64Text {
    static let standard = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    static let url = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    static func encode(_ bytes: [UInt8], with alphabet: [UInt8], isPadded: Bool) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var index = 0
        while index < bytes.count {
            let present = min(bytes.count - index, 3)
            var group = 0
            for offset in 0..<3 { group = group << 8 | (offset < present ? Int(bytes[index + offset]) : 0) }
            for digit in 0...present { text.append(alphabet[group >> (18 - 6 * digit) & 63]) }
            if isPadded, present < 3 { text.append(contentsOf: repeatElement(UInt8(ascii: "="), count: 3 - present)) }
            index += 3
        }
        return text
    }
}

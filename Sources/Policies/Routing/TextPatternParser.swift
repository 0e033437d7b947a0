/// Reads a regular expression (see `TextPattern` for what it may contain) into its tree.
struct TextPatternParser {
    private typealias Malformed = TextPattern.Malformed
    private static let mostBytes = 1024
    private static let deepestNesting = 32
    private static let mostRepetitions = 255

    private let text: [UInt8]
    private var position = 0
    private var depth = 0
    private(set) var ignoresCase = false

    init(_ text: String) { self.text = Array(text.utf8) }

    mutating func parse() throws(TextPattern.Malformed) -> TextPatternSyntax {
        guard text.count <= Self.mostBytes else {
            throw Malformed(reason: "it is longer than \(Self.mostBytes) bytes")
        }
        ignoresCase = take("(?i)")
        let syntax = try choice()
        guard position == text.count else { throw Malformed(reason: "there is a \")\" without its \"(\"") }
        return syntax
    }

    private mutating func choice() throws(TextPattern.Malformed) -> TextPatternSyntax {
        var parts = [try sequence()]
        while take("|") { parts.append(try sequence()) }
        return parts.count == 1 ? parts[0] : .choice(parts)
    }

    private mutating func sequence() throws(TextPattern.Malformed) -> TextPatternSyntax {
        var parts: [TextPatternSyntax] = []
        while let byte = peek(), byte != UInt8(ascii: "|"), byte != UInt8(ascii: ")") {
            parts.append(try repetition())
        }
        return parts.isEmpty ? .empty : .sequence(parts)
    }

    private mutating func repetition() throws(TextPattern.Malformed) -> TextPatternSyntax {
        let part = try atom()
        let (least, most): (Int, Int?)
        if take("*") {
            (least, most) = (0, nil)
        } else if take("+") {
            (least, most) = (1, nil)
        } else if take("?") {
            (least, most) = (0, 1)
        } else if take("{") {
            (least, most) = try bounds()
        } else {
            return part
        }
        if let next = peek(), [UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?")].contains(next) {
            throw Malformed(reason: "two repetitions follow each other; put the inner one in ( )")
        }
        return .repetition(part, least: least, most: most)
    }

    /// After `{`: `n}`, `n,}` or `n,m}`.
    private mutating func bounds() throws(TextPattern.Malformed) -> (Int, Int?) {
        let least = number()
        var most = least
        if take(",") { most = peek() == UInt8(ascii: "}") ? nil : number() ?? -1 }
        guard let least, take("}"), most.map({ $0 >= least }) ?? true, max(least, most ?? 0) <= Self.mostRepetitions
        else {
            throw Malformed(
                reason: "\"{\" begins a repetition such as {3}, {2,} or {2,5}, at most \(Self.mostRepetitions); "
                    + "write \\{ for the character")
        }
        return (least, most)
    }

    private mutating func number() -> Int? {
        var value: Int?
        while let byte = peek(), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte), (value ?? 0) < 1000 {
            value = (value ?? 0) * 10 + Int(byte - UInt8(ascii: "0"))
            position += 1
        }
        return value
    }

    private mutating func atom() throws(TextPattern.Malformed) -> TextPatternSyntax {
        let byte = text[position]
        position += 1
        switch byte {
        case UInt8(ascii: "("): return try group()
        case UInt8(ascii: "["): return .symbol(try TextPatternClass.parse(text, &position))
        case UInt8(ascii: "."): return .symbol(SymbolSet([10]).inverted)
        case UInt8(ascii: "^"): return .symbol(SymbolSet([TextPattern.Symbol.start]))
        case UInt8(ascii: "$"): return .symbol(SymbolSet([TextPattern.Symbol.end]))
        case UInt8(ascii: "\\"): return .symbol(try TextPatternClass.escape(text, &position))
        case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: "{"):
            let sign = Character(Unicode.Scalar(byte))
            throw Malformed(reason: "there is nothing before \"\(sign)\" to repeat; write \\\(sign) for the character")
        default: return literal(byte)
        }
    }

    /// A character beyond ASCII is one unit, so that `ü+` repeats all of its bytes.
    private mutating func literal(_ byte: UInt8) -> TextPatternSyntax {
        var bytes: [TextPatternSyntax] = [.symbol(SymbolSet([Int(byte)]))]
        while byte >= 0x80, let next = peek(), next & 0xC0 == 0x80 {
            bytes.append(.symbol(SymbolSet([Int(next)])))
            position += 1
        }
        return bytes.count == 1 ? bytes[0] : .sequence(bytes)
    }

    private mutating func group() throws(TextPattern.Malformed) -> TextPatternSyntax {
        guard take("?:") || peek() != UInt8(ascii: "?") else {
            throw Malformed(
                reason:
                    "\"(?\" begins only (?:…), or (?i) at the very beginning; nothing can be looked ahead or captured")
        }
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepestNesting else {
            throw Malformed(reason: "its groups are nested deeper than \(Self.deepestNesting)")
        }
        let syntax = try choice()
        guard take(")") else { throw Malformed(reason: "there is a \"(\" without its \")\"") }
        return syntax
    }

    private func peek() -> UInt8? { position < text.count ? text[position] : nil }

    private mutating func take(_ expected: StaticString) -> Bool {
        let isThere = expected.withUTF8Buffer { text[position...].starts(with: $0) }
        if isThere { position += expected.utf8CodeUnitCount }
        return isThere
    }
}

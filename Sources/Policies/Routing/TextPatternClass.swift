/// Reads the parts of a regular expression that stand for one byte of several: `[a-z_]` and `\d`.
enum TextPatternClass {
    private typealias Malformed = TextPattern.Malformed

    /// After `[`, up to and including its `]`.
    static func parse(_ text: [UInt8], _ position: inout Int) throws(TextPattern.Malformed) -> SymbolSet {
        let isInverted = position < text.count && text[position] == UInt8(ascii: "^")
        if isInverted { position += 1 }
        let begin = position
        var set = SymbolSet()
        while position < text.count, text[position] != UInt8(ascii: "]") || position == begin {
            let low = try member(text, &position)
            guard position + 1 < text.count, text[position] == UInt8(ascii: "-"),
                text[position + 1] != UInt8(ascii: "]")
            else {
                set.formUnion(low)
                continue
            }
            position += 1
            let high = try member(text, &position)
            guard let from = low.onlyMember, let to = high.onlyMember, from <= to else {
                throw Malformed(reason: "a range in [ ] goes from a lower character to a higher one, as in [a-z]")
            }
            set.formUnion(SymbolSet(from...to))
        }
        guard position < text.count else { throw Malformed(reason: "there is a \"[\" without its \"]\"") }
        position += 1
        return isInverted ? set.inverted : set
    }

    private static func member(_ text: [UInt8], _ position: inout Int) throws(TextPattern.Malformed) -> SymbolSet {
        let byte = text[position]
        guard byte < 0x80 else { throw Malformed(reason: "[ ] may hold ASCII characters only; write (ä|ö) for others") }
        position += 1
        return byte == UInt8(ascii: "\\") ? try escape(text, &position) : SymbolSet([Int(byte)])
    }

    /// After `\`.
    static func escape(_ text: [UInt8], _ position: inout Int) throws(TextPattern.Malformed) -> SymbolSet {
        guard position < text.count else { throw Malformed(reason: "it ends with a lone \"\\\"") }
        let byte = text[position]
        position += 1
        switch byte {
        case UInt8(ascii: "d"): return digits
        case UInt8(ascii: "D"): return digits.inverted
        case UInt8(ascii: "w"): return wordCharacters
        case UInt8(ascii: "W"): return wordCharacters.inverted
        case UInt8(ascii: "s"): return blanks
        case UInt8(ascii: "S"): return blanks.inverted
        case UInt8(ascii: "t"): return SymbolSet([9])
        case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: return SymbolSet([Int(byte)])
        default:
            throw Malformed(
                reason:
                    "after \"\\\" comes punctuation or one of d, w, s, D, W, S, t; this dialect has no other classes, "
                    + "no word borders and no back references")
        }
    }

    private static let digits = SymbolSet(0x30...0x39)
    private static let blanks = SymbolSet([9, 10, 11, 12, 13, 32])
    private static let wordCharacters = SymbolSet(
        Array(0x30...0x39) + Array(0x41...0x5A) + Array(0x61...0x7A) + [Int(UInt8(ascii: "_"))])
}

extension SymbolSet {
    /// The member of a set that has just one.
    fileprivate var onlyMember: Int? {
        let members = (0..<256).filter(contains)
        return members.count == 1 ? members[0] : nil
    }
}

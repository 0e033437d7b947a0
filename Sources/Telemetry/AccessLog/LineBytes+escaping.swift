/// Text from outside as part of a JSON string (RFC 8259 section 7): whatever the bytes are, the line stays one line
/// and stays valid JSON.
extension LineBytes {
    /// At most `limit` bytes of `text` are kept, at a character's border; a cut shows as "…".
    mutating func appendEscaped(_ text: UnsafeRawBufferPointer, limit: Int) {
        guard text.count > limit else { return appendEscaped(text) }
        var end = limit
        while end > 0, limit - end < 3, text[end] & 0xC0 == 0x80 { end -= 1 }
        appendEscaped(UnsafeRawBufferPointer(rebasing: text[..<end]))
        append("…")
    }

    mutating func appendEscaped(_ text: String, limit: Int) {
        var text = text
        text.withUTF8 { appendEscaped(UnsafeRawBufferPointer($0), limit: limit) }
    }

    /// Runs of bytes that need nothing are copied whole.
    private mutating func appendEscaped(_ text: UnsafeRawBufferPointer) {
        var runStart = 0
        var index = 0
        while index < text.count {
            while index + 8 <= text.count, Self.areAllPlain(text.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            {
                index += 8
            }
            guard index < text.count else { break }
            let byte = text[index]
            if byte >= 0x20, byte < 0x80, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
                index += 1
                continue
            }
            let length = byte < 0x80 ? 0 : Self.sequenceLength(text, at: index)
            if length > 0 {
                index += length
                continue
            }
            append(UnsafeRawBufferPointer(rebasing: text[runStart..<index]))
            appendEscape(of: byte)
            index += 1
            runStart = index
        }
        append(UnsafeRawBufferPointer(rebasing: text[runStart...]))
    }

    /// Whether eight bytes at once stand for themselves: the high bit of each byte of the sum shows one that is not
    /// ASCII, a control character (borrows from 0x20), a quote or a backslash (become 0, which borrows from 1).
    private static func areAllPlain(_ eight: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quotes = eight ^ (ones &* UInt64(UInt8(ascii: "\"")))
        let backslashes = eight ^ (ones &* UInt64(UInt8(ascii: "\\")))
        let marks = eight | (eight &- ones &* 0x20) | (quotes &- ones) | (backslashes &- ones)
        return marks & (ones &* 0x80) == 0
    }

    /// For a byte that can't stand for itself: a quote, a control character, or a part of no UTF-8 sequence.
    private mutating func appendEscape(of byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): append("\\\"")
        case UInt8(ascii: "\\"): append("\\\\")
        case 0x0A: append("\\n")
        case 0x0D: append("\\r")
        case 0x09: append("\\t")
        case 0x80...: append("\\ufffd")
        default:
            append("\\u00")
            append(Self.hexDigit(byte >> 4))
            append(Self.hexDigit(byte & 15))
        }
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    /// The length of the UTF-8 sequence that starts here (Unicode table 3-7), or 0 where none does.
    private static func sequenceLength(_ text: UnsafeRawBufferPointer, at index: Int) -> Int {
        func continues(_ offset: Int, _ range: ClosedRange<UInt8> = 0x80...0xBF) -> Bool {
            index + offset < text.count && range.contains(text[index + offset])
        }
        switch text[index] {
        case 0xC2...0xDF: return continues(1) ? 2 : 0
        case 0xE0: return continues(1, 0xA0...0xBF) && continues(2) ? 3 : 0
        case 0xED: return continues(1, 0x80...0x9F) && continues(2) ? 3 : 0
        case 0xE1...0xEF: return continues(1) && continues(2) ? 3 : 0
        case 0xF0: return continues(1, 0x90...0xBF) && continues(2) && continues(3) ? 4 : 0
        case 0xF1...0xF3: return continues(1) && continues(2) && continues(3) ? 4 : 0
        case 0xF4: return continues(1, 0x80...0x8F) && continues(2) && continues(3) ? 4 : 0
        default: return 0
        }
    }
}

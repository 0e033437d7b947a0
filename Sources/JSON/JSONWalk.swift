/// Walks over JSON text without reading it into values: finds where each value ends, by the grammar of RFC 8259.
///
/// Whether strings are UTF-8 is for the caller to check, of the whole text at once.
struct JSONWalk {
    let bytes: UnsafeRawBufferPointer
    var position: Int
    private var depth = 0
    private let maximumDepth: Int

    init(_ bytes: UnsafeRawBufferPointer, at position: Int = 0, maximumDepth: Int) {
        self.bytes = bytes
        self.position = position
        self.maximumDepth = maximumDepth
    }

    var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func skipWhitespace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    mutating func skipValue() throws(JSONFailure) {
        guard let next else { throw failure("expected a value") }
        switch next {
        case UInt8(ascii: "{"): try eachMember { _, _ in true }
        case UInt8(ascii: "["): try eachElement { _ in true }
        case UInt8(ascii: "\""): try skipString()
        case UInt8(ascii: "t"): try skipWord("true")
        case UInt8(ascii: "f"): try skipWord("false")
        case UInt8(ascii: "n"): try skipWord("null")
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try skipNumber()
        default: throw failure("expected a value")
        }
    }

    /// From the brace on: the name of each member, within its quotes, and its value. Ends early where `body` says no.
    mutating func eachMember(_ body: (_ name: Range<Int>, _ value: Range<Int>) -> Bool) throws(JSONFailure) {
        try enter()
        if take("}") { return leave() }
        while true {
            guard next == UInt8(ascii: "\"") else { throw failure("expected a member name") }
            let start = position + 1
            try skipString()
            let name = start..<position - 1
            skipWhitespace()
            guard take(":") else { throw failure("expected \":\"") }
            skipWhitespace()
            let value = position
            try skipValue()
            guard body(name, value..<position) else { return leave() }
            skipWhitespace()
            if take("}") { return leave() }
            guard take(",") else { throw failure("expected \",\" or \"}\"") }
            skipWhitespace()
        }
    }

    /// From the bracket on: each element. Ends early where `body` says no.
    mutating func eachElement(_ body: (Range<Int>) -> Bool) throws(JSONFailure) {
        try enter()
        if take("]") { return leave() }
        while true {
            let start = position
            try skipValue()
            guard body(start..<position) else { return leave() }
            skipWhitespace()
            if take("]") { return leave() }
            guard take(",") else { throw failure("expected \",\" or \"]\"") }
            skipWhitespace()
        }
    }

    private mutating func enter() throws(JSONFailure) {
        guard depth < maximumDepth else { throw failure("is nested deeper than \(maximumDepth)") }
        depth += 1
        position += 1
        skipWhitespace()
    }

    private mutating func leave() { depth -= 1 }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func skipString() throws(JSONFailure) {
        position += 1
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return
            case UInt8(ascii: "\\"): try skipEscape()
            case 0..<0x20:
                position -= 1
                throw failure("has a control character in a string")
            default: break
            }
        }
        throw failure("ends within a string")
    }

    private mutating func skipEscape() throws(JSONFailure) {
        guard let byte = next else { throw failure("ends within a string") }
        position += 1
        if byte == UInt8(ascii: "u") {
            for _ in 0..<4 {
                guard let digit = next, hexValue(digit) != nil else { throw failure("expected four hex digits") }
                position += 1
            }
        } else if !"\"\\/bfnrt".utf8.contains(byte) {
            throw failure("has an unknown escape in a string")
        }
    }

    private mutating func skipWord(_ word: StaticString) throws(JSONFailure) {
        let end = position + word.utf8CodeUnitCount
        guard end <= bytes.count else { throw failure("expected a value") }
        for offset in 0..<word.utf8CodeUnitCount where bytes[position + offset] != word.utf8Start[offset] {
            throw failure("expected a value")
        }
        position = end
    }

    private mutating func skipNumber() throws(JSONFailure) {
        _ = take("-")
        if !take("0") { try skipDigits() }
        if take(".") { try skipDigits() }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            try skipDigits()
        }
    }

    private mutating func skipDigits() throws(JSONFailure) {
        let start = position
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        guard position > start else { throw failure("expected a digit") }
    }

    func failure(_ reason: String) -> JSONFailure { JSONFailure(reason, at: position) }
}

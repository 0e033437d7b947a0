/// Reads one JSON text (RFC 8259) strictly, within fixed bounds: anything a second parser might read otherwise is
/// refused. A token's claims must mean the same to the gateway and to every service behind it.
///
/// Refused besides what the grammar refuses: duplicate names, invalid UTF-8 and unpaired surrogates, a byte order
/// mark, and texts longer or nested deeper than the bounds: those of a token's claims unless the caller sets its own.
package struct JSONReader {
    package static let defaultMaximumBytes = 16 * 1024
    package static let defaultMaximumDepth = 16

    let bytes: UnsafeRawBufferPointer
    var position = 0
    private var depth = 0
    private let maximumDepth: Int

    private init(_ bytes: UnsafeRawBufferPointer, maximumDepth: Int) {
        self.bytes = bytes
        self.maximumDepth = maximumDepth
    }

    package static func read(
        _ bytes: UnsafeRawBufferPointer, maximumBytes: Int = defaultMaximumBytes,
        maximumDepth: Int = defaultMaximumDepth
    ) throws(JSONFailure) -> JSONValue {
        guard bytes.count <= maximumBytes else {
            throw JSONFailure("is longer than \(maximumBytes) bytes", at: maximumBytes)
        }
        var reader = JSONReader(bytes, maximumDepth: maximumDepth)
        reader.skipWhitespace()
        let value = try reader.readValue()
        reader.skipWhitespace()
        guard reader.position == bytes.count else { throw reader.failure("expected the end of the text") }
        return value
    }

    package static func read(
        _ bytes: [UInt8], maximumBytes: Int = defaultMaximumBytes, maximumDepth: Int = defaultMaximumDepth
    ) throws(JSONFailure) -> JSONValue {
        let outcome: Result<JSONValue, JSONFailure> = bytes.withUnsafeBytes { bytes in
            Result { () throws(JSONFailure) in
                try read(bytes, maximumBytes: maximumBytes, maximumDepth: maximumDepth)
            }
        }
        return try outcome.get()
    }

    func failure(_ reason: String) -> JSONFailure {
        JSONFailure(reason, at: position)
    }

    var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func skipWhitespace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func readValue() throws(JSONFailure) -> JSONValue {
        guard let next else { throw failure("expected a value") }
        switch next {
        case UInt8(ascii: "{"): return try nested { reader throws(JSONFailure) in try reader.readObject() }
        case UInt8(ascii: "["): return try nested { reader throws(JSONFailure) in try reader.readArray() }
        case UInt8(ascii: "\""): return .string(try readString())
        case UInt8(ascii: "t"): return try readWord("true", .bool(true))
        case UInt8(ascii: "f"): return try readWord("false", .bool(false))
        case UInt8(ascii: "n"): return try readWord("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try readNumber())
        default: throw failure("expected a value")
        }
    }

    private mutating func nested(
        _ read: (inout JSONReader) throws(JSONFailure) -> JSONValue
    ) throws(JSONFailure) -> JSONValue {
        guard depth < maximumDepth else { throw failure("is nested deeper than \(maximumDepth)") }
        depth += 1
        position += 1
        skipWhitespace()
        let value = try read(&self)
        depth -= 1
        return value
    }

    private mutating func readObject() throws(JSONFailure) -> JSONValue {
        var members: [JSONObject.Member] = []
        if skip("}") { return .object(JSONObject()) }
        while true {
            guard next == UInt8(ascii: "\"") else { throw failure("expected a member name") }
            let name = try readString()
            skipWhitespace()
            guard skip(":") else { throw failure("expected \":\"") }
            skipWhitespace()
            members.append(JSONObject.Member(name, try readValue()))
            skipWhitespace()
            if skip("}") { break }
            guard skip(",") else { throw failure("expected \",\" or \"}\"") }
            skipWhitespace()
        }
        guard let object = JSONObject(members) else { throw failure("has a member name twice") }
        return .object(object)
    }

    private mutating func readArray() throws(JSONFailure) -> JSONValue {
        var elements: [JSONValue] = []
        if skip("]") { return .array([]) }
        while true {
            elements.append(try readValue())
            skipWhitespace()
            if skip("]") { return .array(elements) }
            guard skip(",") else { throw failure("expected \",\" or \"]\"") }
            skipWhitespace()
        }
    }

    private mutating func readWord(_ word: StaticString, _ value: JSONValue) throws(JSONFailure) -> JSONValue {
        let end = position + word.utf8CodeUnitCount
        guard end <= bytes.count else { throw failure("expected a value") }
        for offset in 0..<word.utf8CodeUnitCount where bytes[position + offset] != word.utf8Start[offset] {
            throw failure("expected a value")
        }
        position = end
        return value
    }
}

/// Where and why a text is not the JSON that was expected; holds nothing of the text itself.
package struct JSONFailure: Error, Hashable, Sendable {
    package let reason: String
    package let offset: Int

    init(_ reason: String, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }
}

/// Takes a message of the protobuf wire format apart, field by field. Groups are skipped: their fields are unknown.
struct WireReader {
    enum Value {
        case varint(UInt64)
        case fixed64(UInt64)
        case bytes(ArraySlice<UInt8>)
        case fixed32(UInt32)
    }

    private static let maximumGroupDepth = 100

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
    }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func next() throws(WireFailure) -> (number: Int, value: Value)? {
        var groups: [Int] = []
        while !rest.isEmpty {
            let key = try readVarint()
            let number = Int(key >> 3 & 0x1FFF_FFFF)
            guard key >> 32 == 0, number > 0 else { throw WireFailure("has a field number that is out of range") }
            switch key & 7 {
            case 3:
                guard groups.count < Self.maximumGroupDepth else { throw WireFailure("has groups nested too deep") }
                groups.append(number)
            case 4:
                guard groups.popLast() == number else { throw WireFailure("ends a group that it did not begin") }
            case let type:
                let value = try readValue(type)
                if groups.isEmpty { return (number, value) }
            }
        }
        guard groups.isEmpty else { throw WireFailure("ends within a group") }
        return nil
    }

    private mutating func readValue(_ type: UInt64) throws(WireFailure) -> Value {
        switch type {
        case 0: return .varint(try readVarint())
        case 1: return .fixed64(try readFixed64())
        case 2:
            let count = try readVarint()
            guard count <= UInt64(rest.count) else { throw WireFailure("ends within a field") }
            defer { rest = rest.dropFirst(Int(count)) }
            return .bytes(rest.prefix(Int(count)))
        case 5: return .fixed32(try readFixed32())
        default: throw WireFailure("has a field of an unknown wire type")
        }
    }

    mutating func readVarint() throws(WireFailure) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while let byte = rest.popFirst() {
            // The tenth byte holds the 64th bit; more is refused, as other libraries do.
            guard shift < 63 || byte <= 1 else { throw WireFailure("has a varint longer than 64 bits") }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw WireFailure("ends within a number")
    }

    mutating func readFixed32() throws(WireFailure) -> UInt32 {
        UInt32(try readLittleEndian(4))
    }

    mutating func readFixed64() throws(WireFailure) -> UInt64 {
        try readLittleEndian(8)
    }

    private mutating func readLittleEndian(_ count: Int) throws(WireFailure) -> UInt64 {
        guard rest.count >= count else { throw WireFailure("ends within a number") }
        var value: UInt64 = 0
        for byte in rest.prefix(count).reversed() { value = value << 8 | UInt64(byte) }
        rest = rest.dropFirst(count)
        return value
    }
}

/// Why bytes are no message of the wire format.
struct WireFailure: Error, Hashable {
    let reason: String

    init(_ reason: String) {
        self.reason = reason
    }
}

/// Puts a message of the protobuf wire format together.
struct WireWriter {
    enum WireType: UInt64 {
        case varint = 0
        case fixed64 = 1
        case bytes = 2
        case fixed32 = 5
    }

    private(set) var bytes: [UInt8] = []

    mutating func appendTag(_ number: Int, _ type: WireType) {
        appendVarint(UInt64(number) << 3 | type.rawValue)
    }

    mutating func appendVarint(_ value: UInt64) {
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: value))
    }

    mutating func appendFixed32(_ value: UInt32) {
        for shift in stride(from: UInt32(0), to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    mutating func appendFixed64(_ value: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    mutating func appendPrefixed(_ content: some Collection<UInt8>) {
        appendVarint(UInt64(content.count))
        bytes.append(contentsOf: content)
    }

    /// A length-delimited field whose content `body` writes. Most contents are shorter than 128 bytes: one byte is
    /// left for the length, and only longer contents are moved.
    mutating func appendNested(
        _ number: Int, _ body: (inout WireWriter) throws(TranscodingFailure) -> Void
    ) throws(TranscodingFailure) {
        appendTag(number, .bytes)
        let start = bytes.count
        bytes.append(0)
        try body(&self)
        let count = bytes.count - start - 1
        if count < 0x80 {
            bytes[start] = UInt8(count)
        } else {
            var length = WireWriter()
            length.appendVarint(UInt64(count))
            bytes.replaceSubrange(start...start, with: length.bytes)
        }
    }

    /// Takes back all that was written after the first `count` bytes.
    mutating func truncate(to count: Int) {
        bytes.removeLast(bytes.count - count)
    }
}

/// Percent-encoding (RFC 3986 §2.1) of bytes that come from outside, and its undoing.
package enum PercentText {
    package static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: true
        default: false
        }
    }

    /// `pchar` without what has to be escaped to be data: what stands for itself in one segment of a path.
    package static func isSegmentByte(_ byte: UInt8) -> Bool {
        if isUnreserved(byte) { return true }
        switch byte {
        case 0x21, 0x24, 0x26...0x2C, 0x3A, 0x3B, 0x3D, 0x40: return true
        default: return false
        }
    }

    /// Appends the bytes; those that `keeping` does not let stand are escaped, with upper-case digits.
    package static func append(
        _ bytes: UnsafeBufferPointer<UInt8>, to output: inout [UInt8], keeping: (UInt8) -> Bool
    ) {
        for byte in bytes {
            if keeping(byte) {
                output.append(byte)
            } else {
                output.append(UInt8(ascii: "%"))
                output.append(upperDigit(byte >> 4))
                output.append(upperDigit(byte & 15))
            }
        }
    }

    /// Whether a path has a segment that would be resolved, so that it would be for another path than was meant (RFC 3986
    /// §5.2.4).
    package static func hasDotSegment(_ path: some Collection<UInt8>) -> Bool {
        path.split(separator: UInt8(ascii: "/")).contains { segment in
            segment.elementsEqual(".".utf8) || segment.elementsEqual("..".utf8)
        }
    }

    /// Appends what the bytes stand for. A `%` that begins no escape stands for itself.
    /// - Parameter plusIsSpace: as in queries, which forms write (application/x-www-form-urlencoded).
    package static func appendDecoded(
        _ bytes: UnsafeBufferPointer<UInt8>, to output: inout [UInt8], plusIsSpace: Bool = false
    ) {
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "%"), index + 2 < bytes.count, let high = digit(bytes[index + 1]),
                let low = digit(bytes[index + 2])
            {
                output.append(high << 4 | low)
                index += 3
            } else {
                output.append(plusIsSpace && byte == UInt8(ascii: "+") ? 0x20 : byte)
                index += 1
            }
        }
    }

    private static func upperDigit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? nibble &+ 0x30 : nibble &+ 0x37 }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte &- 0x30
        case 0x41...0x46: byte &- 0x37
        case 0x61...0x66: byte &- 0x57
        default: nil
        }
    }
}

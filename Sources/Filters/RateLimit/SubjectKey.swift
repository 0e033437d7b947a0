import HTTPWire

/// Subjects as parts of Redis keys. They come from clients, so only harmless bytes go in as they are: others are
/// percent-encoded (no brace can leave the hash tag, no blank or control byte spoils a terminal), and long ones are cut
/// and told apart by a hash.
enum SubjectKey {
    /// Longest subject that is kept whole, in bytes after encoding.
    static let longest = 128

    static func append(_ subject: Bytes, to key: ByteBuilder) {
        let start = key.count
        for byte in subject {
            // One more than fits is enough to know that it does not.
            if key.count - start > longest { break }
            if isHarmless(byte) { key.append(byte) } else { appendEscaped(byte, to: key) }
        }
        guard key.count - start > longest else { return }
        key.truncate(to: start + 64)
        key.append(0x7E)
        key.append(hex: hash(subject, seed: 0xCBF2_9CE4_8422_2325))
        key.append(hex: hash(subject, seed: 0x9E37_79B9_7F4A_7C15))
    }

    private static func isHarmless(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D...0x2F, 0x3A, 0x40, 0x5F: true
        default: false
        }
    }

    private static func appendEscaped(_ byte: UInt8, to key: ByteBuilder) {
        func digit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? nibble + 0x30 : nibble + 0x37 }
        key.append(0x25)
        key.append(digit(byte >> 4))
        key.append(digit(byte & 15))
    }

    /// FNV-1a over eight bits at a time, finished by a mixer: the same on every node and in every build.
    private static func hash(_ bytes: Bytes, seed: UInt64) -> UInt64 {
        var value = seed
        for byte in bytes { value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        value = (value ^ value >> 33) &* 0xFF51_AFD7_ED55_8CCD
        return value ^ value >> 33
    }
}

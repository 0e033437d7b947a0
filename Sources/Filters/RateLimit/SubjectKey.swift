import Credentials
import HTTPWire

/// The part of a bucket's key that names its policy and subject: `<policy>:<subject>`.
///
/// Subjects come from clients, so only harmless bytes go in as they are: others are percent-encoded (no brace can leave
/// the hash tag, no blank or control byte spoils a terminal), and long ones are cut and told apart by a digest. That is a
/// SHA-256, because a client that could find a second subject with the same key could spend another one's tokens.
final class SubjectKey {
    /// Longest subject that is kept whole, in bytes after encoding.
    static let longest = 128
    /// What is kept of a longer one, before `~` and 32 hexadecimal digits.
    static let kept = 64

    /// Without libcrypto's SHA-256 no credential could be checked either; long subjects would then stay whole.
    private let hasher = try? SHA256Hasher()

    func append(_ subject: Bytes, to key: ByteBuilder) {
        let start = key.count
        for byte in subject {
            // One more than fits is enough to know that it does not.
            if key.count - start > Self.longest, hasher != nil { break }
            if Self.isHarmless(byte) { key.append(byte) } else { Self.appendEscaped(byte, to: key) }
        }
        guard key.count - start > Self.longest, let hasher else { return }
        key.truncate(to: start + Self.kept)
        key.append(0x7E)
        hasher.digest(UnsafeRawBufferPointer(subject)).withUnsafeBytes { digest in
            key.append(hex: UInt64(bigEndian: digest.load(fromByteOffset: 0, as: UInt64.self)))
            key.append(hex: UInt64(bigEndian: digest.load(fromByteOffset: 8, as: UInt64.self)))
        }
    }

    /// A policy's name, escaped likewise; its colons too, so that the first colon of a key ends the name.
    static func escaped(policy name: String) -> [UInt8] {
        let builder = ByteBuilder(capacity: 64)
        for byte in name.utf8 {
            if isHarmless(byte), byte != 0x3A { builder.append(byte) } else { appendEscaped(byte, to: builder) }
        }
        return Array(builder.bytes)
    }

    /// Letters, digits and `-` `.` `/` `:` `@` `_`.
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
}

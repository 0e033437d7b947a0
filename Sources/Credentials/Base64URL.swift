/// Base64url as RFC 7515 section 2 wants it: the URL-safe alphabet, no padding, no line breaks, nothing else.
///
/// The decoder accepts exactly one text for each byte string: padding, white space, the characters `+` and `/`, and
/// trailing bits that are not zero are refused, so that a token can't be rewritten into a second valid spelling.
package enum Base64URL {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    private static let foreign: UInt8 = 0xFF
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: foreign, count: 256)
        for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
        return values
    }()

    /// The bytes that `text` spells, or nil where it is not the one canonical spelling of any.
    package static func decode(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
        let (groups, tail) = text.count.quotientAndRemainder(dividingBy: 4)
        guard tail != 1 else { return nil }
        let count = groups * 3 + (tail == 0 ? 0 : tail - 1)
        var isCanonical = true
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { output, initialized in
            initialized = decode(text, into: output, isCanonical: &isCanonical)
        }
        return isCanonical ? bytes : nil
    }

    private static func decode(
        _ text: UnsafeRawBufferPointer, into output: UnsafeMutableBufferPointer<UInt8>, isCanonical: inout Bool
    ) -> Int {
        var bits: UInt32 = 0
        var bitCount = 0
        var written = 0
        for character in text {
            let value = values[Int(character)]
            guard value != foreign else {
                isCanonical = false
                return written
            }
            bits = bits << 6 | UInt32(value)
            bitCount += 6
            if bitCount >= 8 {
                bitCount -= 8
                output[written] = UInt8(truncatingIfNeeded: bits >> UInt32(bitCount))
                written += 1
            }
        }
        isCanonical = bits & ((1 << UInt32(bitCount)) - 1) == 0
        return written
    }

    package static func encode(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count * 4 + 2) / 3)
        var bits: UInt32 = 0
        var bitCount = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            bitCount += 8
            while bitCount >= 6 {
                bitCount -= 6
                text.append(alphabet[Int(bits >> UInt32(bitCount)) & 63])
            }
        }
        if bitCount > 0 { text.append(alphabet[Int(bits << UInt32(6 - bitCount)) & 63]) }
        return text
    }

    package static func encode(_ bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBytes { encode($0) }
    }
}

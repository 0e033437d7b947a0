#if canImport(Glibc)
    import Glibc
#endif

/// A growing run of bytes that is cleared and filled again without giving its memory back.
///
/// Owned by one exchange or one worker; what it holds is small and bounded by what its writers put in.
package final class ByteBuilder {
    package private(set) var count = 0
    private var base: UnsafeMutablePointer<UInt8>
    private var capacity: Int

    package init(capacity: Int = 256) {
        self.capacity = max(capacity, 16)
        base = .allocate(capacity: self.capacity)
    }

    deinit { base.deallocate() }

    /// Valid until the next mutation.
    package var bytes: Bytes { Bytes(start: base, count: count) }
    package var isEmpty: Bool { count == 0 }

    package func removeAll() { count = 0 }

    package func truncate(to length: Int) { count = min(count, length) }

    package func append(_ bytes: Bytes) {
        guard let source = bytes.baseAddress else { return }
        reserve(bytes.count)
        memcpy(base + count, source, bytes.count)
        count &+= bytes.count
    }

    package func append(_ text: StaticString) {
        append(Bytes(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    package func append(_ byte: UInt8) {
        reserve(1)
        base[count] = byte
        count &+= 1
    }

    package func append(_ array: [UInt8]) {
        array.withUnsafeBufferPointer { append($0) }
    }

    /// Literals are static, and cost less.
    @_disfavoredOverload
    package func append(_ text: String) {
        var text = text
        text.withUTF8 { append($0) }
    }

    package func append(decimal value: Int) {
        reserve(20)
        count &+= Decimal.write(value, to: base + count)
    }

    /// Appends `value` as exactly 16 lower-case hexadecimal digits.
    package func append(hex value: UInt64) {
        reserve(16)
        let digits = UnsafeMutableRawPointer(base + count)
        digits.storeBytes(
            of: Hexadecimal.digits(of: UInt32(truncatingIfNeeded: value >> 32)).bigEndian, as: UInt64.self)
        digits.storeBytes(
            of: Hexadecimal.digits(of: UInt32(truncatingIfNeeded: value)).bigEndian, toByteOffset: 8, as: UInt64.self)
        count &+= 16
    }

    @inline(__always)
    private func reserve(_ more: Int) {
        if count &+ more > capacity { grow(more) }
    }

    private func grow(_ more: Int) {
        let grown = max(capacity &* 2, count &+ more)
        let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: grown)
        memcpy(moved, base, count)
        base.deallocate()
        base = moved
        capacity = grown
    }
}

private enum Hexadecimal {
    /// Eight lower-case digits, one a byte, the first in the highest: all of them at once.
    static func digits(of value: UInt32) -> UInt64 {
        // Spread the nibbles: halves, then bytes, then nibbles, each step into twice the room.
        var nibbles = UInt64(value)
        nibbles = (nibbles | nibbles << 16) & 0x0000_FFFF_0000_FFFF
        nibbles = (nibbles | nibbles << 8) & 0x00FF_00FF_00FF_00FF
        nibbles = (nibbles | nibbles << 4) & 0x0F0F_0F0F_0F0F_0F0F
        // 6 more carries those from ten on into the next bit; they are letters, 0x27 further than digits.
        let letters = (nibbles &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        return nibbles &+ 0x3030_3030_3030_3030 &+ letters &* 0x27
    }
}

/// Decimal digits without a String.
package enum Decimal {
    /// Writes `value` and returns the number of bytes, at most 20; `target` has room for them.
    package static func write(_ value: Int, to target: UnsafeMutablePointer<UInt8>) -> Int {
        var magnitude = value.magnitude
        var length = digits(of: magnitude)
        if value < 0 {
            target[0] = 0x2D
            length &+= 1
        }
        var index = length &- 1
        repeat {
            target[index] = UInt8(truncatingIfNeeded: magnitude % 10) &+ 0x30
            magnitude /= 10
            index &-= 1
        } while magnitude > 0
        return length
    }

    private static func digits(of magnitude: UInt) -> Int {
        var rest = magnitude
        var count = 1
        while rest >= 10 {
            rest /= 10
            count &+= 1
        }
        return count
    }

    /// Reads an unsigned number of 1 to 18 digits and nothing else (RFC 9110 §8.6 allows no sign or space).
    package static func parse(_ bytes: Bytes) -> Int? {
        guard !bytes.isEmpty, bytes.count <= 18 else { return nil }
        var value = 0
        for byte in bytes {
            let digit = byte &- 0x30
            guard digit <= 9 else { return nil }
            value = value &* 10 &+ Int(digit)
        }
        return value
    }
}

#if canImport(Glibc)
    import Glibc
#endif

/// Read-only bytes that someone else owns; valid only as long as the owner says.
package typealias Bytes = UnsafeBufferPointer<UInt8>

extension UnsafeBufferPointer where Element == UInt8 {
    /// Equal to `text`, ignoring ASCII case; `text` must be lower case.
    @inline(__always)
    package func equalsIgnoringCase(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount, let base = baseAddress else { return count == text.utf8CodeUnitCount }
        return Self.matches(base, text)
    }

    @inline(__always)
    package func equals(_ text: StaticString) -> Bool {
        count == text.utf8CodeUnitCount && (count == 0 || memcmp(baseAddress!, text.utf8Start, count) == 0)
    }

    package func equalsIgnoringCase(_ other: Bytes) -> Bool {
        guard count == other.count else { return false }
        for index in 0..<count where Self.lowered(self[index]) != Self.lowered(other[index]) { return false }
        return true
    }

    /// Compares letters without case: `text` is lower case and as long as what `base` points to.
    @inline(__always)
    static func matches(_ base: UnsafePointer<UInt8>, _ text: StaticString) -> Bool {
        let expected = text.utf8Start
        for index in 0..<text.utf8CodeUnitCount where lowered(base[index]) != expected[index] { return false }
        return true
    }

    @inline(__always)
    static func lowered(_ byte: UInt8) -> UInt8 {
        byte &- 0x41 < 26 ? byte | 0x20 : byte
    }

    @inline(__always)
    package func slice(_ offset: Int, _ length: Int) -> Bytes {
        Bytes(rebasing: self[offset..<offset &+ length])
    }

    /// Without leading and trailing spaces and tabs (OWS, RFC 9110 §5.6.3).
    package var trimmed: Bytes {
        var first = 0
        var end = count
        while first < end, self[first] == 0x20 || self[first] == 0x09 { first &+= 1 }
        while end > first, self[end &- 1] == 0x20 || self[end &- 1] == 0x09 { end &-= 1 }
        return slice(first, end &- first)
    }

    /// The bytes as text; invalid UTF-8 is repaired. For logs and errors, not for the hot path.
    package var text: String { String(decoding: self, as: UTF8.self) }

    /// Calls `body` for each element of a comma-separated list (RFC 9110 §5.6.1); empty elements are left out.
    package func forEachListElement(_ body: (Bytes) -> Void) {
        var start = 0
        for index in 0...count where index == count || self[index] == 0x2C {
            let element = slice(start, index &- start).trimmed
            if !element.isEmpty { body(element) }
            start = index &+ 1
        }
    }
}

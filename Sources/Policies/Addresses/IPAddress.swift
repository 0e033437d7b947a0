/// An IPv4 or IPv6 address as the 16 bytes of IPv6; IPv4 is kept as `::ffff:a.b.c.d` (RFC 4291, 2.5.5.2).
///
/// A socket that listens on both families reports IPv4 clients in that mapped form, so both spellings are one value
/// here: the same client is trusted, counted and logged alike however it came in.
package struct IPAddress: Hashable, Sendable {
    /// The first eight bytes, in network order.
    package let high: UInt64
    /// The last eight bytes.
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// An IPv4 address from its four bytes, the first in the highest bits.
    package init(v4 bits: UInt32) {
        self.init(high: 0, low: 0xFFFF_0000_0000 | UInt64(bits))
    }

    /// From the 4 or 16 bytes of a socket address; nil for any other number.
    package init?(networkBytes bytes: some Collection<UInt8>) {
        switch bytes.count {
        case 4: self.init(v4: bytes.reduce(0) { $0 << 8 | UInt32($1) })
        case 16:
            self.init(
                high: bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
                low: bytes.suffix(8).reduce(0) { $0 << 8 | UInt64($1) })
        default: return nil
        }
    }

    package var isIPv4: Bool { high == 0 && low >> 32 == 0xFFFF }

    /// The eight groups of IPv6, first to last.
    func group(_ index: Int) -> UInt16 {
        UInt16(truncatingIfNeeded: (index < 4 ? high : low) >> UInt64(48 - 16 * (index & 3)))
    }
}

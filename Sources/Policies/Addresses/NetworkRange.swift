/// A block of addresses such as `10.0.0.0/8` or `fd00::/8`; a lone address is a block of one. For `trusted_proxies`.
package struct NetworkRange: Hashable, Sendable {
    /// Why a text is no block: a sentence for the user, saying what was expected.
    package struct Malformed: Error, Hashable {
        package let reason: String
    }

    package let base: IPAddress
    /// Leading bits of the 128 that are fixed; IPv4's own prefix plus 96.
    package let prefix: Int

    package init(_ text: String) throws(Malformed) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let base = IPAddress(String(parts[0])) else {
            throw Malformed(
                reason: "\"\(parts[0])\" is no IP address; write for example 10.0.0.0/8, 192.0.2.7 or fd00::/8")
        }
        // `::ffff:10.0.0.0/104` counts the bits of IPv6, `10.0.0.0/8` those of IPv4.
        let isDotted = base.isIPv4 && !parts[0].contains(":")
        let bits = isDotted ? 32 : 128
        var length = bits
        if parts.count == 2 {
            guard let number = Self.decimal(parts[1]), number <= bits else {
                throw Malformed(
                    reason: "the prefix length after \"/\" is a number from 0 to \(bits), not \"\(parts[1])\"")
            }
            length = number
        }
        let prefix = length + 128 - bits
        let masked = IPAddress(high: base.high & Self.mask(prefix).high, low: base.low & Self.mask(prefix).low)
        guard masked == base else {
            let meant = isDotted ? IPAddress(v4: UInt32(truncatingIfNeeded: masked.low)) : masked
            throw Malformed(
                reason: "\(text) has bits set after its prefix of \(length); write \(meant)/\(length), or \(base) alone"
            )
        }
        self.base = base
        self.prefix = prefix
    }

    /// An IPv4 address is in IPv4 blocks only: `::/0` means all of IPv6.
    package func contains(_ address: IPAddress) -> Bool {
        guard address.isIPv4 == isIPv4 else { return false }
        let mask = Self.mask(prefix)
        return address.high & mask.high == base.high && address.low & mask.low == base.low
    }

    package var isIPv4: Bool { prefix >= 96 && base.isIPv4 }

    private static func mask(_ prefix: Int) -> (high: UInt64, low: UInt64) {
        (leadingOnes(min(prefix, 64)), leadingOnes(max(prefix - 64, 0)))
    }

    /// Shifting by 64 gives 0 in Swift, as it should here.
    private static func leadingOnes(_ count: Int) -> UInt64 { ~(UInt64.max >> UInt64(count)) }

    private static func decimal(_ text: Substring) -> Int? {
        guard (1...3).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        guard text == "0" || !text.hasPrefix("0") else { return nil }
        return Int(text)
    }
}

extension NetworkRange: CustomStringConvertible {
    package var description: String { isIPv4 ? "\(base)/\(prefix - 96)" : "\(base)/\(prefix)" }
}

/// The random numbers of balancing: SplitMix64, a few instructions each, one per event loop.
package struct BalanceGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return StableHash.mix(state)
    }

    /// A number from 0 up to, not including, `bound`, which is at least 1.
    mutating func below(_ bound: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(max(1, bound))).high) }
}

/// A hash that is the same on every node and in every run, unlike the standard library's, which is seeded per process.
package enum StableHash {
    /// FNV-1a, finished by a mixer so that all bits depend on all bytes.
    package static func of(_ bytes: some Sequence<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return mix(hash)
    }

    /// The finaliser of SplitMix64: a bijection whose every output bit depends on every input bit.
    package static func mix(_ value: UInt64) -> UInt64 {
        var value = value
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}

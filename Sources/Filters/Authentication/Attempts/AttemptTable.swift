import Policies

/// The levels of addresses: set-associative, of a fixed size, and empty until somebody fails.
struct AttemptTable: Sendable {
    private struct Place: Sendable {
        var address: IPAddress
        var level: AttemptLevel
    }

    static let ways = 8
    private let setCount: Int
    private var places: [Place?] = []
    /// Clients choose their addresses, so places must not be foreseeable.
    private let seed = UInt64.random(in: .min ... .max)

    /// - Parameter capacity: rounded up to a power of two.
    init(capacity: Int = 16_384) {
        var sets = 1
        while sets * Self.ways < capacity { sets *= 2 }
        setCount = sets
    }

    func level(_ address: IPAddress) -> AttemptLevel? {
        guard !places.isEmpty else { return nil }
        return set(of: address).lazy.compactMap { places[$0] }.first { $0.address == address }?.level
    }

    mutating func set(_ address: IPAddress, _ level: AttemptLevel, now: Int) {
        if places.isEmpty { places = Array(repeating: nil, count: setCount * Self.ways) }
        places[place(for: address, now: now)] = Place(address: address, level: level)
    }

    /// Its own, a free one, or that of the address whose failures are over first.
    private func place(for address: IPAddress, now: Int) -> Int {
        let set = set(of: address)
        if let own = set.first(where: { places[$0]?.address == address }) { return own }
        if let free = set.first(where: { places[$0]?.level.isOver(now: now) ?? true }) { return free }
        return set.min { places[$0].map(\.level) ?? AttemptLevel() < places[$1].map(\.level) ?? AttemptLevel() }
            ?? set.lowerBound
    }

    private func set(of address: IPAddress) -> Range<Int> {
        var mixed = (address.high ^ seed) &* 0x9E37_79B9_7F4A_7C15 ^ address.low
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        let first = Int(truncatingIfNeeded: (mixed ^ mixed >> 31) & UInt64(setCount - 1)) * Self.ways
        return first..<(first + Self.ways)
    }
}

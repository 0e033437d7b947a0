/// Remembers values by SHA-256, as many as it has places for; it never grows, and finding one allocates nothing.
///
/// A set-associative table: a digest picks a set of eight places, of which a new value takes a free one, or the next that was
/// not used since the hand last passed (the "clock" approximation of least recently used). It is confined to one worker.
/// Its memory is only taken when the first value comes.
package struct DigestTable<Value> {
    private struct Place {
        var digest: Digest
        var value: Value?
        var wasUsed = false
    }

    private static var ways: Int { 8 }

    private let setMask: UInt64
    private var places: [Place] = []
    private var hands: [UInt8] = []
    package private(set) var count = 0

    /// - Parameter capacity: rounded up to a power of two, 8 or more.
    package init(capacity: Int) {
        var sets = 1
        while sets * Self.ways < min(capacity, 1 << 24) { sets *= 2 }
        setMask = UInt64(sets - 1)
    }

    package var capacity: Int { (Int(setMask) + 1) * Self.ways }

    /// The value of a digest, which counts as used.
    package mutating func find(_ digest: Digest) -> Value? {
        guard let index = index(of: digest) else { return nil }
        places[index].wasUsed = true
        return places[index].value
    }

    package mutating func insert(_ value: Value, for digest: Digest) {
        if places.isEmpty {
            places = Array(repeating: Place(digest: Digest { _ in }), count: capacity)
            hands = Array(repeating: 0, count: Int(setMask) + 1)
        }
        let index = index(of: digest) ?? freePlace(inSet: set(of: digest))
        if places[index].value == nil { count += 1 }
        places[index] = Place(digest: digest, value: value)
    }

    package mutating func remove(_ digest: Digest) {
        guard let index = index(of: digest) else { return }
        places[index].value = nil
        count -= 1
    }

    package mutating func removeAll(where isMeant: (Value) -> Bool) {
        for index in places.indices {
            guard let value = places[index].value, isMeant(value) else { continue }
            places[index].value = nil
            count -= 1
        }
    }

    private func set(of digest: Digest) -> Int { Int(truncatingIfNeeded: digest.prefix & setMask) }

    /// Digests are compared whole and in constant time.
    private func index(of digest: Digest) -> Int? {
        guard count > 0 else { return nil }
        let first = set(of: digest) * Self.ways
        for index in first..<(first + Self.ways) where places[index].value != nil {
            let isSame = places[index].digest.withUnsafeBytes { known in
                digest.withUnsafeBytes { constantTimeEquals(known, $0) }
            }
            if isSame { return index }
        }
        return nil
    }

    private mutating func freePlace(inSet set: Int) -> Int {
        let first = set * Self.ways
        if let free = (first..<(first + Self.ways)).first(where: { places[$0].value == nil }) { return free }
        while true {
            let index = first + Int(hands[set])
            hands[set] = (hands[set] + 1) % UInt8(Self.ways)
            if !places[index].wasUsed { return index }
            places[index].wasUsed = false
        }
    }
}

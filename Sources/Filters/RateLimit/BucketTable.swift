import HTTPWire
import Policies

/// A bounded table from keys to their buckets.
///
/// Its entries lie in an array without holes, over which a hand goes round: at each new key it passes a few entries and
/// drops those that are full again, so a table that grows also shrinks, without ever stopping for a sweep. When there
/// is no room, it drops the one of the next entries that is full the soonest, which forgets the least.
struct BucketTable {
    private struct Entry {
        let key: Key
        var buckets: StoredBuckets
    }

    private var places: [Key: Int] = [:]
    private var entries: [Entry] = []
    private var hand = 0
    private let capacity: Int

    /// Entries that are looked at for each new key.
    private static let passedAtEachNewKey = 2
    /// Entries among which one is chosen to make room.
    private static let candidates = 16

    init(capacity: Int) {
        self.capacity = capacity
    }

    var count: Int { entries.count }

    func find(_ key: Bytes) -> StoredBuckets? {
        places[Key(borrowing: key)].map { entries[$0].buckets }
    }

    mutating func update(_ key: Bytes, _ policy: LimitPolicy, _ members: ArraySlice<BucketSet.Member>, now: Int) -> Bool
    {
        guard let place = places[Key(borrowing: key)], entries[place].buckets.policy === policy else { return false }
        entries[place].buckets.update(members, now: now)
        return true
    }

    mutating func store(_ buckets: StoredBuckets, for key: Bytes, now: Int) {
        if let place = places[Key(borrowing: key)] {
            entries[place].buckets = buckets
            return
        }
        for _ in 0..<Self.passedAtEachNewKey { dropIfFull(now) }
        if entries.count >= capacity { remove(soonestFull()) }
        let key = Key(copying: key)
        places[key] = entries.count
        entries.append(Entry(key: key, buckets: buckets))
    }

    mutating func free(_ place: Int, of key: Bytes) {
        guard let index = places[Key(borrowing: key)] else { return }
        entries[index].buckets.places.remove(place)
    }

    /// Moves the hand by one entry, unless that is dropped, and another one takes its place.
    private mutating func dropIfFull(_ now: Int) {
        guard !entries.isEmpty else { return }
        if hand >= entries.count { hand = 0 }
        if entries[hand].buckets.isForgettable(now) { remove(hand) } else { hand += 1 }
    }

    private mutating func soonestFull() -> Int {
        var best = hand % entries.count
        for step in 0..<min(Self.candidates, entries.count) {
            let place = (hand + step) % entries.count
            if entries[place].buckets.fullAt < entries[best].buckets.fullAt { best = place }
        }
        hand = (hand + Self.candidates) % entries.count
        return best
    }

    private mutating func remove(_ place: Int) {
        places[entries[place].key] = nil
        entries.swapAt(place, entries.count - 1)
        entries.removeLast()
        if place < entries.count { places[entries[place].key] = place }
    }

    /// A key that owns its bytes, as those in the table do, or borrows them for a look-up, which then allocates nothing.
    private struct Key: Hashable {
        private let owned: [UInt8]
        private let borrowed: Bytes?

        init(copying bytes: Bytes) {
            owned = Array(bytes)
            borrowed = nil
        }

        init(borrowing bytes: Bytes) {
            owned = []
            borrowed = bytes
        }

        private func withBytes<Result>(_ body: (Bytes) -> Result) -> Result {
            if let borrowed { return body(borrowed) }
            return owned.withUnsafeBufferPointer(body)
        }

        static func == (left: Key, right: Key) -> Bool {
            left.withBytes { left in right.withBytes { left.elementsEqual($0) } }
        }

        func hash(into hasher: inout Hasher) {
            withBytes { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        }
    }
}

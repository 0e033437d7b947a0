import GatewayCore
import HTTPWire
import Policies
import Synchronization

/// The responses that a node keeps in memory, shared by its workers and bounded in bytes; without Redis they are all that is
/// stored.
///
/// Which keys stay is decided by W-TinyLFU (`NearShard`), so that a scan through rare keys pushes no popular one out. It is
/// split into shards with a lock each; a hit holds one for well below a microsecond.
package final class NearCache: Sendable {
    private let shards: [Shard]
    /// Counted up by each purge of a tag or of everything; see `mayKeep`.
    private let purges = Mutex(RecentPurges())

    private final class Shard: Sendable {
        let guarded: Mutex<NearShard>
        init(capacity: Int) { guarded = Mutex(NearShard(capacity: capacity)) }
    }

    /// - Parameter capacity: bytes.
    package init(capacity: Int) {
        // A few, but each large enough for the largest objects that a route may keep.
        let count = capacity >= 64 << 20 ? 8 : capacity >= 8 << 20 ? 2 : 1
        shards = (0..<count).map { _ in Shard(capacity: capacity / count) }
    }

    /// What is kept under a key, if anything is.
    package func look(_ key: Bytes) -> NearEntry? {
        let hash = Self.hash(key)
        return shard(hash).guarded.withLock { $0.look(key, hash) }
    }

    /// Whether anything is kept under a key; does not count as use.
    package func holds(_ key: [UInt8]) -> Bool {
        key.withUnsafeBufferPointer { key in
            let hash = Self.hash(key)
            return shard(hash).guarded.withLock { $0.peek(key, hash)?.slots.isEmpty == false }
        }
    }

    /// Keeps a response besides the other variants of its key, or instead of them if it has other `Vary` names.
    /// - Returns: its place; nil if it did not deserve one.
    @discardableResult
    package func keep(_ response: CachedResponse, under key: [UInt8], confirmedAt: Int, isSoft: Bool = false)
        -> NearSlot
    {
        let slot = NearSlot(response, confirmedAt: confirmedAt, isSoft: isSoft)
        change(key) { entry in
            guard let entry, entry.vary == response.vary else {
                return NearEntry(key: key, vary: response.vary, slots: [slot], passUntil: 0)
            }
            var slots = entry.slots.filter { $0.response.variant != response.variant }
            if slots.count >= NearEntry.maximumVariants { slots.removeFirst() }
            slots.append(slot)
            return NearEntry(key: key, vary: entry.vary, slots: slots, passUntil: 0)
        }
        return slot
    }

    /// Notes that responses under this key can't be stored, until then (a time of the monotonic clock).
    package func pass(_ key: [UInt8], until: Int) {
        change(key) { entry in
            NearEntry(key: key, vary: entry?.vary ?? VaryNames(), slots: entry?.slots ?? [], passUntil: until)
        }
    }

    package func remove(_ key: [UInt8]) { change(key) { _ in nil } }

    /// Every variant of the key counts as stale from now on.
    package func soften(_ key: [UInt8]) {
        let hash = key.withUnsafeBufferPointer(Self.hash)
        shard(hash).guarded.withLock { shard in
            key.withUnsafeBufferPointer { shard.peek($0, hash) }?.slots.forEach { $0.soften() }
        }
    }

    /// Removes, or makes stale, all that carries the tag.
    package func purge(tag: String, isSoft: Bool) {
        purges.withLock { $0.note(tag, isSoft: isSoft) }
        for shard in shards {
            shard.guarded.withLock { shard in
                shard.removeSlots { slot in
                    guard slot.response.tags.contains(where: { $0.name == tag }) else { return false }
                    if isSoft { slot.soften() }
                    return !isSoft
                }
            }
        }
    }

    /// Removes, or makes stale, what is kept under the keys that are meant.
    /// - Parameter sparesFetches: what is being fetched may be kept: whoever asks for this sees to it.
    package func purge(isSoft: Bool, sparesFetches: Bool = false, keys isMeant: (Bytes) -> Bool) {
        if !sparesFetches { purges.withLock { $0.noteAll() } }
        for shard in shards { shard.guarded.withLock { $0.purge(isSoft: isSoft, keys: isMeant) } }
    }

    package func removeAll() {
        purges.withLock { $0.noteAll() }
        for shard in shards { shard.guarded.withLock { $0.removeAll() } }
    }

    /// All entries have to be confirmed before they serve again, since messages about them may have been lost.
    package func distrust() {
        for shard in shards { shard.guarded.withLock { $0.forEachSlot { $0.confirm(at: .min / 2) } } }
    }

    /// The same for what is kept under one key, unless it is of this version.
    package func distrust(_ key: [UInt8], except version: String) {
        let hash = key.withUnsafeBufferPointer(Self.hash)
        shard(hash).guarded.withLock { shard in
            key.withUnsafeBufferPointer { shard.peek($0, hash) }?.slots.forEach { slot in
                if slot.response.version != version { slot.confirm(at: .min / 2) }
            }
        }
    }

    /// Counts purges; a fetch that began at one number may store its response only if no purge since concerns it.
    package var purgeCount: Int { purges.withLock { $0.count } }

    package func mayKeep(tags: [CacheTag], since count: Int) -> Bool {
        purges.withLock { !$0.concerns(tags, since: count) }
    }

    package var counters: NearCounters {
        shards.reduce(into: NearCounters()) { sum, shard in sum.add(shard.guarded.withLock { $0.counters }) }
    }

    private func change(_ key: [UInt8], _ change: (NearEntry?) -> NearEntry?) {
        let hash = key.withUnsafeBufferPointer(Self.hash)
        shard(hash).guarded.withLock { $0.replace(key, hash, change) }
    }

    private func shard(_ hash: UInt64) -> Shard { shards[Int(truncatingIfNeeded: hash >> 48) & (shards.count - 1)] }

    /// Seeded per process, so that nobody can make keys collide.
    private static func hash(_ key: Bytes) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(bytes: UnsafeRawBufferPointer(key))
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }
}

/// All that a node keeps under one primary key. Immutable but for its slots' marks.
package final class NearEntry: Sendable {
    static let maximumVariants = 64

    let key: [UInt8]
    package let vary: VaryNames
    package let slots: [NearSlot]
    /// Responses can't be stored until then: nobody waits for another's (hit-for-miss). Monotonic microseconds.
    package let passUntil: Int

    init(key: [UInt8], vary: VaryNames, slots: [NearSlot], passUntil: Int) {
        self.key = key
        self.vary = vary
        self.slots = slots
        self.passUntil = passUntil
    }

    var cost: Int { slots.reduce(key.count + 256) { $0 + $1.response.cost } }
}

/// A response in memory, and what is known of it since.
package final class NearSlot: Sendable {
    package let response: CachedResponse
    private let confirmed: Atomic<Int>
    private let softened: Atomic<Bool>
    private let held: Atomic<Int>
    private let asking = Atomic<Bool>(false)

    init(_ response: CachedResponse, confirmedAt: Int, isSoft: Bool) {
        self.response = response
        confirmed = Atomic(confirmedAt)
        softened = Atomic(isSoft)
        held = Atomic(.min)
    }

    /// When Redis last said that it still is what is stored there.
    package var confirmedAt: Int { confirmed.load(ordering: .relaxed) }
    package func confirm(at now: Int) { confirmed.store(now, ordering: .relaxed) }

    /// Purged softly: stale, whatever its age.
    package var isSoft: Bool { softened.load(ordering: .relaxed) }
    package func soften() { softened.store(true, ordering: .relaxed) }

    /// The origin failed to refresh it: it is not asked again before this time.
    package var heldUntil: Int { held.load(ordering: .relaxed) }
    package func hold(until time: Int) { held.store(time, ordering: .relaxed) }

    /// True for one caller at a time: who asks in the background. To be given back.
    package func beginAsking() -> Bool { !asking.exchange(true, ordering: .relaxed) }
    package func endAsking() { asking.store(false, ordering: .relaxed) }
}

package struct NearCounters: Hashable, Sendable {
    package var entries = 0
    package var bytes = 0
    package var evictions = 0

    package init() {}

    mutating func add(_ other: NearCounters) {
        entries += other.entries
        bytes += other.bytes
        evictions += other.evictions
    }
}

/// The latest purges of this node, for fetches that were under way.
private struct RecentPurges {
    private static let maximumCount = 256
    private(set) var count = 0
    /// The latest, oldest first; nil stands for everything.
    private var names: [(number: Int, tag: String?)] = []

    mutating func note(_ tag: String, isSoft: Bool) { append(tag) }
    mutating func noteAll() { append(nil) }

    private mutating func append(_ tag: String?) {
        count += 1
        names.append((count, tag))
        if names.count > Self.maximumCount { names.removeFirst() }
    }

    /// Also if it can't be told any more.
    func concerns(_ tags: [CacheTag], since number: Int) -> Bool {
        guard count > number else { return false }
        if let first = names.first, first.number > number + 1 { return true }
        return names.contains { purge in
            purge.number > number && (purge.tag == nil || tags.contains { $0.name == purge.tag })
        }
    }
}

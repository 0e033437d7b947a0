import HTTPWire
import Policies
import Synchronization

/// The buckets of one node: all there is without Redis, and what it falls back on when Redis is away.
///
/// A request's buckets may lie in several shards. These are locked in their order, so no two requests can wait for each
/// other, and are held together while the decision is made: all or nothing, as in the script.
package final class SharedBuckets: Sendable {
    static let shardCount = 32

    private let shards: [Shard]
    private let latestPlace = Atomic(0)

    /// One part of the subjects. Its table is only touched while its lock is held.
    private final class Shard: @unchecked Sendable {
        let lock = Mutex(())
        var table: BucketTable

        init(capacity: Int) { table = BucketTable(capacity: capacity) }
    }

    /// - Parameter maximumSubjects: how many keys are kept; beyond, those make room that forget the least.
    package init(maximumSubjects: Int = 262_144) {
        shards = (0..<Self.shardCount).map { _ in Shard(capacity: max(1, maximumSubjects / Self.shardCount)) }
    }

    /// Keys that are kept at the moment.
    package var count: Int {
        shards.reduce(0) { sum, shard in sum + shard.lock.withLock { _ in shard.table.count } }
    }

    /// The bit of the shard that a key is in.
    static func bit(of key: Bytes) -> Int {
        1 << shardIndex(of: key)
    }

    /// Runs `body` while all the shards of `mask` are locked. Only their keys may be touched in it.
    func withLocks(_ mask: Int, _ body: () -> Void) {
        guard mask != 0 else { return body() }
        // Recursion keeps each lock's scope exact; the lowest bit first gives all callers the same order.
        shards[mask.trailingZeroBitCount].lock.withLock { _ in withLocks(mask & (mask - 1), body) }
    }

    /// What is known of a key. Only while its shard is locked.
    func find(_ key: Bytes) -> StoredBuckets? {
        shards[Self.shardIndex(of: key)].table.find(key)
    }

    /// Writes the buckets of a key again; false if there are none, or by another policy. Only while its shard is locked.
    func update(_ key: Bytes, _ policy: LimitPolicy, _ members: ArraySlice<BucketSet.Member>, now: Int) -> Bool {
        shards[Self.shardIndex(of: key)].table.update(key, policy, members, now: now)
    }

    /// Notes what is known of a key from now on. Only while its shard is locked.
    func store(_ buckets: StoredBuckets, for key: Bytes, now: Int) {
        shards[Self.shardIndex(of: key)].table.store(buckets, for: key, now: now)
    }

    /// Names a request that gets places.
    func nextPlace() -> Int { latestPlace.add(1, ordering: .relaxed).newValue }

    /// Frees a place of a key; for itself.
    func free(_ place: Int, of key: Bytes) {
        withLocks(Self.bit(of: key)) { shards[Self.shardIndex(of: key)].table.free(place, of: key) }
    }

    private static func shardIndex(of key: Bytes) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: UnsafeRawBufferPointer(key))
        return hasher.finalize() & (shardCount - 1)
    }
}

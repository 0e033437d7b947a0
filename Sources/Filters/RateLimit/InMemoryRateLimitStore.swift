import GatewayCore
import HTTPWire
import Policies
import Synchronization

/// The buckets of one node: all there is without Redis, and what it falls back on when Redis is away.
///
/// A request's buckets may lie in several shards. They are locked in their order, so no two requests can wait for each
/// other, and are held together while the decision is made: all or nothing, as in the script.
package final class SharedBuckets: Sendable {
    /// Buckets per shard; beyond, the one that would be full the soonest makes room.
    static let maximumPerShard = 65_536
    static let shardCount = 16

    fileprivate struct Key: Hashable, Sendable {
        let policy: String
        let window: String
        let subject: [UInt8]
    }

    fileprivate struct Stored: Sendable {
        var window: RateWindow
        var bucket: TokenBucket
    }

    fileprivate final class Shard: Sendable {
        let buckets = Mutex<[Key: Stored]>([:])
    }

    fileprivate let shards = (0..<shardCount).map { _ in Shard() }

    package init() {}
}

/// A worker's view of the node's buckets. Decides at once.
package final class InMemoryRateLimitStore: RateLimitStore {
    private let shared: SharedBuckets
    private let now: () -> Int
    private var set = BucketSet()
    private var keys: [SharedBuckets.Key] = []

    /// - Parameter now: microseconds of one clock for all workers.
    package init(_ shared: SharedBuckets, now: @escaping () -> Int = MonotonicClock.microseconds) {
        self.shared = shared
        self.now = now
    }

    package func take(_ request: TakeRequest) -> Bool {
        keys.removeAll(keepingCapacity: true)
        var shardMask = 0
        for entry in request.entries {
            let subject = Array(request.subject(of: entry))
            for window in entry.policy.windows {
                let key = SharedBuckets.Key(policy: entry.policy.name, window: window.name, subject: subject)
                keys.append(key)
                shardMask |= 1 << shard(of: key)
            }
        }
        locking(shardMask, from: 0) { decide(request) }
        return true
    }

    private func shard(of key: SharedBuckets.Key) -> Int {
        // The policy and subject decide, not the window: the windows of one policy share a lock.
        Int(StableHash.of(key.subject) % UInt64(SharedBuckets.shardCount))
    }

    /// Takes the locks of `mask` in rising order, then runs `body`. Recursion keeps each lock's scope exact.
    private func locking(_ mask: Int, from first: Int, _ body: () -> Void) {
        guard let next = (first..<SharedBuckets.shardCount).first(where: { mask & (1 << $0) != 0 }) else {
            return body()
        }
        shared.shards[next].buckets.withLock { buckets in
            held[next] = buckets
            buckets = [:]
            locking(mask, from: next + 1, body)
            buckets = held[next]
            held[next] = [:]
        }
    }

    /// The tables whose locks are held, moved here for as long as they are.
    private var held: [[SharedBuckets.Key: SharedBuckets.Stored]] = Array(
        repeating: [:], count: SharedBuckets.shardCount)

    private func decide(_ request: TakeRequest) {
        let now = self.now()
        set.removeAll()
        var index = 0
        for entry in request.entries {
            for window in entry.policy.windows {
                set.append(bucket(keys[index], window, now), of: window, cost: entry.cost)
                index += 1
            }
        }
        let verdict = set.take(now: now)
        for (index, member) in set.members.enumerated() {
            request.append(
                TakeRequest.WindowState(
                    remaining: member.remaining, resetMicroseconds: member.timeToFull, waitMicroseconds: member.wait))
            if verdict.isAdmitted { store(member, keys[index], now) }
        }
        request.conclude(verdict.isAdmitted ? .admitted : .refused)
    }

    private func bucket(_ key: SharedBuckets.Key, _ window: RateWindow, _ now: Int) -> TokenBucket {
        guard let stored = held[shard(of: key)][key] else { return TokenBucket(full: window, now: now) }
        return stored.bucket.rescaled(from: stored.window, to: window)
    }

    private func store(_ member: BucketSet.Member, _ key: SharedBuckets.Key, _ now: Int) {
        let shard = shard(of: key)
        if held[shard].count >= SharedBuckets.maximumPerShard, held[shard][key] == nil { evict(from: shard, now) }
        held[shard][key] = SharedBuckets.Stored(window: member.window, bucket: member.bucket)
    }

    /// Drops what is full again, which forgets nothing; failing that, those that are nearest to it.
    private func evict(from shard: Int, _ now: Int) {
        held[shard] = held[shard].filter { _, stored in
            stored.bucket.updated + stored.bucket.timeToFull(stored.window) > now
        }
        guard held[shard].count >= SharedBuckets.maximumPerShard else { return }
        let soonest = held[shard].sorted {
            $0.value.bucket.timeToFull($0.value.window) < $1.value.bucket.timeToFull($1.value.window)
        }
        for entry in soonest.prefix(SharedBuckets.maximumPerShard / 16) { held[shard][entry.key] = nil }
    }
}

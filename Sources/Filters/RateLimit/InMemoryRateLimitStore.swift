import GatewayCore
import HTTPWire
import Policies

/// A worker's view of the node's buckets. Decides at once, by the steps of `take.lua`.
package final class InMemoryRateLimitStore: LocalRateLimitStore {
    private let shared: SharedBuckets
    private let now: () -> Int
    private var set = BucketSet()
    private let subjectKey = SubjectKey()
    /// The keys of a request, one after the other.
    private let keys = ByteBuilder(capacity: 256)
    private var located: [Located] = []

    /// One entry of the request being decided.
    private struct Located {
        let policy: LimitPolicy
        /// Where its key lies in `keys`.
        let start: Int
        let length: Int
        /// Its first member of the set.
        var first = 0
        var isEdited = false
    }

    /// - Parameter now: microseconds of one clock for all workers.
    package init(_ shared: SharedBuckets, now: @escaping () -> Int = MonotonicClock.microseconds) {
        self.shared = shared
        self.now = now
    }

    package func take(_ request: TakeRequest) -> Bool {
        keys.removeAll()
        located.removeAll(keepingCapacity: true)
        for entry in request.entries {
            let start = keys.count
            keys.append(entry.policy.keyStart)
            subjectKey.append(request.subject(of: entry), to: keys)
            located.append(Located(policy: entry.policy, start: start, length: keys.count - start))
        }
        let mask = located.reduce(0) { $0 | SharedBuckets.bit(of: key($1)) }
        shared.withLocks(mask) { decide(request) }
        return true
    }

    package func lower(_ policy: LimitPolicy, subject: Bytes, to tokens: [Int]) {
        keys.removeAll()
        keys.append(policy.keyStart)
        subjectKey.append(subject, to: keys)
        located.removeAll(keepingCapacity: true)
        located.append(Located(policy: policy, start: 0, length: keys.count))
        shared.withLocks(SharedBuckets.bit(of: keys.bytes)) {
            let now = now()
            set.removeAll()
            load(0, cost: 0, now)
            _ = set.take(now: now)
            set.lower(to: tokens)
            save(0, now)
        }
    }

    private func key(_ entry: Located) -> Bytes { keys.bytes.slice(entry.start, entry.length) }

    private func decide(_ request: TakeRequest) {
        // Read under the locks: of two requests, the later one must not come with the earlier time.
        let now = now()
        set.removeAll()
        for index in located.indices { load(index, cost: request.entries[index].cost, now) }
        let isAdmitted = set.take(now: now).isAdmitted
        for member in set.members {
            request.append(
                TakeRequest.WindowState(
                    remaining: member.remaining, resetMicroseconds: member.timeToFull, waitMicroseconds: member.wait))
        }
        // A refusal writes nothing, except that a policy was edited: see `take.lua`.
        for index in located.indices where isAdmitted || located[index].isEdited { save(index, now) }
        request.conclude(isAdmitted ? .admitted : .refused)
    }

    private func load(_ index: Int, cost: Int, _ now: Int) {
        let policy = located[index].policy
        let stored = shared.find(key(located[index]))
        located[index].first = set.members.count
        for (place, window) in policy.windows.enumerated() {
            guard let stored else {
                set.append(TokenBucket(full: window, now: now), of: window, cost: cost)
                continue
            }
            let (bucket, isEdited) = stored.bucket(place, of: policy, now: now)
            if isEdited { located[index].isEdited = true }
            set.append(bucket, of: window, cost: cost)
        }
    }

    private func save(_ index: Int, _ now: Int) {
        let (policy, first) = (located[index].policy, located[index].first)
        let members = set.members[first..<first + policy.windows.count]
        let key = key(located[index])
        if shared.update(key, policy, members) { return }
        shared.store(StoredBuckets(policy, members, before: shared.find(key)), for: key, now: now)
    }
}

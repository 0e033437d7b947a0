import Policies

/// What the in-memory store knows of one policy and subject: a bucket for each window, as they were last written.
struct StoredBuckets {
    /// Windows that a policy has lost by an edit are kept for its return, as the hash in Redis keeps their fields; but
    /// not more than these in all.
    static let maximumWindows = 16

    /// The policy by which they were written; its windows are those of the first buckets.
    private(set) var policy: LimitPolicy
    private(set) var buckets: [TokenBucket]
    private var lost: [(window: RateWindow, bucket: TokenBucket)] = []
    /// When all buckets of the policy will be full, and nothing is lost by forgetting them.
    private(set) var fullAt: Int

    /// - Parameter members: those of the policy's windows, in their order.
    init(_ policy: LimitPolicy, _ members: ArraySlice<BucketSet.Member>, before: StoredBuckets?) {
        self.policy = policy
        buckets = members.map(\.bucket)
        fullAt = Self.fullAt(members)
        guard let before else { return }
        let periods = policy.windows.map(\.periodMicroseconds)
        let known = Array(zip(before.policy.windows, before.buckets)) + before.lost
        for (window, bucket) in known where !periods.contains(window.periodMicroseconds) {
            if buckets.count + lost.count < Self.maximumWindows { lost.append((window, bucket)) }
        }
    }

    /// Writes the buckets again, by the policy they were written by before.
    mutating func update(_ members: ArraySlice<BucketSet.Member>) {
        for (index, member) in members.enumerated() { buckets[index] = member.bucket }
        fullAt = Self.fullAt(members)
    }

    /// The bucket of a window, as it goes into a decision: by today's policy, and full if there is none.
    ///
    /// A window is known by its period, as its fields in Redis are. `isEdited` if its rate or capacity was another one.
    func bucket(_ index: Int, of policy: LimitPolicy, now: Int) -> (bucket: TokenBucket, isEdited: Bool) {
        if policy === self.policy { return (buckets[index], false) }
        let window = policy.windows[index]
        guard let (old, bucket) = known(window) else { return (TokenBucket(full: window, now: now), false) }
        guard old != window else { return (bucket, false) }
        var rescaled = bucket.rescaled(from: old, to: window)
        rescaled.fraction = 0
        return (rescaled, true)
    }

    private func known(_ window: RateWindow) -> (RateWindow, TokenBucket)? {
        if let index = policy.windows.firstIndex(where: { $0.periodMicroseconds == window.periodMicroseconds }) {
            return (policy.windows[index], buckets[index])
        }
        return lost.first { $0.window.periodMicroseconds == window.periodMicroseconds }
    }

    private static func fullAt(_ members: ArraySlice<BucketSet.Member>) -> Int {
        members.reduce(0) { max($0, $1.bucket.updated + $1.timeToFull) }
    }
}

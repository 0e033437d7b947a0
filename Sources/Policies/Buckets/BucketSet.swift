/// All buckets that one request is charged on, decided together: every window of every policy, or none (STATE.md, 6).
///
/// The steps, which `take.lua` repeats one by one, given `now` and for each window its bucket and the cost:
///
///     1. for each window, in order: rescale the bucket if its policy was edited, then advance(now)
///     2. retryAfter = the largest wait(cost) of all windows
///     3. admitted   = retryAfter is 0
///     4. if admitted, for each window: tokens = tokens − cost
///     5. for each window answer: tokens (what remains) and timeToFull (what `RateLimit` calls reset)
///     6. if admitted, write all buckets, each to expire when it would be full; a refusal writes nothing:
///        advancing later gives the same (see `TokenBucket`), so it costs neither a token nor a write
///
/// Tokens only grow while waiting, so once the longest wait is over every window has enough at once.
///
/// A set is meant to be kept and refilled for each request: after its first uses it allocates nothing.
package struct BucketSet: Sendable {
    /// One window and its bucket, with what it said.
    package struct Member: Hashable, Sendable {
        package let window: RateWindow
        /// What this request costs on this window, in tokens; 0 only looks.
        package let cost: Int
        package fileprivate(set) var bucket: TokenBucket
        /// Microseconds until this window alone has enough; 0: it does.
        package fileprivate(set) var wait = 0

        /// Whole tokens left.
        package var remaining: Int { max(0, bucket.tokens) }
        /// Microseconds until the bucket is full.
        package var timeToFull: Int { bucket.timeToFull(window) }
    }

    package struct Verdict: Hashable, Sendable {
        package let isAdmitted: Bool
        /// Microseconds until the same request would be admitted if nobody else took tokens; 0 when admitted.
        package let retryAfterMicroseconds: Int

        package init(isAdmitted: Bool, retryAfterMicroseconds: Int) {
            self.isAdmitted = isAdmitted
            self.retryAfterMicroseconds = retryAfterMicroseconds
        }
    }

    package private(set) var members: [Member] = []

    package init() {}

    package mutating func removeAll() { members.removeAll(keepingCapacity: true) }

    package mutating func append(_ bucket: TokenBucket, of window: RateWindow, cost: Int = 1) {
        members.append(Member(window: window, cost: max(0, cost), bucket: bucket))
    }

    /// Takes away what members have above these tokens.
    package mutating func lower(to tokens: [Int]) {
        for (index, most) in zip(members.indices, tokens) where members[index].bucket.tokens > most {
            members[index].bucket.tokens = most
            members[index].bucket.fraction = 0
        }
    }

    /// Charges all members or none. Afterwards their buckets stand at `now`.
    package mutating func take(now: Int) -> Verdict {
        var longest = 0
        for index in members.indices {
            members[index].bucket.advance(to: now, members[index].window)
            members[index].wait = members[index].bucket.wait(for: members[index].cost, members[index].window)
            longest = max(longest, members[index].wait)
        }
        guard longest == 0 else { return Verdict(isAdmitted: false, retryAfterMicroseconds: longest) }
        for index in members.indices { members[index].bucket.tokens -= members[index].cost }
        return Verdict(isAdmitted: true, retryAfterMicroseconds: 0)
    }
}

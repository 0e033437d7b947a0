/// All buckets that one request is charged on, decided together: every window of every policy, or none (STATE.md, 6).
///
/// The steps, which `take.lua` repeats one by one, given `now` and for each window its level and the cost:
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
    /// One window and its level, with what it said.
    package struct Member: Hashable, Sendable {
        package let window: RateWindow
        /// What this request costs on this window, in tokens; 0 only looks.
        package let cost: Int
        /// The calendar's period around now, for calendar windows.
        let period: Range<Int>
        /// Counts and reports, but never refuses.
        let isShadow: Bool
        package fileprivate(set) var level: WindowLevel
        /// Microseconds until this window alone has enough; 0: it does.
        package fileprivate(set) var wait = 0

        /// Whole tokens left.
        package var remaining: Int { max(0, level.tokens(window)) }
        /// Microseconds until the window is full.
        package var timeToFull: Int { level.wait(for: window.capacity, window) }
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

    package mutating func append(
        _ level: WindowLevel, of window: RateWindow, cost: Int = 1, period: Range<Int> = 0..<1, isShadow: Bool = false
    ) {
        members.append(
            Member(window: window, cost: max(0, cost), period: period, isShadow: isShadow, level: level))
    }

    package mutating func append(_ bucket: TokenBucket, of window: RateWindow, cost: Int = 1) {
        append(.bucket(bucket), of: window, cost: cost)
    }

    /// Takes away what members have above these tokens.
    package mutating func lower(to tokens: [Int]) {
        for (index, most) in zip(members.indices, tokens) {
            members[index].level.lower(to: most, members[index].window)
        }
    }

    /// Charges all members or none. Afterwards their levels stand at `now`.
    package mutating func take(now: Int) -> Verdict {
        let verdict = look(now: now)
        if verdict.isAdmitted { for index in members.indices { charge(index) } }
        return verdict
    }

    /// Brings all members to `now`, and says whether they would admit; what is only watched has no say.
    package mutating func look(now: Int) -> Verdict {
        var longest = 0
        for index in members.indices {
            let window = members[index].window
            members[index].level.advance(to: now, window, period: members[index].period)
            members[index].wait = members[index].level.wait(for: members[index].cost, window)
            if !members[index].isShadow { longest = max(longest, members[index].wait) }
        }
        return Verdict(isAdmitted: longest == 0, retryAfterMicroseconds: longest)
    }

    /// Takes a member's cost.
    package mutating func charge(_ index: Int) {
        members[index].level.take(members[index].cost, members[index].window)
    }

    /// Takes an amount of a member, however little is left, down to a debt of its capacity; a negative one gives back.
    package mutating func charge(_ index: Int, _ amount: Int) {
        let window = members[index].window
        let tokens = members[index].level.tokens(window)
        let bounded = amount > 0 ? min(amount, tokens + window.capacity) : -min(-amount, window.capacity - tokens)
        members[index].level.take(bounded, window)
    }
}

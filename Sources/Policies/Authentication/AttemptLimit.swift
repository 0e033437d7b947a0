/// How often an address may fail to authenticate: so many times at once, and then as often as the rate says.
package struct AttemptLimit: Hashable, Sendable {
    package let count: Int
    package let periodMicroseconds: Int

    /// - Parameters:
    ///   - count: at least 1.
    ///   - periodMicroseconds: at least 1.
    package init(count: Int, periodMicroseconds: Int) {
        self.count = max(1, count)
        self.periodMicroseconds = max(1, periodMicroseconds)
    }

    /// What one failure takes back.
    fileprivate var step: Int { max(1, periodMicroseconds / count) }
}

/// What an address has failed lately: a token bucket as a single number, the time when it is full again (the generic cell
/// rate algorithm of ITU-T I.371). Times in microseconds.
package struct AttemptLevel: Hashable, Sendable {
    private var fullAt = Int.min / 2

    package init() {}

    package mutating func fail(now: Int, _ limit: AttemptLimit) {
        // Never more than the whole bucket: who goes on failing is not kept out for longer and longer.
        fullAt = min(max(fullAt, now) + limit.step, now + limit.step * limit.count)
    }

    /// Until the next attempt is looked at; 0: now.
    package func wait(now: Int, _ limit: AttemptLimit) -> Int {
        max(0, fullAt - now - limit.step * (limit.count - 1))
    }

    /// Nothing is left of it.
    package func isOver(now: Int) -> Bool { fullAt <= now }
}

extension AttemptLevel: Comparable {
    /// Whose failures are over first.
    package static func < (left: AttemptLevel, right: AttemptLevel) -> Bool { left.fullAt < right.fullAt }
}

/// One subject's level in one window of a policy, of whichever kind.
package enum WindowLevel: Hashable, Sendable {
    case bucket(TokenBucket)
    case sliding(SlidingSlices)
    /// What was taken in the calendar's period, which ends at a time.
    case calendar(used: Int, period: Range<Int>, now: Int)

    /// A subject that has not been seen.
    ///
    /// - Parameter period: the calendar's, of a calendar window.
    package init(full window: RateWindow, period: Range<Int>, now: Int) {
        switch window.kind {
        case .bucket: self = .bucket(TokenBucket(full: window, now: now))
        case .sliding: self = .sliding(SlidingSlices(now: now))
        case .calendar: self = .calendar(used: 0, period: period, now: now)
        }
    }

    /// Brings it to a time, which lies in the calendar's `period`.
    package mutating func advance(to now: Int, _ window: RateWindow, period: Range<Int>) {
        switch self {
        case .bucket(var bucket):
            bucket.advance(to: now, window)
            self = .bucket(bucket)
        case .sliding(var slices):
            slices.advance(to: now, window)
            self = .sliding(slices)
        case .calendar(let used, let known, _):
            // By its end, not by comparing periods: clocks that are read one after the other differ by a little.
            let isOver = now >= known.upperBound
            self = .calendar(used: isOver ? 0 : used, period: isOver ? period : known, now: now)
        }
    }

    /// Tokens there are; negative while there are debts.
    package func tokens(_ window: RateWindow) -> Int {
        switch self {
        case .bucket(let bucket): bucket.tokens
        case .sliding(let slices): window.capacity - slices.taken
        case .calendar(let used, _, _): window.capacity - used
        }
    }

    /// Microseconds until `cost` tokens are there.
    package func wait(for cost: Int, _ window: RateWindow) -> Int {
        switch self {
        case .bucket(let bucket): return bucket.wait(for: cost, window)
        case .sliding(let slices): return slices.wait(for: cost, window)
        case .calendar(let used, let period, let now):
            guard cost > window.capacity - used else { return 0 }
            return cost > window.capacity ? TokenBucket.longestWait : period.upperBound - now
        }
    }

    /// When there is nothing left to remember.
    package func fullAt(_ window: RateWindow, now: Int) -> Int { now + wait(for: window.capacity, window) }

    /// Takes tokens, whether they are there or not; a negative amount gives back.
    package mutating func take(_ amount: Int, _ window: RateWindow) {
        switch self {
        case .bucket(var bucket):
            bucket.tokens = min(bucket.tokens - amount, window.capacity)
            self = .bucket(bucket)
        case .sliding(var slices):
            slices.take(amount, window)
            self = .sliding(slices)
        case .calendar(let used, let period, let now):
            self = .calendar(used: max(0, used + amount), period: period, now: now)
        }
    }

    /// Takes away what there is above this number of tokens.
    package mutating func lower(to most: Int, _ window: RateWindow) {
        let excess = tokens(window) - most
        guard excess > 0 else { return }
        take(excess, window)
        if case .bucket(var bucket) = self {
            bucket.fraction = 0
            self = .bucket(bucket)
        }
    }

    /// Under an edited policy, whose window has the same name: it keeps the share that was left.
    package func rescaled(from old: RateWindow, to new: RateWindow) -> WindowLevel {
        switch self {
        case .bucket(let bucket):
            var rescaled = bucket.rescaled(from: old, to: new)
            rescaled.fraction = 0
            return .bucket(rescaled)
        case .sliding(let slices): return .sliding(slices.rescaled(from: old, to: new))
        case .calendar(let used, let period, let now):
            return .calendar(used: old.rescaledTaken(used, to: new), period: period, now: now)
        }
    }
}

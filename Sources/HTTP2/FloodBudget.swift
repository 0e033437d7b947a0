/// What a peer may cost a connection without getting anything done: a bucket that frames which do no work drain, and that
/// time and delivered data fill again.
///
/// One bucket for all kinds, so that a peer gains nothing by mixing them: rapid resets (CVE-2023-44487), resets that it
/// makes us send (CVE-2025-8671), pings, settings, priorities and empty frames (CVE-2019-9511 to 9518).
package struct FloodBudget: Sendable {
    /// What frames cost. A thousand pings, or a hundred resets, at once; then a hundred pings or ten resets a second.
    package enum Cost: Int, Sendable {
        case idleFrame = 1
        case reset = 10
    }

    static let capacity = 1000
    static let perSecond = 100

    private var left = capacity
    private var filledMicroseconds: Int?

    package init() {}

    /// False if the peer has overdrawn it.
    /// - Parameter now: of the monotonic clock, in microseconds.
    package mutating func charge(_ cost: Cost, atMicroseconds now: Int) -> Bool {
        fill(atMicroseconds: now)
        left -= cost.rawValue
        return left >= 0
    }

    /// For work that was done: acknowledging a large download takes many small frames.
    package mutating func credit() { left = min(left + 2, Self.capacity) }

    private mutating func fill(atMicroseconds now: Int) {
        guard let before = filledMicroseconds else { return filledMicroseconds = now }
        let earned = max(now - before, 0) * Self.perSecond / 1_000_000
        guard earned > 0 else { return }
        left = min(left + earned, Self.capacity)
        filledMicroseconds = now
    }
}

/// Keeps retries from multiplying the load on an upstream that fails: each request earns a share of a retry, each retry
/// costs one whole. Shares of nodes add up to the share of the cluster, so nodes need not agree.
package struct RetryBudget: Sendable {
    /// At once, after a quiet time: what rarely used upstreams live on.
    package static let reserve = 10.0
    /// Earned in good times, for bad ones.
    package static let most = 100.0

    private let share: Double
    private var left = Self.reserve
    private var filledMicroseconds: Int?

    package init(share: Double) { self.share = share }

    /// A request has come, not a retry.
    package mutating func earn() { left = min(left + share, Self.most) }

    /// Whether a retry may be made; it then is paid for.
    /// - Parameter now: of the monotonic clock, in microseconds.
    package mutating func spend(atMicroseconds now: Int) -> Bool {
        // One a second comes back by itself, up to the reserve.
        if left < Self.reserve, let before = filledMicroseconds, now > before {
            left = min(left + Double(now - before) / 1_000_000, Self.reserve)
        }
        filledMicroseconds = now
        guard left >= 1 else { return false }
        left -= 1
        return true
    }
}

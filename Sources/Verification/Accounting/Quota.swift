import Policies

/// What a token bucket promises (STATE.md, promise 1): in any interval no more requests than its capacity and what comes
/// back in that time.
package struct Quota: Hashable, Sendable {
    package var capacity: Int
    /// Tokens that come back in a microsecond.
    package var rate: Double

    package init(capacity: Int, rate: Double) {
        self.capacity = capacity
        self.rate = rate
    }

    /// - Parameter window: a token bucket; the other kinds promise more.
    package init(_ window: RateWindow) {
        self.init(capacity: window.capacity, rate: Double(window.count) / Double(window.periodMicroseconds))
    }

    /// What one of `nodes` nodes may admit on its own while Redis can't be asked (promise 4).
    package func share(among nodes: Int) -> Quota {
        Quota(capacity: max(1, (capacity + nodes - 1) / nodes), rate: rate / Double(nodes))
    }

    /// The same with a bucket that was full again that many times more: Redis had lost it.
    package func refilled(times: Int) -> Quota { Quota(capacity: capacity * (1 + times), rate: rate) }

    /// Requests that an interval of this length may see at most.
    package func allowed(in microseconds: Int) -> Int {
        let returned = rate * Double(max(0, microseconds))
        return capacity + Int(min(returned, 1e15))
    }
}

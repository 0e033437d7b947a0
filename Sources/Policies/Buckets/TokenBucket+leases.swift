/// Tokens that a bucket holds free for a lease: while it lives, the bucket refills only up to what all leases leave.
package struct LeasedTokens: Hashable, Sendable {
    package let amount: Int
    /// In microseconds, on the clock of the bucket.
    package let expiry: Int

    package init(amount: Int, expiry: Int) {
        self.amount = amount
        self.expiry = expiry
    }
}

/// A bucket as it will be if nobody takes from it, with leases out (STATE.md, "Token buckets with prepaid leases"): for
/// those who only look.
///
/// The refill goes piece by piece, because each lease that lapses leaves more room. What is looked at is the whole
/// bucket, so its leases must be all that there are.
extension TokenBucket {
    package mutating func advance(to now: Int, _ window: RateWindow, leases: [LeasedTokens]) {
        var leased = leases.reduce(0) { $0 + $1.amount }
        for lease in leases.sorted(by: { $0.expiry < $1.expiry }) where lease.expiry <= now {
            if lease.expiry > updated { advance(to: lease.expiry, window, leaving: leased) }
            leased -= lease.amount
        }
        advance(to: now, window, leaving: leased)
    }

    /// Tokens that are there stay, also where the leases leave no room for them.
    private mutating func advance(to now: Int, _ window: RateWindow, leaving leased: Int) {
        let before = tokens
        advance(to: now, window.leaving(leased))
        tokens = max(tokens, min(before, window.capacity))
    }

    /// Microseconds after `updated` at which `cost` tokens are there; after `advance`.
    package func wait(for cost: Int, _ window: RateWindow, leases: [LeasedTokens]) -> Int {
        var bucket = self
        var leased = leases.reduce(0) { $0 + $1.amount }
        for lease in leases.sorted(by: { $0.expiry < $1.expiry }) {
            let wait = bucket.wait(for: cost, window.leaving(leased))
            if bucket.updated + wait <= lease.expiry { return bucket.updated + wait - updated }
            bucket.advance(to: lease.expiry, window, leaving: leased)
            leased -= lease.amount
        }
        return min(bucket.updated - updated + bucket.wait(for: cost, window.leaving(leased)), Self.longestWait)
    }
}

extension RateWindow {
    /// As it refills while these tokens are leased.
    fileprivate func leaving(_ leased: Int) -> RateWindow {
        leased > 0 ? RateWindow(self, capacity: max(0, capacity - leased), terms: terms) : self
    }
}

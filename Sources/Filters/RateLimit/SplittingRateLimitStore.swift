import HTTPWire

/// Decides requests with several policies where no script can: in Redis Cluster, where each bucket may be on another
/// server (STATE.md, promises 6 and 9).
///
/// Reserve and release: each entry is asked for on its own, all at the same time. If every one has its tokens, they are
/// spent; if not, those that had are given back theirs. Taking and giving back leaves a bucket at most as full as if
/// nothing had happened, so it can't over-admit.
///
/// What it costs: one command for each entry instead of one for all, but still one round trip; and for a refused request
/// one more, which nobody waits for, for each entry that had its tokens. Until that arrives others may be refused for
/// want of tokens which come back. Leases make both rare: most requests lack one entry at most, and refusals are known.
package final class SplittingRateLimitStore: RateLimitStore {
    private let store: any RateLimitStore
    private var unused: [Split] = []
    /// The places of admitted requests that have them from several policies.
    private var places: [Int: [Int]] = [:]
    private var latestPlaces = 0

    package init(_ store: any RateLimitStore) { self.store = store }

    package func take(_ request: TakeRequest) -> Bool {
        let split = unused.popLast() ?? Split(self)
        split.begin(request)
        for (index, entry) in request.entries.enumerated() {
            let part = split.parts[index]
            part.add(entry.policy, subject: request.subject(of: entry), cost: entry.cost, ask: entry.ask)
            if store.take(part) { split.open -= 1 }
        }
        split.isBegun = true
        guard split.open == 0 else { return false }
        conclude(split)
        return true
    }

    package func charge(_ policy: LimitPolicy, subject: Bytes, amount: Int) {
        store.charge(policy, subject: subject, amount: amount)
    }

    package func release(slot: Int) {
        for place in places.removeValue(forKey: slot) ?? [] { store.release(slot: place) }
    }

    /// One request and the questions that it became.
    private final class Split: TakeWaiter {
        private(set) var request: TakeRequest?
        private(set) var parts: [TakeRequest] = []
        /// Answers that have not come.
        var open = 0
        /// Whether all questions have been asked; answers that come before conclude nothing.
        var isBegun = false
        private unowned let store: SplittingRateLimitStore

        init(_ store: SplittingRateLimitStore) { self.store = store }

        func begin(_ request: TakeRequest) {
            self.request = request
            open = request.entries.count
            isBegun = false
            while parts.count < open { parts.append(TakeRequest()) }
            for part in parts {
                part.reset()
                part.waiter = self
            }
        }

        func end() {
            request = nil
            for part in parts { part.waiter = nil }
        }

        func decided(_ part: TakeRequest) {
            open -= 1
            guard isBegun, open == 0, let request else { return }
            store.conclude(self)
            request.waiter?.decided(request)
        }
    }

    private func conclude(_ split: Split) {
        guard let request = split.request else { return }
        let parts = split.parts[..<request.entries.count]
        let outcomes = parts.map(\.outcome)
        let outcome: TakeRequest.Outcome =
            outcomes.contains(.unavailable) ? .unavailable : outcomes.contains(.refused) ? .refused : .admitted
        for (index, part) in parts.enumerated() {
            request.entries[index].grant = part.entries.first?.grant
            request.entries[index].places = part.entries.first?.places
            for state in part.windows { request.append(state) }
            if outcome != .admitted, part.outcome == .admitted { giveBack(part) }
        }
        let slots = parts.compactMap(\.slot)
        if outcome == .admitted, !slots.isEmpty {
            latestPlaces += 1
            places[latestPlaces] = slots
            request.slot = latestPlaces
        }
        request.conclude(outcome)
        split.end()
        if unused.count < 256 { unused.append(split) }
    }

    private func giveBack(_ part: TakeRequest) {
        if let slot = part.slot { store.release(slot: slot) }
        // A shadow policy that would have refused was not charged.
        guard let entry = part.entries.first, entry.cost > 0,
            !part.windows.contains(where: { $0.waitMicroseconds > 0 })
        else { return }
        store.charge(entry.policy, subject: part.subject(of: entry), amount: -entry.cost)
    }
}

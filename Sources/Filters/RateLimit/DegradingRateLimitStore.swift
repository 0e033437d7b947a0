import GatewayCore
import HTTPWire
import Policies

/// The shared store with something to fall back on (STATE.md, promise 4): when Redis does not answer in time, this node
/// enforces its share of each limit (limit ÷ live nodes) from its own memory, so that the cluster stays within the quota.
///
/// A breaker of its own keeps a dead Redis from costing every request the timeout: after three failures in a row Redis is
/// skipped for a second, then one request tries it again.
///
/// A subject that is first met in an outage begins with its share of what Redis last said was left, as far as that is
/// known. What is admitted meanwhile is a debt: it is charged in Redis when that answers again.
package final class DegradingRateLimitStore: RateLimitStore, TakeWaiter {
    private let shared: any RateLimitStore
    private let local: (any LocalRateLimitStore)?
    private let liveNodes: @Sendable () -> Int
    private let now: () -> Int
    private var breaker: Breaker
    private var shares = LimitShares()
    private var debts = LimitDebts()
    /// Redis answers again, so debts can be charged.
    private var isSettling = false
    private let localRequest = TakeRequest()

    /// Debts of other subjects that are charged with each request: the rest of them costs nobody his time limit.
    private static let settledWithEach = 16

    /// - Parameters:
    ///   - local: nil if nothing is to be decided without the shared store (`allow`, `deny`).
    ///   - liveNodes: how many nodes share the limits, at least 1.
    ///   - now: microseconds of this process.
    package init(
        shared: any RateLimitStore, local: (any LocalRateLimitStore)?, liveNodes: @escaping @Sendable () -> Int,
        now: @escaping () -> Int = MonotonicClock.microseconds
    ) {
        self.shared = shared
        self.local = local
        self.liveNodes = liveNodes
        self.now = now
        var settings = BreakerSettings()
        settings.failures = 3
        settings.errorRate = 0
        settings.openMicroseconds = 1_000_000
        breaker = Breaker(settings)
    }

    package func take(_ request: TakeRequest) -> Bool {
        if request.hasWaitedInVain {
            decideAlone(request)
            return true
        }
        switch breaker.admit(now: now()).decision {
        case .refuse:
            decideAlone(request)
            return true
        case .pass(let ticket), .probe(let ticket):
            if isSettling { settleDebts(before: request) }
            request.ticket = ticket.encoded
            request.forwardedWaiter = request.waiter
            request.waiter = self
            guard shared.take(request) else { return false }
            settle(request)
            return true
        }
    }

    package func decided(_ request: TakeRequest) {
        settle(request)
        request.waiter?.decided(request)
    }

    private func settle(_ request: TakeRequest) {
        request.waiter = request.forwardedWaiter
        request.forwardedWaiter = nil
        let isSuccess = request.outcome != .unavailable
        _ = breaker.report(
            isSuccess ? .success : .failure, durationMicroseconds: 0, Breaker.Ticket(encoded: request.ticket),
            now: now())
        isSettling = isSuccess && !debts.isEmpty
        if let slot = request.slot { request.slot = Place(slot: slot, isLocal: false).encoded }
        if !isSuccess { decideAlone(request) }
    }

    // MARK: Deciding alone

    private func decideAlone(_ request: TakeRequest) {
        request.isDegraded = true
        // Nobody waits for what only tends leases: they are not granted here.
        guard let local, request.entries.contains(where: { $0.cost > 0 }) else {
            return request.conclude(.unavailable)
        }
        let nodes = max(liveNodes(), 1)
        localRequest.reset()
        for (index, entry) in request.entries.enumerated() {
            let (share, subject) = (shares.share(of: entry.policy, among: nodes), request.subject(of: entry))
            if debts.open(entry.policy, subject) {
                local.lower(share, subject: subject, to: startingTokens(request, index, entry.policy, nodes))
            }
            localRequest.add(share, subject: subject, cost: entry.cost)
        }
        guard local.take(localRequest) else { return request.conclude(.unavailable) }
        request.adopt(localRequest)
        request.slot = localRequest.slot.map { Place(slot: $0, isLocal: true).encoded }
        if request.outcome == .admitted { noteDebts(of: request) }
    }

    private func startingTokens(
        _ request: TakeRequest, _ entry: Int, _ policy: LimitPolicy, _ nodes: Int
    ) -> [Int] {
        policy.windows.enumerated().map { place, window in
            let remaining = request.remainingSource?.remaining(entry: entry, window: place) ?? window.capacity
            return RateWindow.startingTokens(of: remaining, among: nodes)
        }
    }

    private func noteDebts(of request: TakeRequest) {
        var start = 0
        for entry in request.entries {
            defer { start += entry.policy.windows.count }
            let own = request.windows[start..<start + entry.policy.windows.count]
            // A shadow policy that would have refused was not charged.
            if own.contains(where: { $0.waitMicroseconds > 0 }) { continue }
            debts.add(entry.cost, entry.policy, request.subject(of: entry))
        }
    }

    // MARK: Debts

    /// Those of the request's own subjects must be in Redis before it is decided; the others follow bit by bit.
    private func settleDebts(before request: TakeRequest) {
        for entry in request.entries {
            let subject = request.subject(of: entry)
            if let debt = debts.remove(entry.policy, subject) { charge(debt, subject) }
        }
        for _ in 0..<Self.settledWithEach {
            guard let (key, debt) = debts.removeAny() else { break }
            key.subject.withUnsafeBufferPointer { charge(debt, $0) }
        }
        isSettling = !debts.isEmpty
    }

    /// What has come back to this node's share meanwhile has come back to the shared bucket too, which may have had no room
    /// for it: so no more is owed than the share still lacks.
    private func charge(_ debt: LimitDebts.Debt, _ subject: Bytes) {
        guard debt.amount > 0, let local else { return }
        let share = shares.share(of: debt.policy, among: max(liveNodes(), 1))
        localRequest.reset()
        localRequest.add(share, subject: subject, cost: 0)
        guard local.take(localRequest) else { return }
        if let slot = localRequest.slot { local.release(slot: slot) }
        let lacking = zip(share.windows, localRequest.windows).map { $0.capacity - $1.remaining }.max() ?? 0
        let owed = min(debt.amount, lacking)
        if owed > 0 { shared.charge(debt.policy, subject: subject, amount: owed) }
    }

    package func charge(_ policy: LimitPolicy, subject: Bytes, amount: Int) {
        shared.charge(policy, subject: subject, amount: amount)
    }

    // MARK: Places under limits of concurrency

    package func release(slot: Int) {
        let place = Place(encoded: slot)
        if place.isLocal { local?.release(slot: place.slot) } else { shared.release(slot: place.slot) }
    }

    /// Which store a request has its places from.
    private struct Place {
        let slot: Int
        let isLocal: Bool

        init(slot: Int, isLocal: Bool) {
            self.slot = slot
            self.isLocal = isLocal
        }

        init(encoded: Int) { self.init(slot: encoded >> 1, isLocal: encoded & 1 == 1) }
        var encoded: Int { slot << 1 | (isLocal ? 1 : 0) }
    }
}

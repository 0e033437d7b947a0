import GatewayCore
import Policies

/// The shared store with something to fall back on (STATE.md, promise 4): when Redis does not answer in time, this node
/// enforces its share of each limit (limit ÷ live nodes) from its own memory, so that the cluster stays within the quota.
///
/// A breaker of its own keeps a dead Redis from costing every request the timeout: after three failures in a row Redis is
/// skipped for a second, then one request tries it again.
package final class DegradingRateLimitStore: RateLimitStore, TakeWaiter {
    private let shared: any RateLimitStore
    private let local: (any RateLimitStore)?
    private let liveNodes: @Sendable () -> Int
    private let now: () -> Int
    private var breaker: Breaker
    private var shares: [ObjectIdentifier: Share] = [:]
    private let localRequest = TakeRequest()

    private struct Share {
        let nodes: Int
        let original: LimitPolicy
        let policy: LimitPolicy
    }

    /// - Parameters:
    ///   - local: nil if nothing is to be decided without the shared store (`allow`, `deny`).
    ///   - liveNodes: how many nodes share the limits, at least 1.
    ///   - now: microseconds of this process.
    package init(
        shared: any RateLimitStore, local: (any RateLimitStore)?, liveNodes: @escaping @Sendable () -> Int,
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
        if !isSuccess { decideAlone(request) }
    }

    private func decideAlone(_ request: TakeRequest) {
        request.isDegraded = true
        guard let local else { return request.conclude(.unavailable) }
        let nodes = max(liveNodes(), 1)
        localRequest.reset()
        for entry in request.entries {
            localRequest.add(
                share(of: entry.policy, among: nodes), subject: request.subject(of: entry), cost: entry.cost)
        }
        guard local.take(localRequest) else { return request.conclude(.unavailable) }
        request.adopt(localRequest)
    }

    private func share(of policy: LimitPolicy, among nodes: Int) -> LimitPolicy {
        if nodes == 1 { return policy }
        let key = ObjectIdentifier(policy)
        if let known = shares[key], known.nodes == nodes { return known.policy }
        let windows = policy.windows.map { window in
            RateWindow(
                count: window.count, periodMicroseconds: window.periodMicroseconds.multipliedClamping(by: nodes),
                capacity: max(window.capacity / nodes, 1))
        }
        let scaled = LimitPolicy(name: policy.name, windows: windows)
        // Policies of earlier configurations would otherwise pile up over reloads.
        if shares.count > 100_000 { shares.removeAll() }
        shares[key] = Share(nodes: nodes, original: policy, policy: scaled)
        return scaled
    }
}

extension Int {
    fileprivate func multipliedClamping(by factor: Int) -> Int {
        let (product, overflow) = multipliedReportingOverflow(by: factor)
        return overflow ? .max : product
    }
}

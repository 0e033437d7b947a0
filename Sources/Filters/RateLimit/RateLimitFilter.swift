import GatewayCore
import HTTPWire
import Policies
import Telemetry

/// Admits a request if all its limits do: those of its route, and those of its caller's plan. They are decided in one
/// step, all or nothing; a refused request is charged on none. Places under limits of concurrency are kept until the
/// exchange ends.
package final class RateLimitFilter: RequestFilter {
    /// A policy as this route applies it.
    package final class Limit {
        let policy: LimitPolicy
        let subject: LimitSubject
        let cost: RequestCost
        let metricsIndex: Int
        let fields: RateLimitFields
        fileprivate let unreadableCost: Reply?

        package init(policy: LimitPolicy, subject: LimitSubject, cost: RequestCost = .fixed(1), metricsIndex: Int) {
            self.policy = policy
            self.subject = subject
            self.cost = cost
            self.metricsIndex = metricsIndex
            fields = RateLimitFields(policy)
            unreadableCost = cost.unreadable
        }
    }

    package let phase = Phase.limit
    private let limits: [Limit]
    private let plans: [String: Limit]
    /// Plans of Redis, which the configured ones go before.
    private let shared: SharedPlans?
    private let sharedMetricsIndex: Int
    private var sharedPlans: [String: Limit] = [:]
    private var sharedGeneration = -1
    private let store: any RateLimitStore
    private let deniesWithoutStore: Bool
    private let metrics: WorkerMetrics
    private let audit: DecisionAudit?
    private var unused: [Decision] = []

    /// - Parameters:
    ///   - plans: the limits of each plan, by its name.
    ///   - sharedMetricsIndex: by which all plans of Redis are counted: their names are anyone's.
    ///   - deniesWithoutStore: what to do when the store can't be asked: `deny` or `allow`.
    package init(
        limits: [Limit], plans: [String: Limit], store: any RateLimitStore, deniesWithoutStore: Bool,
        metrics: WorkerMetrics, sharedPlans: SharedPlans? = nil, sharedMetricsIndex: Int = 0,
        audit: DecisionAudit? = nil
    ) {
        self.audit = audit
        shared = sharedPlans
        self.sharedMetricsIndex = sharedMetricsIndex
        self.limits = limits
        self.plans = plans
        self.store = store
        self.deniesWithoutStore = deniesWithoutStore
        self.metrics = metrics
    }

    package func apply(_ exchange: Exchange) -> Verdict {
        let plan = exchange.identity?.plan.flatMap { plans[$0] ?? sharedPlan($0) }
        guard plan != nil || !limits.isEmpty else { return .proceed }
        let decision = unused.popLast() ?? Decision(filter: self)
        decision.limits.append(contentsOf: limits)
        if let plan { decision.limits.append(plan) }
        for limit in decision.limits {
            guard let cost = limit.cost.tokens(of: exchange.request) else {
                release(decision)
                return .reply(limit.unreadableCost ?? Self.refusal)
            }
            limit.subject.withBytes(of: exchange) { decision.request.add(limit.policy, subject: $0, cost: cost) }
        }
        decision.request.waiter = decision
        if store.take(decision.request) { return conclude(decision, for: exchange) }
        decision.exchange = exchange
        exchange.anticipateService()
        return .wait
    }

    /// They are few, and change seldom: each filter has all of them, made anew after a change.
    private func sharedPlan(_ name: String) -> Limit? {
        guard let shared else { return nil }
        let generation = shared.generation
        if generation != sharedGeneration {
            sharedGeneration = generation
            sharedPlans = shared.plans.mapValues {
                Limit(policy: $0.policy, subject: .consumer, cost: $0.cost, metricsIndex: sharedMetricsIndex)
            }
        }
        return sharedPlans[name]
    }

    // MARK: Deciding

    /// One request's question while it is out.
    private final class Decision: TakeWaiter {
        let request = TakeRequest()
        var limits: [Limit] = []
        var exchange: Exchange?
        private let filter: RateLimitFilter

        init(filter: RateLimitFilter) { self.filter = filter }

        func decided(_ request: TakeRequest) {
            guard let exchange else { return }
            exchange.resume(with: filter.conclude(self, for: exchange))
        }
    }

    private func conclude(_ decision: Decision, for exchange: Exchange) -> Verdict {
        let verdict = judge(decision, exchange)
        release(decision)
        return verdict
    }

    private func release(_ decision: Decision) {
        decision.exchange = nil
        decision.request.waiter = nil
        decision.limits.removeAll(keepingCapacity: true)
        decision.request.reset()
        if unused.count < 256 { unused.append(decision) }
    }

    private func judge(_ decision: Decision, _ exchange: Exchange) -> Verdict {
        let request = decision.request
        let isDegraded = request.isDegraded || request.outcome == .unavailable
        if isDegraded { exchange.responseLines.append("Sluice-Degraded: rate-limit\r\n") }
        RateLimitFields.append(decision.limits, request, to: exchange.responseLines)
        if let slot = request.slot { exchange.hold(self, token: slot) }
        let isAdmitted = request.outcome == .admitted || request.outcome == .unavailable && !deniesWithoutStore
        let refusals = count(decision, exchange, isAdmitted: isAdmitted, isDegraded: isDegraded)
        exchange.record.limit =
            isDegraded ? .degraded : !isAdmitted ? .refused : refusals.isByShadow ? .shadowRefused : .admitted
        if isAdmitted { return .proceed }
        guard request.outcome == .refused else {
            exchange.record.failure = .storeUnavailable
            exchange.responseLines.append("Retry-After: 1\r\n")
            return .reply(Failure.storeUnavailable.reply ?? Self.refusal)
        }
        RateLimitFields.appendRetryAfter(refusals.waitMicroseconds, to: exchange.responseLines)
        return .reply(refusals.waitMicroseconds == 0 && refusals.isByConcurrency ? Self.crowded : Self.refusal)
    }

    /// Who refused a request, or would have.
    private struct Refusals {
        var isByShadow = false
        var isByConcurrency = false
        /// Until all windows that refused it would admit it; 0 if none did.
        var waitMicroseconds = 0
    }

    /// A refused request counts for the policies that refused it; those that would have admitted it were not charged.
    private func count(_ decision: Decision, _ exchange: Exchange, isAdmitted: Bool, isDegraded: Bool) -> Refusals {
        var refusals = Refusals()
        var next = 0
        let windows = decision.request.windows
        for (limit, entry) in zip(decision.limits, decision.request.entries) {
            let own = next..<min(next + limit.policy.windows.count, windows.count)
            next = own.upperBound
            let wait = own.reduce(0) { max($0, windows[$1].waitMicroseconds) }
            let isCrowded = entry.places?.isFull ?? false
            let isRefusing = wait > 0 || isCrowded
            if isRefusing, limit.policy.isShadow {
                refusals.isByShadow = true
            } else if isRefusing {
                refusals.isByConcurrency = refusals.isByConcurrency || isCrowded
                refusals.waitMicroseconds = max(refusals.waitMicroseconds, wait)
            }
            let decided: LimitDecision? =
                isDegraded
                ? .degraded
                : isRefusing && limit.policy.isShadow
                    ? .shadowRefused
                    : isAdmitted ? .admitted : isRefusing ? .refused : nil
            guard let decided else { continue }
            if metrics.isCounting { metrics.values.policies[limit.metricsIndex][decided] += 1 }
            if let audit, let share = audit.wants(isRefused: decided != .admitted) {
                audit.record(
                    entry, subject: decision.request.subject(of: entry), states: windows[own], decision: decided,
                    route: exchange.plan?.name ?? "", share: share)
            }
        }
        return refusals
    }

    private static let refusal = Reply(
        status: 429, kind: "rate-limited", title: "Rate limit exceeded",
        detail: "A limit for this request is used up; Retry-After says when it admits again.")
    private static let crowded = Reply(
        status: 429, kind: "concurrency-limited", title: "Too many concurrent requests",
        detail: "As many requests are under way as a limit allows at once; try again when one of them has ended.")
}

extension RateLimitFilter: ExchangeHolder {
    /// Frees the request's places under limits of concurrency.
    package func exchangeEnded(token: Int) { store.release(slot: token) }
}

import GatewayCore
import HTTPWire
import Policies
import Telemetry

/// Admits a request if all its limits do: those of its route, and those of its caller's plan. They are decided in one
/// step, all or nothing; a refused request is charged on none.
package final class RateLimitFilter: RequestFilter {
    /// A policy as this route applies it.
    package struct Limit {
        let policy: LimitPolicy
        let subject: LimitSubject
        let metricsIndex: Int
        let fields: RateLimitFields

        package init(policy: LimitPolicy, subject: LimitSubject, metricsIndex: Int) {
            self.policy = policy
            self.subject = subject
            self.metricsIndex = metricsIndex
            fields = RateLimitFields(policy)
        }
    }

    package let phase = Phase.limit
    private let limits: [Limit]
    private let plans: [String: Limit]
    private let store: any RateLimitStore
    private let deniesWithoutStore: Bool
    private let metrics: WorkerMetrics
    private var unused: [Decision] = []

    /// - Parameters:
    ///   - plans: the limits of each plan, by its name.
    ///   - deniesWithoutStore: what to do when the store can't be asked: `deny` or `allow`.
    package init(
        limits: [Limit], plans: [String: Limit], store: any RateLimitStore, deniesWithoutStore: Bool,
        metrics: WorkerMetrics
    ) {
        self.limits = limits
        self.plans = plans
        self.store = store
        self.deniesWithoutStore = deniesWithoutStore
        self.metrics = metrics
    }

    package func apply(_ exchange: Exchange) -> Verdict {
        let decision = unused.popLast() ?? Decision(filter: self)
        decision.limits.append(contentsOf: limits)
        if let plan = exchange.identity?.plan, let limit = plans[plan] { decision.limits.append(limit) }
        guard !decision.limits.isEmpty else { return .proceed }
        for limit in decision.limits {
            limit.subject.withBytes(of: exchange) { decision.request.add(limit.policy, subject: $0) }
        }
        decision.request.waiter = decision
        if store.take(decision.request) { return conclude(decision, for: exchange) }
        decision.exchange = exchange
        return .wait
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
        decision.exchange = nil
        decision.request.waiter = nil
        decision.limits.removeAll(keepingCapacity: true)
        decision.request.reset()
        if unused.count < 256 { unused.append(decision) }
        return verdict
    }

    private func judge(_ decision: Decision, _ exchange: Exchange) -> Verdict {
        let request = decision.request
        let isDegraded = request.isDegraded || request.outcome == .unavailable
        if isDegraded { exchange.responseLines.append("Sluice-Degraded: rate-limit\r\n") }
        RateLimitFields.append(decision.limits, request.windows, to: exchange.responseLines)
        let isAdmitted = request.outcome == .admitted || request.outcome == .unavailable && !deniesWithoutStore
        count(decision, isAdmitted: isAdmitted, isDegraded: isDegraded)
        exchange.record.limit = isDegraded ? .degraded : isAdmitted ? .admitted : .refused
        if isAdmitted { return .proceed }
        guard request.outcome == .refused else {
            exchange.record.failure = .storeUnavailable
            exchange.responseLines.append("Retry-After: 1\r\n")
            return .reply(Failure.storeUnavailable.reply ?? Self.refusal)
        }
        RateLimitFields.appendRetryAfter(request.windows, to: exchange.responseLines)
        return .reply(Self.refusal)
    }

    /// A refused request counts for the policies that refused it; those that would have admitted it were not charged.
    private func count(_ decision: Decision, isAdmitted: Bool, isDegraded: Bool) {
        var next = 0
        let windows = decision.request.windows
        for limit in decision.limits {
            let own = next..<min(next + limit.policy.windows.count, windows.count)
            next = own.upperBound
            if isDegraded {
                metrics.values.policies[limit.metricsIndex][.degraded] += 1
            } else if isAdmitted {
                metrics.values.policies[limit.metricsIndex][.admitted] += 1
            } else if own.contains(where: { windows[$0].waitMicroseconds > 0 }) {
                metrics.values.policies[limit.metricsIndex][.refused] += 1
            }
        }
    }

    private static let refusal = Reply(
        status: 429, kind: "rate-limited", title: "Rate limit exceeded",
        detail: "A limit for this request is used up; Retry-After says when it admits again.")
}

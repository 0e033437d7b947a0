/// How an attempt at an upstream failed.
package enum UpstreamFailureKind: Int, CaseIterable, Sendable {
    case connectRefused, connectTimeout, handshakeFailed, responseTimeout, closedEarly, malformedResponse, noConnection

    package var label: String {
        switch self {
        case .connectRefused: "connect_refused"
        case .handshakeFailed: "handshake_failed"
        case .connectTimeout: "connect_timeout"
        case .responseTimeout: "response_timeout"
        case .closedEarly: "closed_early"
        case .malformedResponse: "malformed_response"
        case .noConnection: "no_connection"
        }
    }
}

/// A breaker's state as a gauge: the larger, the worse.
package enum BreakerGauge: Int, CaseIterable, Sendable {
    case closed, halfOpen, open

    package var label: String {
        switch self {
        case .closed: "closed"
        case .halfOpen: "half_open"
        case .open: "open"
        }
    }
}

/// What is counted for each upstream.
package struct UpstreamMetrics: Sendable {
    package var attempts = 0
    package var retries = 0
    package var failures = CaseCounts<UpstreamFailureKind>()
    /// From sending an attempt to the head of its response.
    package var latency = LatencyHistogram()
    /// Of responses that were passed on.
    package var statuses = StatusCounts()
    package var activeConnections = 0
    /// Attempts that wait for a connection.
    package var pending = 0
    package var idleConnections = 0
    /// The worker's copy; the worst of all workers is shown.
    package var breaker = BreakerGauge.closed
    /// By the state that was entered. The breaker is the node's: only one worker reports it.
    package var transitions = CaseCounts<BreakerGauge>()
    /// Whether the breaker hears the cluster.
    package var isBreakerShared = false
    /// Targets that are out of balancing, and how often one was taken out. The node's, like the breaker.
    package var ejectedTargets = 0
    package var unhealthyTargets = 0
    package var ejections = 0
    /// Requests that the open breaker answered.
    package var breakerRefusals = 0
    /// Second attempts beside late ones, and those that had the answer.
    package var hedges = 0
    package var hedgeWins = 0
    /// What the adaptive limit allows at once, what is under way by it, and what it has refused.
    package var concurrencyLimit: Int?
    package var inFlight = 0
    package var shed = 0
    /// Health checks that this node has made.
    package var healthChecks = 0
    package var checksForCluster = false

    package init() {}

    package static func += (left: inout UpstreamMetrics, right: UpstreamMetrics) {
        left.attempts += right.attempts
        left.retries += right.retries
        left.failures += right.failures
        left.latency += right.latency
        left.statuses += right.statuses
        left.pending += right.pending
        left.activeConnections += right.activeConnections
        left.idleConnections += right.idleConnections
        if right.breaker.rawValue > left.breaker.rawValue { left.breaker = right.breaker }
        left.transitions += right.transitions
        left.breakerRefusals += right.breakerRefusals
        left.isBreakerShared = left.isBreakerShared || right.isBreakerShared
        left.ejectedTargets += right.ejectedTargets
        left.unhealthyTargets += right.unhealthyTargets
        left.ejections += right.ejections
        left.hedges += right.hedges
        left.hedgeWins += right.hedgeWins
        if let limit = right.concurrencyLimit { left.concurrencyLimit = (left.concurrencyLimit ?? 0) + limit }
        left.inFlight += right.inFlight
        left.shed += right.shed
        left.healthChecks += right.healthChecks
        left.checksForCluster = left.checksForCluster || right.checksForCluster
    }
}

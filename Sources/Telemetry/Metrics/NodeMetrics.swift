/// What is counted once per worker rather than per name: Redis and the clients' connections.

package enum RedisFailureKind: Int, CaseIterable, Sendable {
    /// `skipped`: not even sent, because the store's own breaker was open.
    case timeout, connectionLost, errorReply, skipped

    package var label: String {
        switch self {
        case .timeout: "timeout"
        case .connectionLost: "connection_lost"
        case .errorReply: "error_reply"
        case .skipped: "skipped"
        }
    }
}

package struct RedisMetrics: Sendable {
    package var commands = 0
    package var failures = CaseCounts<RedisFailureKind>()
    package var reconnects = 0
    package var openConnections = 0
    package var latency = LatencyHistogram()

    package init() {}

    package static func += (left: inout RedisMetrics, right: RedisMetrics) {
        left.commands += right.commands
        left.failures += right.failures
        left.reconnects += right.reconnects
        left.openConnections += right.openConnections
        left.latency += right.latency
    }
}

package struct ConnectionMetrics: Sendable {
    package var open = 0
    package var accepted = 0
    /// Closed at once because the listener was at its limit.
    package var refused = 0
    /// TLS handshakes of clients that failed.
    package var failedHandshakes = 0
    /// HTTP/2 connections ended because of how their client behaved.
    package var floods = 0
    /// Upgraded connections that are open now.
    package var tunnels = 0
    /// Requests answered 400, 431 or 501 because their bytes could not be taken for one request.
    package var malformedRequests = 0

    package init() {}

    package static func += (left: inout ConnectionMetrics, right: ConnectionMetrics) {
        left.open += right.open
        left.accepted += right.accepted
        left.refused += right.refused
        left.failedHandshakes += right.failedHandshakes
        left.floods += right.floods
        left.tunnels += right.tunnels
        left.malformedRequests += right.malformedRequests
    }
}

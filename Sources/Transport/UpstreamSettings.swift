import Encryption
import GatewayCore
import Policies

/// How an upstream is reached. Times in microseconds; counts are this worker's share.
package struct UpstreamSettings: Hashable, Sendable {
    package struct Target: Hashable, Sendable {
        package var host: String
        package var port: Int
        package var weight: Int
        package var isSecure: Bool
        package var speaks: Speaking
        /// It is in this node's zone.
        package var isNear = false

        /// What the target is spoken to in.
        package enum Speaking: Hashable, Sendable { case http1, http2, negotiated }

        /// What the host's name stands for; nil: whoever connects finds out.
        package var address: String?

        /// What is connected to.
        var connectHost: String { address ?? host }

        /// Tells it from the upstream's other targets.
        package var name: String { connectHost.contains(":") ? "[\(connectHost)]:\(port)" : "\(connectHost):\(port)" }

        package init(host: String, port: Int, weight: Int = 1, isSecure: Bool = false, speaks: Speaking = .http1) {
            self.host = host
            self.port = port
            self.weight = weight
            self.isSecure = isSecure
            self.speaks = speaks
        }
    }

    package var name: String
    package var targets: [Target]
    /// For secure targets.
    package var tls: ClientTLS?
    /// For secure targets that speak HTTP/2.
    package var http2TLS: ClientTLS?
    package var balance = BalanceMethod.leastRequests
    package var connectTimeoutMicroseconds = 1_000_000
    /// From the end of the request to the response head.
    package var responseTimeoutMicroseconds = 5_000_000
    /// Between two pieces of a body.
    package var idleTimeoutMicroseconds = 60_000_000
    /// How long an unused connection is kept.
    package var keepAliveMicroseconds = 60_000_000
    package var maximumConnections = 1024
    package var maximumPending = 1024
    /// Attempts at once on one HTTP/2 connection.
    package var maximumStreams = 100
    /// From the start to the end of a response; nil: no bound.
    package var totalTimeoutMicroseconds: Int?
    package var responseHeaderBytes = 64 * 1024
    /// Nil: no attempt is made again.
    package var retries: RetrySettings?
    /// Nil: targets are only judged by how requests go.
    package var health: HealthCheck?
    /// How long a target that comes back takes to get all of its share; 0: no time.
    package var slowStartMicroseconds = 0
    /// Nil: one attempt at a time.
    package var hedge: HedgeSettings?
    /// Nil: as many requests at once as come.
    package var adaptive: ConcurrencyLimit.Settings?
    /// In lower case: how long a request may take is read from it and told in it; nil: is not told.
    package var deadlineHeader: [UInt8]?

    package init(name: String, targets: [Target]) {
        self.name = name
        self.targets = targets
    }
}

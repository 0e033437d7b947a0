/// How a target is asked whether it is well, and how many answers in a row change its standing.
package struct HealthCheck: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// A GET of this path; any status from 200 to 399 is good.
        case http(path: String)
        /// Whether it accepts a connection.
        case tcp
        /// `grpc.health.v1.Health/Check` of a service; empty: of the whole server.
        case grpc(service: String)
    }

    package var kind = Kind.http(path: "/")
    package var intervalMicroseconds = 5_000_000
    package var timeoutMicroseconds = 1_000_000
    package var unhealthyAfter = 3
    package var healthyAfter = 2

    package init() {}
}

/// A target's standing, from the answers to its checks. It begins healthy: a node that starts must not refuse what works.
package struct HealthStanding: Hashable, Sendable {
    package private(set) var isHealthy = true
    /// Answers in a row that say otherwise.
    private var contrary = 0

    package init(isHealthy: Bool = true) { self.isHealthy = isHealthy }

    /// Whether the standing has changed.
    package mutating func note(isGood: Bool, _ check: HealthCheck) -> Bool {
        guard isGood != isHealthy else {
            contrary = 0
            return false
        }
        contrary += 1
        guard contrary >= (isHealthy ? check.unhealthyAfter : check.healthyAfter) else { return false }
        isHealthy.toggle()
        contrary = 0
        return true
    }
}

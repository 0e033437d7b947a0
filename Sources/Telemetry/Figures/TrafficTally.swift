/// What one worker has done since it was last asked, which is about once a second: the live figures of the cluster are
/// made of it. Plain integers that only the worker touches.
package struct TrafficTally: Sendable {
    private var digest = TrafficDigest()
    private var latency = LatencyHistogram()
    /// By the places of their names; most are zero.
    private var routes: [RouteTally] = []
    private var touched: [Int] = []
    /// Exchanges that are being served now.
    package private(set) var inFlight = 0

    package init() {}

    package mutating func begin() { inFlight += 1 }

    /// - Parameter hasBegun: false for an exchange that was refused before its route was known.
    package mutating func end(route: Int, _ outcome: RouteMetrics.Outcome, hasBegun: Bool) {
        if hasBegun { inFlight -= 1 }
        let isError = outcome.status >= 500 || outcome.status == 0
        digest.requests += 1
        if isError { digest.errors += 1 }
        if outcome.status == 429 { digest.limited += 1 }
        if let cache = outcome.cache, cache != .bypass {
            digest.lookups += 1
            if cache != .miss { digest.hits += 1 }
        }
        digest.ownMicroseconds += outcome.ownMicroseconds
        latency.record(microseconds: outcome.totalMicroseconds)
        count(route, isError: isError, outcome.totalMicroseconds)
    }

    /// How late the worker's clock ticked.
    package mutating func lagged(microseconds: Int) {
        if microseconds > digest.lagMicroseconds { digest.lagMicroseconds = microseconds }
    }

    private mutating func count(_ route: Int, isError: Bool, _ microseconds: Int) {
        if route >= routes.count {
            routes.append(contentsOf: repeatElement(RouteTally(), count: route + 1 - routes.count))
        }
        if routes[route].requests == 0 { touched.append(route) }
        routes[route].requests += 1
        if isError { routes[route].errors += 1 }
        routes[route].microseconds += microseconds
    }

    /// What there is, and begins anew.
    package mutating func take() -> TrafficDigest {
        var taken = digest
        taken.latency = SparseLatency(latency)
        for route in touched {
            taken.routes[route] = routes[route]
            routes[route] = RouteTally()
        }
        taken.inFlight = inFlight
        digest = TrafficDigest()
        touched.removeAll(keepingCapacity: true)
        latency.removeAll()
        return taken
    }
}

/// What a route has done within a short time.
package struct RouteTally: Hashable, Sendable {
    package var requests = 0
    package var errors = 0
    /// From first byte to last, of all of them.
    package var microseconds = 0

    package init(requests: Int = 0, errors: Int = 0, microseconds: Int = 0) {
        self.requests = requests
        self.errors = errors
        self.microseconds = microseconds
    }

    package static func += (left: inout RouteTally, right: RouteTally) {
        left.requests += right.requests
        left.errors += right.errors
        left.microseconds += right.microseconds
    }
}

/// What a worker has done within a short time, as a value.
package struct TrafficDigest: Sendable {
    package var requests = 0
    package var errors = 0
    package var limited = 0
    package var hits = 0
    package var lookups = 0
    package var ownMicroseconds = 0
    package var lagMicroseconds = 0
    package var inFlight = 0
    package var latency = SparseLatency()
    /// By the places of their names in `MetricNames`.
    package var routes: [Int: RouteTally] = [:]

    package init() {}

    package static func += (left: inout TrafficDigest, right: TrafficDigest) {
        left.requests += right.requests
        left.errors += right.errors
        left.limited += right.limited
        left.hits += right.hits
        left.lookups += right.lookups
        left.ownMicroseconds += right.ownMicroseconds
        left.lagMicroseconds = max(left.lagMicroseconds, right.lagMicroseconds)
        left.inFlight += right.inFlight
        left.latency += right.latency
        for (route, tally) in right.routes { left.routes[route, default: RouteTally()] += tally }
    }
}

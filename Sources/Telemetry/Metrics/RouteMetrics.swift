/// What is counted for each route.
package struct RouteMetrics: Sendable {
    package private(set) var statuses = StatusCounts()
    package private(set) var bytesIn = 0
    package private(set) var bytesOut = 0
    /// From the first byte of the request to the last byte of the reply.
    package private(set) var total = LatencyHistogram()
    /// What the gateway itself took: from the request's head to the head of its answer, less the wait for upstreams. Bodies
    /// that stream after that are at the pace of the other two.
    package private(set) var gateway = LatencyHistogram()
    /// The part of `total` spent waiting for an upstream; only exchanges that were forwarded.
    package private(set) var upstream = LatencyHistogram()
    /// Of `total`.
    package private(set) var exemplars = Exemplars()
    package private(set) var inFlight = 0
    package private(set) var cache = CaseCounts<CacheOutcome>()
    package private(set) var authentication = CaseCounts<AuthenticationOutcome>()
    package var traffic = CaseCounts<TrafficOutcome>()

    package init() {}

    /// What one exchange came to.
    package struct Outcome: Sendable {
        package var status: Int
        package var bytesIn: Int
        package var bytesOut: Int
        package var totalMicroseconds: Int
        /// What the gateway itself took.
        package var ownMicroseconds: Int
        /// Nil where nothing was forwarded.
        package var upstreamMicroseconds: Int?
        /// Nil where the route has no cache.
        package var cache: CacheOutcome?
        /// Nil where the caller was let in, or none was asked for a credential.
        package var authentication: AuthenticationOutcome?

        /// - Parameter headMicroseconds: from the request's head to the head of its answer; nil: there was none.
        package init(
            status: Int, bytesIn: Int, bytesOut: Int, totalMicroseconds: Int, headMicroseconds: Int? = nil,
            upstreamMicroseconds: Int? = nil, cache: CacheOutcome? = nil, authentication: AuthenticationOutcome? = nil
        ) {
            ownMicroseconds = max(0, (headMicroseconds ?? totalMicroseconds) - (upstreamMicroseconds ?? 0))
            self.cache = cache
            self.authentication = authentication
            self.status = status
            self.bytesIn = bytesIn
            self.bytesOut = bytesOut
            self.totalMicroseconds = totalMicroseconds
            self.upstreamMicroseconds = upstreamMicroseconds
        }
    }

    /// An exchange took this route; `end` or `abandon` follows for each.
    package mutating func begin() {
        inFlight += 1
    }

    package mutating func end(_ outcome: Outcome) {
        inFlight -= 1
        record(outcome)
    }

    /// The client went away before anything could be answered.
    package mutating func abandon() {
        inFlight -= 1
    }

    /// Counts an exchange that never began here: one refused before its route was known.
    package mutating func record(_ outcome: Outcome) {
        statuses.count(outcome.status)
        bytesIn += outcome.bytesIn
        bytesOut += outcome.bytesOut
        total.record(microseconds: outcome.totalMicroseconds)
        gateway.record(microseconds: outcome.ownMicroseconds)
        if let result = outcome.cache { cache[result] += 1 }
        if let failure = outcome.authentication { authentication[failure] += 1 }
        if let waited = outcome.upstreamMicroseconds { upstream.record(microseconds: waited) }
    }

    /// A request whose trace is recorded was counted.
    package mutating func record(_ exemplar: Exemplars.Exemplar) { exemplars.record(exemplar) }

    package var isUntouched: Bool { inFlight == 0 && total.count == 0 }

    package static func += (left: inout RouteMetrics, right: RouteMetrics) {
        left.statuses += right.statuses
        left.bytesIn += right.bytesIn
        left.bytesOut += right.bytesOut
        left.total += right.total
        left.exemplars += right.exemplars
        left.gateway += right.gateway
        left.upstream += right.upstream
        left.inFlight += right.inFlight
        left.cache += right.cache
        left.authentication += right.authentication
        left.traffic += right.traffic
    }
}

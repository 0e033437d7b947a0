/// What a node tells the cluster about one upstream in one call, and what it asks for.
package struct BreakerReport: Hashable, Sendable {
    /// The outcomes since the report before.
    package struct Counts: Hashable, Sendable {
        package var calls = 0
        package var failed = 0
        /// Answered, but not in time.
        package var slow = 0

        package init() {}

        mutating func add(_ outcome: Breaker.Outcome, isSlow: Bool) {
            calls += 1
            if outcome == .failure { failed += 1 } else if isSlow { slow += 1 }
        }
    }

    package enum ProbeEnd: String, Hashable, Sendable {
        case succeeded, failed
        /// The request ended without evidence.
        case cancelled
        /// No request came for it.
        case unused
    }

    package struct Probe: Hashable, Sendable {
        package let number: Int
        package let end: ProbeEnd

        package init(number: Int, end: ProbeEnd) {
            self.number = number
            self.end = end
        }
    }

    /// The last epoch of the cluster that the node knows, which all of the report belongs to; 0: none.
    package var epoch = 0
    /// What the node holds that epoch's state to be, should Redis have lost it.
    package var isOpen = false
    package var remainingMicroseconds = 0
    package var counts = Counts()
    /// The node's own view: failures in a row, and the failed (or slow) calls of its window. Evidence for the quorum.
    package var consecutiveFailures = 0
    package var windowFailed = 0
    package var windowCalls = 0
    package var ended: [Probe] = []
    package var asksForProbe = false

    package init() {}
}

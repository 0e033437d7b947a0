import Telemetry

/// What a node tells of itself with each heartbeat.
package struct NodeDescription: Hashable, Sendable {
    /// Where clients are served.
    package var address = ""
    /// Of its admin listener.
    package var admin = ""
    package var version = ""
    /// Names the text of its configuration: nodes with the same one run the same file.
    package var revision = ""
    /// Requests that it has answered since it started.
    package var requests = 0
    /// Of them those with a 5xx status.
    package var failures = 0
    /// Where its configuration comes from: `file`, `redis` or `disk`.
    package var origin = ""
    /// The number of the revision that it runs; empty for a file.
    package var configuration = ""
    /// What it did in the seconds since the last heartbeat, oldest first.
    package var figures: [NodeFigures] = []
    /// Limit decisions that it recorded since then, and how they are kept.
    package var decisions: [DecisionAudit.Entry] = []
    package var decisionRules: DecisionAudit.Rules?

    package init() {}

    /// The latest figures as fields that a person can read; nothing before the first.
    var summary: [String] {
        guard let figures = figures.last else { return [] }
        return [
            "errors", "\(figures.errors)", "p99_us", "\(figures.latency.quantile(0.99) ?? 0)",
            "in_flight", "\(figures.inFlight)", "connections", "\(figures.connections)",
            "memory", "\(figures.memoryBytes)", "cpu_us", "\(figures.cpuMicroseconds)", "lag_us",
            "\(figures.lagMicroseconds)",
        ]
    }
}

/// Requests a second, from counts at two times.
struct RequestPace {
    private var last: (count: Int, at: ContinuousClock.Instant)?

    /// One decimal, as text.
    mutating func perSecond(_ count: Int, at now: ContinuousClock.Instant) -> String {
        defer { last = (count, now) }
        guard let last, now > last.at else { return "0.0" }
        let rate = Double(max(0, count - last.count)) / ((now - last.at) / .seconds(1))
        let tenths = Int(min(rate, 1e12) * 10)
        return "\(tenths / 10).\(tenths % 10)"
    }
}

import Policies

/// What Redis holds of the breaker of one upstream, as `breaker.lua` describes it.
package struct BreakerReading: Hashable, Sendable {
    /// What a node has told lately.
    package struct Evidence: Hashable, Sendable {
        package let node: String
        package let sinceReportMicroseconds: Int
        /// Failures in a row.
        package let row: Int
    }

    package enum Force: String, Sendable {
        case open, closed
    }

    package let upstream: String
    package let state: Breaker.State
    package let epoch: Int
    /// How long the state has lasted.
    package let ageMicroseconds: Int?
    package let cause: String
    /// By an operator.
    package let force: Force?
    /// Until it may be probed, or until the force ends; nil where neither is so.
    package let remainingMicroseconds: Int?
    /// Of the window, or as they were when it opened.
    package let calls: Int
    package let failed: Int
    package let slow: Int
    package let evidence: [Evidence]
    /// Nodes whose probes are out.
    package let probing: [String]

    /// - Parameter now: microseconds on the clock of Redis.
    package init(upstream: String, fields: [String: String], now: Int) {
        func number(_ field: String) -> Int? { fields[field].flatMap { storedInteger($0) } }
        self.upstream = upstream
        state = fields["state"].flatMap { Breaker.State(rawValue: $0) } ?? .closed
        epoch = number("epoch") ?? 0
        ageMicroseconds = number("since").map { max(0, now - $0) }
        cause = fields["cause"] ?? ""
        let end = number("until").map { max(0, $0 - now) }
        let force = fields["forced"].flatMap { Force(rawValue: $0) }
        // A force that is over is only noticed, and removed, at the next report.
        self.force = end == 0 ? nil : force
        remainingMicroseconds = state == .open || self.force != nil ? end : nil
        calls = number("calls") ?? 0
        failed = number("failed") ?? 0
        slow = number("slow") ?? 0
        evidence = fields.compactMap { field, value -> Evidence? in
            guard field.hasPrefix("traffic:"), let time = storedInteger(value) else { return nil }
            let node = String(field.dropFirst("traffic:".count))
            return Evidence(node: node, sinceReportMicroseconds: max(0, now - time), row: number("row:\(node)") ?? 0)
        }.sorted { $0.node < $1.node }
        probing = fields.compactMap { field, value -> String? in
            guard field.hasPrefix("probe:"), let match = value.wholeMatch(of: /(.*) until (\d+)/),
                let expiry = storedInteger(match.2), expiry > now
            else { return nil }
            return String(match.1)
        }.sorted()
    }
}

/// What is counted for each version of a route's API.
package struct VersionMetrics: Sendable {
    package private(set) var statuses = StatusCounts()
    package private(set) var total = LatencyHistogram()

    package init() {}

    package mutating func record(status: Int, microseconds: Int) {
        statuses.count(status)
        total.record(microseconds: microseconds)
    }

    package static func += (left: inout VersionMetrics, right: VersionMetrics) {
        left.statuses += right.statuses
        left.total += right.total
    }
}

/// A route and a version of it, as one name: neither has a blank in it.
package enum VersionLabel {
    package static func key(route: String, version: String) -> String { "\(route) \(version)" }

    static func labels(_ key: String) -> [(name: String, value: String)] {
        let parts = key.split(separator: " ", maxSplits: 1).map(String.init)
        return [("route", parts[0]), ("version", parts.count > 1 ? parts[1] : "")]
    }
}

/// The part of the page for Prometheus that is about versions; those that nobody asked for are left out.
enum VersionPages {
    static func render(_ versions: [(String, VersionMetrics)], _ writer: inout PrometheusWriter) {
        let asked = versions.filter { $0.1.total.count > 0 }.map { (VersionLabel.labels($0.0), $0.1) }
        writer.begin("sluice_version_requests_total", .counter, "Requests answered, by version of a route's API.")
        for (labels, metrics) in asked {
            for (status, count) in zip(StatusCounts.classes, metrics.statuses.byClass) where count > 0 {
                writer.sample(labels + [("status", status)], count)
            }
        }
        writer.begin(
            "sluice_version_request_duration_seconds", .histogram, "From a request's first byte to its reply's last.")
        for (labels, metrics) in asked { writer.histogram(labels, metrics.total, .requests) }
    }
}

/// What a route's traffic policy did besides forwarding.
package enum TrafficOutcome: Int, CaseIterable, Sendable {
    /// `mirrored`: the copy was answered. `mirrorFailed`: it was not. `mirrorDropped`: it was never sent, for want of room.
    case mirrored, mirrorFailed, mirrorDropped
    /// Faults that were injected.
    case delayed, aborted
}

/// The part of the page for Prometheus that is about traffic policy; routes without one are left out.
enum TrafficPages {
    static func render(_ routes: [(String, RouteMetrics)], _ writer: inout PrometheusWriter) {
        let busy = routes.filter { $0.1.traffic.total > 0 }
        writer.begin("sluice_mirror_requests_total", .counter, "Copies of requests, by what came of them.")
        let mirrors: [(TrafficOutcome, String)] = [
            (.mirrored, "answered"), (.mirrorFailed, "failed"), (.mirrorDropped, "dropped"),
        ]
        for (route, metrics) in busy {
            for (outcome, label) in mirrors {
                writer.sample([("route", route), ("result", label)], metrics.traffic[outcome])
            }
        }
        writer.begin("sluice_faults_injected_total", .counter, "Faults that routes have injected.")
        for (route, metrics) in busy {
            writer.sample([("route", route), ("kind", "delay")], metrics.traffic[.delayed])
            writer.sample([("route", route), ("kind", "abort")], metrics.traffic[.aborted])
        }
    }
}

/// Why a caller was not let in where a credential is needed.
package enum AuthenticationOutcome: Int, CaseIterable, Sendable {
    /// `missing`: no credential. `rejected`: a bad one. `expired`: one that was good. `throttled`: its address has failed too
    /// often. `unavailable`: who could tell was not to be asked.
    case missing, rejected, expired, throttled, unavailable

    package var label: String { "\(self)" }
}

/// The part of the page for Prometheus that is about callers who were not let in; routes that turned nobody away are left out.
enum AuthenticationPages {
    static func render(_ routes: [(String, RouteMetrics)], _ writer: inout PrometheusWriter) {
        writer.begin(
            "sluice_authentication_failures_total", .counter, "Requests whose caller could not be authenticated.")
        for (route, metrics) in routes where metrics.authentication.total > 0 {
            for reason in AuthenticationOutcome.allCases {
                writer.sample([("route", route), ("reason", reason.label)], metrics.authentication[reason])
            }
        }
    }
}

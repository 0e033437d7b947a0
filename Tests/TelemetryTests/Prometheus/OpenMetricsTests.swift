import Testing

@testable import Telemetry

@Suite("The OpenMetrics exposition")
struct OpenMetricsTests {
    private func page() -> [String] {
        var names = MetricNames()
        let route = names.routes.index(of: "users")
        let metrics = WorkerMetrics(names: names)
        metrics.values.routes[route].begin()
        metrics.values.routes[route].end(
            .init(status: 200, bytesIn: 0, bytesOut: 5, totalMicroseconds: 1200, upstreamMicroseconds: 1000))
        metrics.values.routes[route].record(
            .init(traceHigh: 0xABC, traceLow: 1, microseconds: 1200, wallMicroseconds: 1_700_000_000_500_000))
        let snapshot = MetricsSnapshot(
            names: names, summing: [metrics.values],
            process: ProcessMetrics(residentBytes: 1, cpuMicroseconds: 2, openDescriptors: 3),
            workers: [.init(connections: 4, lagMicroseconds: 1500)])
        return String(decoding: PrometheusText.render(snapshot, as: .openMetrics), as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    @Test("it ends in EOF, counters are named without their suffix, and nothing else has an unknown type")
    func format() throws {
        let lines = page()
        #expect(lines.suffix(2) == ["# EOF", ""])
        #expect(lines.contains("# TYPE sluice_requests counter"))
        #expect(lines.contains(#"sluice_requests_total{route="users",status="2xx"} 1"#))
        #expect(!lines.contains { $0.hasPrefix("# TYPE") && $0.contains("_total ") })
        let families = lines.filter { $0.hasPrefix("# TYPE ") }.map { $0.split(separator: " ")[2] }
        #expect(Set(families).count == families.count)
        #expect(lines.contains(#"sluice_worker_lag_seconds{worker="0"} 0.001500"#))
    }

    @Test("a bucket shows the trace of a request that fell into it")
    func exemplars() {
        let trace = String(repeating: "0", count: 13) + "abc" + String(repeating: "0", count: 15) + "1"
        let expected =
            "sluice_request_duration_seconds_bucket{route=\"users\",le=\"0.0015\"} 1 # {trace_id=\"\(trace)\"} 0.001200 1700000000.500000"
        #expect(page().contains(expected))
        #expect(page().filter { $0.contains("trace_id") }.count == 1)
    }

    @Test(
        "it is only given to who asks for it",
        arguments: [
            ("", false), ("text/plain", false), ("*/*", false),
            ("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3", true),
        ])
    func negotiation(accept: String, isOpenMetrics: Bool) {
        #expect(PrometheusText.Format(accept: accept).contentType.hasPrefix("application/") == isOpenMetrics)
    }
}

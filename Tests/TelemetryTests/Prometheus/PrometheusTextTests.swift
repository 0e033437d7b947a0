import Testing

@testable import Telemetry

@Suite("Prometheus text")
struct PrometheusTextTests {
    @Test("an untouched gateway renders families, breakers and no routes")
    func untouched() throws {
        var names = MetricNames()
        _ = names.routes.index(of: "users")
        _ = names.upstreams.index(of: "backend")
        let page = try parse(MetricsSnapshot(names: names, summing: []))
        #expect(page.value("sluice_breaker_state", ["upstream": "backend"]) == 0)
        #expect(page.value("sluice_connections") == 0)
        #expect(!page.samples.contains { $0.labels["route"] != nil })
        #expect(page.types["sluice_request_duration_seconds"] == "histogram")
        #expect(page.types["sluice_requests_total"] == "counter")
    }

    @Test("what was counted is on the page, summed over workers")
    func counts() throws {
        let page = try parse(busySnapshot())
        #expect(page.value("sluice_requests_total", ["route": "users", "status": "2xx"]) == 20)
        #expect(page.value("sluice_requests_total", ["route": "users", "status": "4xx"]) == 2)
        #expect(page.value("sluice_requests_total", ["route": "(none)", "status": "4xx"]) == 2)
        #expect(page.value("sluice_responses_total", ["route": "users", "code": "429"]) == 2)
        #expect(page.value("sluice_request_bytes_total", ["route": "users"]) == 220)
        #expect(page.value("sluice_requests_in_flight", ["route": "users"]) == 2)
        #expect(page.value("sluice_limit_decisions_total", ["policy": "users#1", "decision": "admitted"]) == 20)
        #expect(page.value("sluice_limit_decisions_total", ["policy": "users#1", "decision": "degraded"]) == 6)
        #expect(page.value("sluice_limit_decisions_total", ["policy": "users#1", "decision": "shadow_refused"]) == 8)
        #expect(page.value("sluice_limit_answers_total", ["from": "lease"]) == 18)
        #expect(page.value("sluice_limit_answers_total", ["from": "known_refusal"]) == 0)
        #expect(page.value("sluice_limit_answers_total", ["from": "redis"]) == 4)
        #expect(page.value("sluice_limit_joined_total") == 2)
        #expect(page.value("sluice_limit_lease_calls_total") == 6)
        #expect(page.value("sluice_limit_lease_tokens_total", ["way": "granted"]) == 40)
        #expect(page.value("sluice_limit_lease_tokens_total", ["way": "returned"]) == 8)
        #expect(page.value("sluice_limit_leases") == 2)
        #expect(page.value("sluice_nodes") == 3)
        #expect(page.value("sluice_upstream_failures_total", ["upstream": "backend", "kind": "connect_timeout"]) == 2)
        #expect(page.value("sluice_breaker_state", ["upstream": "backend"]) == 2)
        #expect(page.value("sluice_breaker_transitions_total", ["upstream": "backend", "to": "open"]) == 2)
        #expect(page.value("sluice_redis_failures_total", ["kind": "timeout"]) == 4)
        #expect(page.value("sluice_connections") == 14)
        #expect(page.value("sluice_access_log_dropped_lines_total") == 3)
        #expect(page.value("process_cpu_seconds_total") == 12.000345)
    }

    @Test("histograms are cumulative, in seconds, and end with everything")
    func histograms() throws {
        let page = try parse(busySnapshot())
        let fine = [
            "sluice_gateway_duration_seconds", "sluice_redis_duration_seconds", "sluice_event_loop_lag_seconds",
        ]
        for family in page.types.filter({ $0.value == "histogram" }).keys {
            let series = Dictionary(grouping: page.samples.filter { $0.name == family + "_bucket" }) { sample in
                sample.labels.filter { $0.key != "le" }
            }
            for (labels, buckets) in series {
                #expect(buckets.count == (fine.contains(family) ? 15 : 26))
                #expect(buckets.map(\.value) == buckets.map(\.value).sorted())
                #expect(buckets.last?.labels["le"] == "+Inf")
                #expect(buckets.last?.value == page.value(family + "_count", labels))
                let boundaries = buckets.compactMap { $0.labels["le"].flatMap(Double.init) }
                #expect(boundaries == boundaries.sorted())
            }
        }
        let route = ["route": "users"]
        #expect(page.value("sluice_request_duration_seconds_sum", route) == 0.044)
        #expect(page.value("sluice_request_duration_seconds_bucket", ["route": "users", "le": "0.001"]) == 0)
        #expect(page.value("sluice_request_duration_seconds_bucket", ["route": "users", "le": "0.0025"]) == 22)
        #expect(page.value("sluice_gateway_duration_seconds_bucket", ["route": "users", "le": "0.0001"]) == 22)
    }

    @Test("names with quotes, backslashes and newlines survive")
    func escaping() throws {
        let name = "a\"b\\c\nd{e=\"f\",é}"
        var names = MetricNames()
        let index = names.routes.index(of: name)
        let worker = WorkerMetrics(names: names)
        worker.values.routes[index].record(.init(status: 200, bytesIn: 0, bytesOut: 0, totalMicroseconds: 1))
        let page = try parse(MetricsSnapshot(names: names, summing: [worker.values]))
        #expect(page.value("sluice_requests_total", ["route": name, "status": "2xx"]) == 1)
    }

    @Test("callers who were not let in are counted by reason, on routes that turned any away")
    func authentication() throws {
        var names = MetricNames()
        let (users, open) = (names.routes.index(of: "users"), names.routes.index(of: "open"))
        let worker = WorkerMetrics(names: names)
        for reason in [AuthenticationOutcome.missing, .rejected, .rejected] {
            worker.values.routes[users].record(
                .init(status: 401, bytesIn: 0, bytesOut: 0, totalMicroseconds: 1, authentication: reason))
        }
        worker.values.routes[open].record(.init(status: 200, bytesIn: 0, bytesOut: 0, totalMicroseconds: 1))
        let page = try parse(MetricsSnapshot(names: names, summing: [worker.values, worker.values]))
        let name = "sluice_authentication_failures_total"
        #expect(page.value(name, ["route": "users", "reason": "rejected"]) == 4)
        #expect(page.value(name, ["route": "users", "reason": "missing"]) == 2)
        #expect(page.value(name, ["route": "users", "reason": "throttled"]) == 0)
        #expect(page.value(name, ["route": "open", "reason": "missing"]) == nil)
    }

    private func parse(_ snapshot: MetricsSnapshot) throws -> ExpositionParser {
        try ExpositionParser(String(decoding: PrometheusText.render(snapshot), as: UTF8.self))
    }

    private func busyLeases() -> LeaseMetrics {
        var leases = LeaseMetrics()
        leases.answers[.lease] = 9
        leases.answers[.redis] = 2
        (leases.joined, leases.calls) = (1, 3)
        (leases.grantedTokens, leases.returnedTokens, leases.held) = (20, 4, 1)
        return leases
    }

    /// Two workers that saw the same.
    private func busySnapshot() -> MetricsSnapshot {
        var names = MetricNames()
        let users = names.routes.index(of: "users")
        let backend = names.upstreams.index(of: "backend")
        let policy = names.policies.index(of: "users#1")
        let worker = WorkerMetrics(names: names)
        for number in 0..<11 {
            worker.values.routes[users].begin()
            worker.values.routes[users].end(
                .init(
                    status: number == 0 ? 429 : 200, bytesIn: 10, bytesOut: 100, totalMicroseconds: 2000,
                    upstreamMicroseconds: 1950))
        }
        worker.values.routes[users].begin()
        worker.values.routes[NameIndex.none].record(
            .init(status: 404, bytesIn: 0, bytesOut: 10, totalMicroseconds: 20))
        worker.values.policies[policy][.admitted] = 10
        worker.values.policies[policy][.degraded] = 3
        worker.values.policies[policy][.shadowRefused] = 4
        worker.values.upstreams[backend].failures[.connectTimeout] = 1
        worker.values.upstreams[backend].breaker = .open
        worker.values.upstreams[backend].transitions[.open] = 1
        worker.values.upstreams[backend].latency.record(microseconds: 1900)
        worker.values.leases = busyLeases()
        worker.values.redis.failures[.timeout] = 2
        worker.values.redis.latency.record(microseconds: 120)
        worker.values.connections.open = 7
        return MetricsSnapshot(
            names: names, summing: [worker.values, worker.values],
            accessLog: AccessLogStatistics(linesWritten: 9, linesDropped: 3),
            process: ProcessMetrics(residentBytes: 1, cpuMicroseconds: 12_000_345, openDescriptors: 5), nodes: 3)
    }
}

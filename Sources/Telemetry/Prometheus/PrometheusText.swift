/// The page that Prometheus scrapes. Routes, upstreams and policies that have seen nothing are left out, except for
/// breakers, whose state is worth knowing before the first request.
package enum PrometheusText {
    package enum Format: Sendable {
        case prometheus
        /// With exemplars: a trace that took as long as its bucket says.
        case openMetrics

        /// What a scraper asks for, by its `Accept`. Prometheus asks for OpenMetrics with the higher preference, and says so
        /// first; weights between the two are not compared.
        package init(accept: String) {
            self = accept.lowercased().contains("application/openmetrics-text") ? .openMetrics : .prometheus
        }

        package var contentType: String {
            switch self {
            case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
            case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
            }
        }
    }

    package static func render(_ snapshot: MetricsSnapshot, as format: Format = .prometheus) -> [UInt8] {
        var writer = PrometheusWriter(format)
        let values = snapshot.values
        let routes = zip(snapshot.names.routes.names, values.routes).filter { !$0.1.isUntouched }
        renderRequests(Array(routes), &writer)
        renderDurations(Array(routes), &writer)
        renderCache(Array(routes), values.cache, &writer)
        AuthenticationPages.render(Array(routes), &writer)
        TrafficPages.render(Array(routes), &writer)
        VersionPages.render(Array(zip(snapshot.names.versions.names, values.versions)), &writer)
        renderLimits(Array(zip(snapshot.names.policies.names, values.policies)), &writer)
        renderLeases(values.leases, &writer)
        let upstreams = zip(snapshot.names.upstreams.names, values.upstreams).dropFirst(2)
        renderUpstreams(Array(upstreams), &writer)
        renderSteps(Array(zip(snapshot.names.steps.names, values.steps)), &writer)
        renderBreakers(Array(upstreams), &writer)
        renderCare(Array(upstreams), &writer)
        writer.begin("sluice_nodes", .gauge, "Live nodes of the cluster, as this one last knew.")
        writer.sample(snapshot.nodes)
        renderRedis(values.redis, &writer)
        renderConnections(values.connections, &writer)
        renderShedding(values.shedding, &writer)
        renderAccessLog(snapshot.accessLog, &writer)
        snapshot.configuration?.render(&writer)
        renderTraces(values.traces, &writer)
        writer.begin("sluice_decisions_dropped_total", .counter, "Limit decisions that the audit had no room for.")
        writer.sample(values.droppedDecisions)
        renderWorkers(snapshot, &writer)
        if let process = snapshot.process { renderProcess(process, &writer) }
        writer.end()
        return writer.text
    }

    private static func renderRequests(_ routes: [(String, RouteMetrics)], _ writer: inout PrometheusWriter) {
        writer.begin("sluice_requests_total", .counter, "Requests answered, by route and class of status.")
        for (route, metrics) in routes {
            for (status, count) in zip(StatusCounts.classes, metrics.statuses.byClass) where count > 0 {
                writer.sample([("route", route), ("status", status)], count)
            }
        }
        writer.begin("sluice_responses_total", .counter, "Requests answered, by route and status, for common statuses.")
        for (route, metrics) in routes {
            for (status, count) in metrics.statuses.byStatus {
                writer.sample([("route", route), ("code", String(status))], count)
            }
        }
        writer.begin("sluice_request_bytes_total", .counter, "Bytes of request bodies received.")
        for (route, metrics) in routes { writer.sample([("route", route)], metrics.bytesIn) }
        writer.begin("sluice_response_bytes_total", .counter, "Bytes of response bodies sent.")
        for (route, metrics) in routes { writer.sample([("route", route)], metrics.bytesOut) }
        writer.begin("sluice_requests_in_flight", .gauge, "Requests that are being served now.")
        for (route, metrics) in routes { writer.sample([("route", route)], metrics.inFlight) }
    }

    private static func renderDurations(_ routes: [(String, RouteMetrics)], _ writer: inout PrometheusWriter) {
        writer.begin("sluice_request_duration_seconds", .histogram, "From a request's first byte to its reply's last.")
        for (route, metrics) in routes {
            writer.histogram([("route", route)], metrics.total, .requests, exemplars: metrics.exemplars)
        }
        writer.begin(
            "sluice_gateway_duration_seconds", .histogram,
            "What the gateway itself took: from a request's head to the head of its answer, less waiting for upstreams."
        )
        for (route, metrics) in routes { writer.histogram([("route", route)], metrics.gateway, .fine) }
        writer.begin(
            "sluice_request_upstream_seconds", .histogram, "The part of a request spent waiting for upstreams.")
        for (route, metrics) in routes where metrics.upstream.count > 0 {
            writer.histogram([("route", route)], metrics.upstream, .requests)
        }
    }

    private static func renderCache(
        _ routes: [(String, RouteMetrics)], _ memory: CacheGauges, _ writer: inout PrometheusWriter
    ) {
        writer.begin("sluice_cache_requests_total", .counter, "How the cache took part, on routes that have one.")
        for (route, metrics) in routes where metrics.cache.total > 0 {
            for outcome in CacheOutcome.allCases {
                writer.sample([("route", route), ("result", "\(outcome.label)")], metrics.cache[outcome])
            }
        }
        writer.begin("sluice_cache_memory_bytes", .gauge, "Cached responses in the node's memory.")
        writer.sample(memory.bytes)
        writer.begin("sluice_cache_memory_entries", .gauge, "Keys with cached responses in the node's memory.")
        writer.sample(memory.entries)
        writer.begin("sluice_cache_evictions_total", .counter, "Keys that left the memory to make room.")
        writer.sample(memory.evictions)
    }

    private static func renderLimits(_ policies: [(String, LimitMetrics)], _ writer: inout PrometheusWriter) {
        writer.begin("sluice_limit_decisions_total", .counter, "What limits decided, by policy.")
        for (policy, metrics) in policies where metrics.total > 0 {
            for decision in LimitDecision.allCases {
                writer.sample([("policy", policy), ("decision", "\(decision.label)")], metrics[decision])
            }
        }
    }

    private static func renderLeases(_ leases: LeaseMetrics, _ writer: inout PrometheusWriter) {
        writer.begin("sluice_limit_answers_total", .counter, "Requests with limits, by who decided about them.")
        for answer in LimitAnswer.allCases { writer.sample([("from", answer.label)], leases.answers[answer]) }
        writer.begin("sluice_limit_joined_total", .counter, "Requests that waited for another one's answer from Redis.")
        writer.sample(leases.joined)
        writer.begin(
            "sluice_limit_lease_calls_total", .counter, "Calls to Redis for leases that no request waited for.")
        writer.sample(leases.calls)
        writer.begin("sluice_limit_lease_tokens_total", .counter, "Tokens that leases were granted, and gave back.")
        writer.sample([("way", "granted")], leases.grantedTokens)
        writer.sample([("way", "returned")], leases.returnedTokens)
        writer.begin("sluice_limit_leases", .gauge, "Leases that are looked after now, of all workers.")
        writer.sample(leases.held)
    }

    private static func renderShedding(_ shedding: SheddingMetrics, _ writer: inout PrometheusWriter) {
        writer.begin("sluice_buffer_bytes", .gauge, "What is held for clients and upstreams that are slow.")
        writer.sample(shedding.heldBytes)
        writer.begin("sluice_buffer_limit_bytes", .gauge, "What may be held: limits.memory.")
        writer.sample(shedding.limitBytes)
        writer.begin("sluice_requests_shed_total", .counter, "Requests that were refused to save what they need.")
        for rank in PriorityRank.allCases {
            writer.sample([("reason", "memory"), ("priority", rank.label)], shedding.byMemory[rank])
        }
    }

    private static func renderUpstreams(_ upstreams: [(String, UpstreamMetrics)], _ writer: inout PrometheusWriter) {
        writer.begin("sluice_upstream_attempts_total", .counter, "Attempts at an upstream, retries included.")
        for (name, metrics) in upstreams { writer.sample([("upstream", name)], metrics.attempts) }
        writer.begin("sluice_upstream_retries_total", .counter, "Attempts that repeated a failed one.")
        for (name, metrics) in upstreams { writer.sample([("upstream", name)], metrics.retries) }
        writer.begin("sluice_upstream_failures_total", .counter, "Attempts that got no response, by kind of failure.")
        for (name, metrics) in upstreams {
            for kind in UpstreamFailureKind.allCases {
                writer.sample([("upstream", name), ("kind", kind.label)], metrics.failures[kind])
            }
        }
        writer.begin("sluice_upstream_responses_total", .counter, "Responses of an upstream, by class of status.")
        for (name, metrics) in upstreams {
            for (status, count) in zip(StatusCounts.classes, metrics.statuses.byClass) where count > 0 {
                writer.sample([("upstream", name), ("status", status)], count)
            }
        }
        writer.begin("sluice_upstream_duration_seconds", .histogram, "From sending an attempt to its response's head.")
        for (name, metrics) in upstreams where metrics.latency.count > 0 {
            writer.histogram([("upstream", name)], metrics.latency, .requests)
        }
        writer.begin("sluice_upstream_connections", .gauge, "Connections to an upstream.")
        for (name, metrics) in upstreams {
            writer.sample([("upstream", name), ("state", "active")], metrics.activeConnections)
            writer.sample([("upstream", name), ("state", "idle")], metrics.idleConnections)
        }
        writer.begin("sluice_upstream_pending", .gauge, "Attempts that wait for a connection to an upstream.")
        for (name, metrics) in upstreams { writer.sample([("upstream", name)], metrics.pending) }
    }

    private static func renderCare(_ upstreams: [(String, UpstreamMetrics)], _ writer: inout PrometheusWriter) {
        writer.begin("sluice_upstream_hedges_total", .counter, "Second attempts beside late ones, and those that won.")
        for (name, metrics) in upstreams {
            writer.sample([("upstream", name), ("result", "sent")], metrics.hedges)
            writer.sample([("upstream", name), ("result", "won")], metrics.hedgeWins)
        }
        let bounded = upstreams.compactMap { name, metrics in metrics.concurrencyLimit.map { (name, $0, metrics) } }
        writer.begin(
            "sluice_upstream_concurrency_limit", .gauge, "Requests at once that the adaptive limit allows now.")
        for (name, limit, _) in bounded { writer.sample([("upstream", name)], limit) }
        writer.begin("sluice_upstream_concurrency", .gauge, "Requests under way, for upstreams with an adaptive limit.")
        for (name, _, metrics) in bounded { writer.sample([("upstream", name)], metrics.inFlight) }
        writer.begin("sluice_upstream_shed_total", .counter, "Requests that the adaptive limit has refused.")
        for (name, _, metrics) in bounded { writer.sample([("upstream", name)], metrics.shed) }
        writer.begin("sluice_health_checks_total", .counter, "Health checks that this node has made.")
        for (name, metrics) in upstreams where metrics.healthChecks > 0 {
            writer.sample([("upstream", name)], metrics.healthChecks)
        }
        writer.begin("sluice_health_prober", .gauge, "Whether this node checks an upstream for the cluster.")
        for (name, metrics) in upstreams { writer.sample([("upstream", name)], metrics.checksForCluster ? 1 : 0) }
    }

    private static func renderSteps(_ steps: [(String, StepMetrics)], _ writer: inout PrometheusWriter) {
        let steps = steps.filter { $0.1.duration.count > 0 }.map { (labels: labels(ofStep: $0.0), metrics: $0.1) }
        writer.begin("sluice_aggregation_failures_total", .counter, "Requests of steps that came to nothing.")
        for step in steps { writer.sample(step.labels, step.metrics.failures) }
        writer.begin("sluice_aggregation_step_seconds", .histogram, "How long requests of steps took, with retries.")
        for step in steps { writer.histogram(step.labels, step.metrics.duration, .requests) }
    }

    private static func labels(ofStep name: String) -> [(String, String)] {
        let slash = name.firstIndex(of: "/") ?? name.endIndex
        return [("route", String(name[..<slash])), ("step", String(name[slash...].dropFirst()))]
    }

    private static func renderBreakers(_ upstreams: [(String, UpstreamMetrics)], _ writer: inout PrometheusWriter) {
        writer.begin("sluice_breaker_state", .gauge, "An upstream's breaker: 0 closed, 1 half-open, 2 open.")
        for (name, metrics) in upstreams { writer.sample([("upstream", name)], metrics.breaker.rawValue) }
        writer.begin("sluice_breaker_transitions_total", .counter, "Transitions of breakers, by the state entered.")
        for (name, metrics) in upstreams {
            for state in BreakerGauge.allCases {
                writer.sample([("upstream", name), ("to", state.label)], metrics.transitions[state])
            }
        }
        writer.begin("sluice_breaker_refusals_total", .counter, "Requests that an open breaker answered.")
        for (name, metrics) in upstreams { writer.sample([("upstream", name)], metrics.breakerRefusals) }
        writer.begin("sluice_breaker_shared", .gauge, "Whether a breaker follows the cluster's: 1, or 0 while alone.")
        for (name, metrics) in upstreams { writer.sample([("upstream", name)], metrics.isBreakerShared ? 1 : 0) }
        writer.begin("sluice_upstream_ejected_targets", .gauge, "Targets that are out of balancing.")
        for (name, metrics) in upstreams { writer.sample([("upstream", name)], metrics.ejectedTargets) }
        writer.begin("sluice_upstream_unhealthy_targets", .gauge, "Targets whose health check fails.")
        for (name, metrics) in upstreams { writer.sample([("upstream", name)], metrics.unhealthyTargets) }
        writer.begin("sluice_upstream_ejections_total", .counter, "How often a target was taken out of balancing.")
        for (name, metrics) in upstreams { writer.sample([("upstream", name)], metrics.ejections) }
    }

    private static func renderRedis(_ redis: RedisMetrics, _ writer: inout PrometheusWriter) {
        writer.begin("sluice_redis_commands_total", .counter, "Commands sent to Redis.")
        writer.sample(redis.commands)
        writer.begin("sluice_redis_failures_total", .counter, "Commands to Redis that failed, by kind of failure.")
        for kind in RedisFailureKind.allCases { writer.sample([("kind", kind.label)], redis.failures[kind]) }
        writer.begin("sluice_redis_reconnects_total", .counter, "Connections to Redis made anew after a loss.")
        writer.sample(redis.reconnects)
        writer.begin("sluice_redis_connections", .gauge, "Open connections to Redis.")
        writer.sample(redis.openConnections)
        writer.begin("sluice_redis_duration_seconds", .histogram, "From sending a command to its reply.")
        writer.histogram([], redis.latency, .fine)
    }

    private static func renderConnections(_ connections: ConnectionMetrics, _ writer: inout PrometheusWriter) {
        writer.begin("sluice_connections", .gauge, "Open connections of clients.")
        writer.sample(connections.open)
        writer.begin("sluice_connections_accepted_total", .counter, "Connections accepted from clients.")
        writer.sample(connections.accepted)
        writer.begin("sluice_connections_refused_total", .counter, "Connections closed at once because of the limit.")
        writer.sample(connections.refused)
        writer.begin("sluice_tls_handshake_failures_total", .counter, "TLS handshakes of clients that failed.")
        writer.sample(connections.failedHandshakes)
        writer.begin(
            "sluice_http2_floods_total", .counter, "HTTP/2 connections ended because their client flooded them.")
        writer.sample(connections.floods)
        writer.begin("sluice_tunnels", .gauge, "Upgraded connections, such as WebSockets, that are open.")
        writer.sample(connections.tunnels)
        writer.begin("sluice_malformed_requests_total", .counter, "Requests whose bytes were refused.")
        writer.sample(connections.malformedRequests)
    }

    private static func renderAccessLog(_ log: AccessLogStatistics, _ writer: inout PrometheusWriter) {
        writer.begin("sluice_access_log_lines_total", .counter, "Lines written to the access log.")
        writer.sample(log.linesWritten)
        writer.begin("sluice_access_log_dropped_lines_total", .counter, "Lines the access log's output did not take.")
        writer.sample(log.linesDropped)
    }

    private static func renderTraces(_ traces: TraceCounts, _ writer: inout PrometheusWriter) {
        writer.begin("sluice_traces_total", .counter, "Requests that were recorded as traces, by what became of them.")
        writer.sample([("result", "exported")], traces.exported)
        writer.sample([("result", "dropped")], traces.dropped)
        writer.sample([("result", "failed")], traces.failed)
    }

    private static func renderWorkers(_ snapshot: MetricsSnapshot, _ writer: inout PrometheusWriter) {
        writer.begin(
            "sluice_event_loop_lag_seconds", .histogram,
            "How late the clocks of the workers ticked: 100 ticks a second.")
        writer.histogram([], snapshot.values.lag, .fine)
        writer.begin("sluice_worker_lag_seconds", .gauge, "The worst lag of each worker within its last second.")
        for (index, worker) in snapshot.workers.enumerated() {
            writer.sample([("worker", "\(index)")], seconds: worker.lagMicroseconds)
        }
        writer.begin("sluice_worker_connections", .gauge, "Open connections of clients, by worker.")
        for (index, worker) in snapshot.workers.enumerated() {
            writer.sample([("worker", "\(index)")], worker.connections)
        }
    }

    private static func renderProcess(_ process: ProcessMetrics, _ writer: inout PrometheusWriter) {
        writer.begin("process_resident_memory_bytes", .gauge, "Resident memory size in bytes.")
        writer.sample(process.residentBytes)
        writer.begin("process_cpu_seconds_total", .counter, "User and system CPU time spent in seconds.")
        writer.sample(seconds: process.cpuMicroseconds)
        writer.begin("process_open_fds", .gauge, "Number of open file descriptors.")
        writer.sample(process.openDescriptors)
    }
}

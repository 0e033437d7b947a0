import Foundation
import Synchronization
import TestSupport
import Testing

extension Cluster {
    @Suite("Traces, logs and decisions of real nodes")
    struct TelemetrySuite {
        /// A collector of OTLP/HTTP that keeps the spans it was sent.
        private final class Collector: Sendable {
            let origin: TestOrigin
            init(status: String = "200 OK") throws {
                origin = try TestOrigin { _ in
                    [.text("HTTP/1.1 \(status)\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")]
                }
            }

            var spans: [[String: Any]] {
                origin.requests.flatMap { request -> [[String: Any]] in
                    let resources = request.message.json["resourceSpans"] as? [[String: Any]] ?? []
                    return resources.flatMap { $0["scopeSpans"] as? [[String: Any]] ?? [] }.flatMap {
                        $0["spans"] as? [[String: Any]] ?? []
                    }
                }
            }

            func served(_ kind: Int = 2) -> [[String: Any]] { spans.filter { $0["kind"] as? Int == kind } }
        }

        private func node(
            _ upstream: DemoUpstream, _ rest: String, log: String = "off", environment: [String: String] = [:]
        ) async throws -> Node {
            try await Node(
                """
                access_log: \(log.hasPrefix("{") ? log : "{ path: \(log) }")
                upstreams:
                  app: { targets: ["\(upstream.url)"] }
                  dead: { targets: ["http://127.0.0.1:9"], breaker: off }
                routes:
                  - { name: app, match: { path: "/app/**" }, upstream: app }
                  - { name: limited, match: { path: "/limited" }, upstream: app, limit: { per: ip, rates: [5/hour] } }
                  - { name: dead, match: { path: "/dead" }, upstream: dead }
                \(rest)
                """, environment: environment)
        }

        @Test("spans reach a collector: sampled by the caller's word, errors always, with the upstream as a child")
        func traces() async throws {
            let (upstream, collector) = (try await DemoUpstream(), try Collector())
            let node = try await node(
                upstream,
                """
                telemetry:
                  traces: { endpoint: "\(collector.origin.url)", sample: 0%, headers: { X-Collector-Key: abc } }
                """)
            let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"
            let sampled = try request("/app/x", ["traceparent: \(parent)-01"], port: node.port)
            let passed = try #require(sampled.echoed("traceparent").first)
            #expect(passed.hasPrefix("00-4bf92f3577b34da6a3ce929d0e0e4736-") && passed.hasSuffix("-01"))
            _ = try request("/app/unsampled", ["traceparent: \(parent)-00"], port: node.port)
            _ = try request("/app/new", port: node.port)
            #expect(try request("/dead", port: node.port).status == 502)
            try await eventually("the spans have arrived") { collector.served().count >= 2 }
            try await Task.sleep(for: .milliseconds(1200))
            #expect(collector.served().count == 2, "nothing that was not to be recorded came after")
            let span = try #require(collector.served().first { $0["name"] as? String == "GET app" })
            #expect(span["traceId"] as? String == "4bf92f3577b34da6a3ce929d0e0e4736")
            #expect(span["parentSpanId"] as? String == "00f067aa0ba902b7")
            let call = try #require(
                collector.served(3).first { $0["parentSpanId"] as? String == span["spanId"] as? String })
            #expect(passed.contains(call["spanId"] as? String ?? "?"), "the upstream's spans are the call's children")
            let failed = try #require(collector.served().first { $0["name"] as? String == "GET dead" })
            #expect((failed["status"] as? [String: Any])?["code"] as? Int == 2)
            let export = try #require(collector.origin.requests.first)
            #expect(export.message["X-Collector-Key"] == "abc")
            #expect(export.message["Content-Type"] == "application/json")
            #expect(try node.metric("sluice_traces_total", #"result="exported""#) == 2)
            let page = try node.api("/metrics", headers: ["Accept: application/openmetrics-text; version=1.0.0"])
            #expect(page.text.contains(##"# {trace_id="4bf92f3577b34da6a3ce929d0e0e4736"}"##))
            #expect(page.text.hasSuffix("# EOF\n"))
        }

        @Test("a collector that is away costs spans and nothing else; what is left is sent before a node stops")
        func collectorAway() async throws {
            let (upstream, collector) = (try await DemoUpstream(), try Collector())
            let away = try await node(
                upstream, "telemetry: { traces: { endpoint: \"http://127.0.0.1:9\", sample: 100% } }")
            for _ in 0..<5 { #expect(try request("/app/x", port: away.port).status == 200) }
            try await eventually("they are counted as failed") {
                try away.metric("sluice_traces_total", #"result="failed""#) == 5
            }
            let node = try await node(
                upstream, "telemetry: { traces: { endpoint: \"\(collector.origin.url)\", sample: 100% } }\ndrain: 2s")
            for _ in 0..<5 { _ = try request("/app/x", port: node.port) }
            node.signal(SIGTERM)
            #expect(try await node.waitForExit() == .exited(0))
            #expect(collector.served().count == 5)
        }

        @Test("the access log has the form, the fields and the sample that it is told, and no secrets")
        func accessLog() async throws {
            let upstream = try await DemoUpstream()
            let node = try await node(
                upstream, "",
                log:
                    "{ path: stdout, format: logfmt, sample: 0%, fields: [path, query, status, referer], headers: [X-Tenant, Authorization], redact: { query: [email] } }"
            )
            let headers = ["X-Tenant: shop", "Authorization: Bearer topsecret", "Referer: http://a.example/"]
            _ = try request("/app/ok", port: node.port)
            _ = try request("/dead?email=me@example.com&token=abc&v=1", headers, port: node.port)
            try await eventually("the error is logged") { node.output.contains("/dead") }
            #expect(!node.output.contains("/app/ok"), "what is no error is not in a sample of nothing")
            let line = try #require(node.output.split(separator: "\n").first)
            #expect(
                line.hasSuffix(
                    #"path=/dead query="email=REDACTED&token=REDACTED&v=1" status=502 referer=http://a.example/ header_x-tenant=shop header_authorization=REDACTED"#
                ), "\(line)")
            #expect(!node.output.contains("topsecret"))
        }

        @Test("decisions are recorded in a bounded stream, told by the API, and replayed against another policy")
        func decisions() async throws {
            let (upstream, redis) = (try await DemoUpstream(), try await RedisServer())
            let node = try await node(
                upstream,
                """
                state: { redis: "${TEST_REDIS}" }
                telemetry: { decisions: { sample: 100%, ttl: 1h } }
                """, environment: ["TEST_REDIS": redis.url])
            for _ in 0..<8 { _ = try request("/limited", port: node.port) }
            var decisions: [[String: Any]] = []
            try await eventually("all are recorded", within: .seconds(20)) {
                decisions = try node.api("/api/decisions").json["decisions"] as? [[String: Any]] ?? []
                return decisions.count >= 8
            }
            #expect(decisions.count { $0["decision"] as? String == "admitted" } == 5)
            #expect(decisions.count { $0["decision"] as? String == "refused" } == 3)
            let first = try #require(decisions.last)
            #expect(first["policy"] as? String == "limited.ip" && first["subject"] as? String == "127.0.0.1")
            #expect((first["before"] as? Int ?? 0) - (first["after"] as? Int ?? 0) == 1)
            #expect(first["node"] as? String == "node1" && first["route"] as? String == "limited")
            let life = Int(try await redis.cli("PTTL", "sluice:decisions")) ?? -1
            #expect((1...3_600_000).contains(life), "every key expires")

            let environment = ["SLUICE_REDIS": redis.url]
            let replayed = try await sluice(
                "limits", "replay", "--policy", "2/hour", "--json", environment: environment)
            #expect(replayed.exit == .exited(0), "\(replayed.standardError)")
            #expect(try replayed.json["requests"] as? Int == 8)
            #expect(try replayed.json["refused"] as? Int == 6)
            let text = try await sluice("limits", "replay", "--policy", "100/hour", environment: environment)
            #expect(text.standardOutput.contains("would have refused 0 of 8 requests"), "\(text.standardOutput)")
            let wrong = try await sluice("limits", "replay", "--policy", "fast", environment: environment)
            #expect(wrong.exit != .exited(0) && wrong.standardError.contains("expected a rate such as 100/minute"))
            let unknown = try await sluice(
                "limits", "replay", "--policy", "1/hour", "--of", "nobody", environment: environment)
            #expect(unknown.exit == .exited(1) && unknown.standardError.contains("limited.ip"))
        }

        @Test("an access log is demand too")
        func replayOfLog() async throws {
            let files = try TemporaryDirectory("replay")
            let lines = (0..<10).map {
                #"{"time":"2026-02-03T04:05:0\#($0).000Z","client":"10.0.0.\#($0 % 2)","status":200}"#
            }
            let file = try files.write("access.log", lines.joined(separator: "\n"))
            let replayed = try await sluice(
                "limits", "replay", "--policy", "2/hour", "--from", file, "--subject", "client", "--json")
            #expect(try replayed.json["subjects"] as? Int == 2)
            #expect(try replayed.json["refused"] as? Int == 6)
        }

        @Test("top shows the cluster once, as text and as JSON")
        func top() async throws {
            let cluster = try await SharedCluster()
            let loads = cluster.nodes.map { Load(port: $0.port, "/plain/x", clients: 1, pause: .milliseconds(5)) }
            let environment = ["SLUICE_REDIS": cluster.redis.url]
            var page: [String: Any] = [:]
            try await eventually("three nodes are there", within: .seconds(30)) {
                page = try await sluice("top", "--once", "--json", environment: environment).json
                let now = page["cluster"] as? [String: Any] ?? [:]
                return now["nodes"] as? Int == 3 && now["requests_per_second"] as? Double ?? 0 > 10
            }
            #expect(
                (page["nodes"] as? [[String: Any]])?.compactMap { $0["id"] as? String } == ["node1", "node2", "node3"])
            #expect((page["routes"] as? [[String: Any]])?.first?["name"] as? String == "plain")
            let text = try await sluice("top", "--once", environment: environment).standardOutput
            #expect(
                text.contains(/sluice +3 nodes/) && text.contains("node2") && text.contains(/p99 [\d.]+m?s/), "\(text)")
            for load in loads { _ = try await load.stop() }
        }
    }
}

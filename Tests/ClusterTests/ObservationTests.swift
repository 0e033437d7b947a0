import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("What a node tells of itself")
    struct ObservationTests {
        private let upstream: DemoUpstream

        init() async throws { upstream = try await DemoUpstream() }

        private func node(log: String, adminToken: String? = nil) async throws -> Node {
            try await Node(
                """
                access_log: { path: \(log) }
                drain: 1s
                upstreams: { app: { targets: ["\(upstream.url)"] } }
                authenticators: { keys: { api_key: {} } }
                consumers:
                  - id: acme
                    keys: ["sha256:8649cdebee753898fd50e01408a9e438aa5090249bc3e51b65f33dce973b0873"]
                routes:
                  - { name: users, match: { path: "/users/**" }, auth: keys, upstream: app,
                      limit: { per: consumer, rates: [3/hour] } }
                """, adminToken: adminToken)
        }

        @Test("health, readiness and metrics are served on the admin listener only")
        func admin() async throws {
            let node = try await node(log: "off")
            #expect(try request("/healthz", port: node.adminPort).json["status"] as? String == "alive")
            #expect(try request("/readyz", port: node.adminPort).json["status"] as? String == "ready")
            for path in ["/healthz", "/readyz", "/metrics"] {
                #expect(try request(path, port: node.port).status == 404)
            }
            #expect(try request("/other", port: node.adminPort).status == 404)
            #expect(try request("/metrics", method: "POST", port: node.adminPort).status == 405)
        }

        @Test("metrics count requests by route, limits by policy, and the process")
        func metrics() async throws {
            let node = try await node(log: "off")
            for _ in 0..<5 { _ = try request("/users/1", [SharedCluster.acmeKey], port: node.port) }
            _ = try request("/nowhere", port: node.port)
            let page = try request("/metrics", port: node.adminPort)
            #expect(page["Content-Type"]?.hasPrefix("text/plain; version=0.0.4") == true)
            let text = page.text
            #expect(text.contains("# TYPE sluice_requests_total counter"))
            #expect(text.contains(#"sluice_requests_total{route="users",status="2xx"} 3"#), "\(text)")
            #expect(text.contains(#"sluice_requests_total{route="users",status="4xx"} 2"#))
            #expect(text.contains(#"sluice_responses_total{route="users",code="429"} 2"#))
            #expect(try node.metric("sluice_responses_total", #"code="404""#) == 1)
            #expect(
                text.contains(#"sluice_limit_decisions_total{policy="users.consumer",decision="refused"} 2"#))
            #expect(text.contains(#"sluice_request_duration_seconds_count{route="users"} 5"#))
            #expect(try node.metric("process_open_fds") > 3)
            #expect(try node.metric("sluice_requests_in_flight") == 0)
        }

        @Test("callers who are not let in are counted by the reason")
        func authentication() async throws {
            let node = try await Node(
                """
                access_log: { path: off }
                authentication: { failures: 2/minute }
                upstreams: { app: { targets: ["\(upstream.url)"] } }
                authenticators:
                  keys: { api_key: {} }
                  idp: { introspection: { url: "http://127.0.0.1:9/", client_id: a, client_secret: b } }
                consumers:
                  - id: acme
                    keys: ["sha256:8649cdebee753898fd50e01408a9e438aa5090249bc3e51b65f33dce973b0873"]
                routes:
                  - { name: users, match: { path: "/users/**" }, auth: keys, upstream: app }
                  - { name: asks, match: { path: "/asks/**" }, auth: idp, upstream: app }
                """)
            func send(_ target: String, _ fields: String..., status: Int) throws {
                #expect(try request(target, fields, port: node.port).status == status, "\(target) \(fields)")
            }
            try send("/users/1", SharedCluster.acmeKey, status: 200)
            try send("/users/1", status: 401)
            try send("/asks/1", "Authorization: Bearer abc", status: 503)
            for _ in 0..<2 { try send("/users/1", "X-API-Key: wrong", status: 401) }
            try send("/users/1", "X-API-Key: wrong", status: 429)
            let name = "sluice_authentication_failures_total"
            #expect(try node.metric(name, #"route="users",reason="missing""#) == 1)
            #expect(try node.metric(name, #"route="users",reason="rejected""#) == 2)
            #expect(try node.metric(name, #"route="users",reason="throttled""#) == 1)
            #expect(try node.metric(name, #"route="asks",reason="unavailable""#) == 1)
            #expect(try node.metric(name) == 5)
        }

        @Test(
            "with telemetry.metrics off requests are not counted, by a reload too, and a node still tells how many they are"
        )
        func uncounted() async throws {
            let configuration = """
                access_log: { path: off }
                upstreams: { app: { targets: ["\(upstream.url)"] } }
                routes: [{ name: users, match: { path: "/users/**" }, upstream: app, limit: { per: ip, rates: [9/hour] } }]

                """
            let node = try await Node(configuration + "telemetry: { metrics: off }\n")
            #expect(try request("/users/1", port: node.port).status == 200)
            #expect(try request("/nowhere", port: node.port).status == 404)
            for name in ["sluice_requests_total", "sluice_limit_decisions_total", "sluice_upstream_attempts_total"] {
                #expect(try node.metric(name) == 0, "\(name)")
            }
            #expect(try node.metric("sluice_connections_accepted_total") >= 2)
            try await node.reload(configuration)
            #expect(try request("/users/1", port: node.port).status == 200)
            #expect(try node.metric("sluice_requests_total", #"route="users""#) == 1)
            #expect(try node.metric("sluice_upstream_attempts_total") == 1)
            #expect(try node.metric("sluice_requests_in_flight") == 0)
        }

        @Test("with a token, metrics want it; health does not")
        func adminToken() async throws {
            let node = try await node(log: "off", adminToken: "a-long-admin-token")
            #expect(try request("/healthz", port: node.adminPort).status == 200)
            #expect(try request("/readyz", port: node.adminPort).status == 200)
            for headers in [[], ["Authorization: Bearer wrong"], ["Authorization: Bearer a-long-admin-toke"]] {
                let response = try request("/metrics", headers, port: node.adminPort)
                #expect(response.status == 401)
                #expect(response["WWW-Authenticate"] == "Bearer")
            }
            let authorized = ["Authorization: Bearer a-long-admin-token"]
            #expect(try request("/metrics", authorized, port: node.adminPort).status == 200)
        }

        @Test("each request makes one line of JSON in the access log, with the facts and without the query")
        func accessLog() async throws {
            let node = try await node(log: "stdout")
            let agent = #"User-Agent: odd "quoted" \ agent"#
            var responses: [RawMessage] = []
            for _ in 0..<4 {
                responses.append(
                    try request("/users/7?token=secret", [SharedCluster.acmeKey, agent], port: node.port))
            }
            responses.append(try request("/users/7", port: node.port))
            responses.append(try request("/nowhere", port: node.port))
            try await eventually("six lines are written") { node.output.split(separator: "\n").count >= 6 }

            let lines = try node.output.split(separator: "\n").map { line in
                try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            }
            let byID = Dictionary(lines.map { ($0["request_id"] as? String ?? "", $0) }) { $1 }
            let facts = responses.map { byID[$0["X-Request-ID"] ?? ""] ?? [:] }
            #expect(facts.map { $0["status"] as? Int } == [200, 200, 200, 429, 401, 404])
            #expect(facts.map { $0["limit"] as? String }[..<4] == ["admitted", "admitted", "admitted", "refused"])
            #expect(!node.output.contains("secret"))
            let first = facts[0]
            #expect(first["route"] as? String == "users")
            #expect(first["consumer"] as? String == "acme")
            #expect(first["upstream"] as? String == "app")
            #expect(first["method"] as? String == "GET")
            #expect(first["path"] as? String == "/users/7")
            #expect(first["host"] as? String == "gateway.test")
            #expect(first["client"] as? String == "127.0.0.1")
            #expect(first["user_agent"] as? String == #"odd "quoted" \ agent"#)
            #expect(first["bytes_out"] as? Int == responses[0].body.count)
            #expect((first["upstream_us"] as? Int ?? 0) > 0)
            #expect((first["upstream_us"] as? Int ?? 0) <= (first["duration_us"] as? Int ?? 0))
            #expect(facts[3]["upstream"] == nil)
            #expect(facts[5]["route"] == nil)
        }

        @Test("an access log that is off writes nothing")
        func off() async throws {
            let node = try await node(log: "off")
            for _ in 0..<5 { _ = try request("/users/1", port: node.port) }
            node.signal(SIGTERM)
            #expect(try await node.waitForExit() == .exited(0))
            #expect(node.output.isEmpty)
        }

        @Test("SIGHUP reopens the log file, as log rotation wants")
        func rotation() async throws {
            let files = try TemporaryDirectory("logs")
            let path = files.file("access.log")
            let node = try await node(log: path)
            _ = try request("/users/first", port: node.port)
            try await eventually("the line is there") { Self.text(path).contains("/users/first") }
            try FileManager.default.moveItem(atPath: path, toPath: path + ".1")
            node.signal(SIGHUP)
            try await eventually("the file is made anew") { FileManager.default.fileExists(atPath: path) }
            _ = try request("/users/second", port: node.port)
            try await eventually("the line is in the new file") { Self.text(path).contains("/users/second") }
            #expect(!Self.text(path + ".1").contains("/users/second"))
        }

        private static func text(_ path: String) -> String {
            String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
        }
    }
}

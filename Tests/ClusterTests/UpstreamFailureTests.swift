import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("A node whose upstream fails")
    struct UpstreamFailureTests {
        private let upstream: DemoUpstream
        private let node: Node

        init() async throws {
            upstream = try await DemoUpstream()
            node = try await Node(
                """
                access_log: { path: off }
                drain: 1s
                upstreams:
                  app: { targets: ["\(upstream.url)"], timeout: 300ms, breaker: off }
                  guarded: { targets: ["\(upstream.url)"], breaker: { failures: 5, error_rate: 0%, open: 500ms } }
                routes:
                  - { name: guarded, match: { path: "/status/**" }, upstream: guarded }
                  - { name: app, upstream: app }
                """)
        }

        @Test("failures trip the breaker, and a probe closes it again")
        func breaker() async throws {
            for _ in 0..<5 { #expect(try request("/status/500", port: node.port).status == 500) }
            let refused = try request("/status/200", port: node.port)
            #expect(refused.status == 503)
            #expect(Int(refused["Retry-After"] ?? "").map { $0 >= 1 } == true, "\(refused.head)")
            #expect(refused["Content-Type"] == "application/problem+json")
            #expect(try node.metric("sluice_breaker_state", #"upstream="guarded""#) == 2)
            #expect(try node.metric("sluice_breaker_refusals_total", #"upstream="guarded""#) >= 1)
            try await eventually("a probe closes it", every: .milliseconds(50)) {
                try request("/status/200", port: node.port).status == 200
            }
            #expect(try node.metric("sluice_breaker_state", #"upstream="guarded""#) == 0)
            #expect(
                try node.metric("sluice_breaker_transitions_total", #"upstream="guarded",to="open""#) >= 1,
                "transitions are counted")
        }

        @Test("a failed probe opens the breaker again")
        func failedProbe() async throws {
            for _ in 0..<5 { _ = try request("/status/500", port: node.port) }
            #expect(try request("/status/500", port: node.port).status == 503)
            try await eventually("a probe goes through", every: .milliseconds(20)) {
                try request("/status/500", port: node.port).status == 500
            }
            #expect(try request("/status/200", port: node.port).status == 503)
        }

        @Test("an upstream that is down makes 502, and is used again once it is back")
        func down() async throws {
            #expect(try request("/x", port: node.port).status == 200)
            try await upstream.kill9()
            for _ in 0..<5 { #expect(try request("/x", port: node.port).status == 502) }
            try await upstream.start()
            #expect(try request("/x", port: node.port).status == 200)
        }

        @Test("an upstream that is slow makes 504 when the timeout is over")
        func slow() throws {
            let started = ContinuousClock.now
            #expect(try request("/delay/5000", port: node.port).status == 504)
            #expect((.milliseconds(280)...(.milliseconds(1500))).contains(ContinuousClock.now - started))
        }

        @Test("an upstream that drops the connection or talks garbage makes 502", arguments: ["/drop", "/garbage"])
        func broken(_ path: String) throws {
            let response = try request(path, port: node.port)
            #expect(response.status == 502)
            #expect(response.json["status"] as? Int == 502)
            #expect(try request("/x", port: node.port).status == 200)
        }

        @Test("a response that breaks off is not passed on as a whole one")
        func truncated() throws {
            let connection = try RawConnection(port: node.port)
            try connection.sendRequest(["GET /truncate/1000 HTTP/1.1", "Host: a"])
            #expect(throws: (any Error).self) { try connection.readResponse() }
        }

        @Test("large bodies pass whole, with a length and in chunks", arguments: ["bytes", "chunked"])
        func large(_ kind: String) throws {
            let response = try request("/\(kind)/3000000", port: node.port)
            #expect(response.status == 200)
            #expect(response.body.count == 3_000_000)
        }
    }
}

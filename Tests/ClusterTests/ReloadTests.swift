import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("Reloading with SIGHUP")
    struct ReloadTests {
        private let upstream: DemoUpstream
        private let node: Node

        init() async throws {
            upstream = try await DemoUpstream()
            node = try await Node(Self.configuration(upstream, paths: ["/a"]))
        }

        private static func configuration(_ upstream: DemoUpstream, paths: [String]) -> String {
            """
            access_log: { path: off }
            drain: 2s
            upstreams: { app: { targets: ["\(upstream.url)"] } }
            routes:

            """
                + paths.map { "  - { match: { path: \($0) }, upstream: app }\n" }
                .joined()
        }

        @Test("a new route appears, an old one goes, and open connections live on")
        func routes() async throws {
            let connection = try RawConnection(port: node.port)
            #expect(try connection.exchange("/a").status == 200)
            #expect(try connection.exchange("/b").status == 404)
            try await node.reload(Self.configuration(upstream, paths: ["/b"]))
            #expect(try connection.exchange("/b").status == 200)
            #expect(try connection.exchange("/a").status == 404)
        }

        @Test("a broken file is refused with the place of its error, and the old configuration serves on")
        func broken() async throws {
            try await node.reload(Self.configuration(upstream, paths: ["/b"]) + "  - { upstream: nowhere }\n")
            let line = try #require(node.errors.split(separator: "\n").first { $0.contains("reload refused") })
            #expect(line.contains(/sluice\.yaml:\d+:\d+: .*nowhere/), "\(line)")
            #expect(try request("/a", port: node.port).status == 200)
            #expect(try request("/b", port: node.port).status == 404)
        }

        @Test("listeners come and go")
        func listeners() async throws {
            let further = try freePort()
            let configuration = Self.configuration(upstream, paths: ["/a"])
            try await node.reload(configuration, further: [further])
            #expect(try request("/a", port: further).status == 200)
            try await node.reload(configuration)
            #expect(throws: (any Error).self) { try RawConnection(port: further) }
            #expect(try request("/a", port: node.port).status == 200)
        }

        @Test("a reload that fails on a taken address leaves nothing of itself behind")
        func takenAddress() async throws {
            let other = try TestOrigin { _ in .response() }
            let further = try freePort()
            try await node.reload(
                Self.configuration(upstream, paths: ["/b"]), further: [further, other.port])
            #expect(node.errors.contains("127.0.0.1:\(other.port)"))
            #expect(throws: (any Error).self) { try RawConnection(port: further) }
            #expect(try request("/a", port: node.port).status == 200)
        }

        @Test("moving the shared state by a reload is refused, and edits beside it take no effect")
        func movedState() async throws {
            func configuration(_ breaker: String, _ state: String) -> String {
                """
                access_log: { path: off }
                drain: 1s
                state: { \(state) }
                upstreams: { app: { targets: ["\(upstream.url)"], breaker: { \(breaker) } } }
                routes: [{ upstream: app }]
                """
            }
            try await node.reload(configuration("failures: 50, error_rate: 0%", "timeout: 50ms"))
            try await node.reload(configuration("failures: 2, error_rate: 0%", "namespace: elsewhere"))
            #expect(node.errors.contains("state can't be changed by a reload"))
            for _ in 0..<5 { #expect(try request("/status/500", port: node.port).status == 500) }
        }

        @Test("twenty reloads under load fail no request")
        func underLoad() async throws {
            let load = Load(port: node.port, "/a", clients: 4)
            try await load.more(50)
            for round in 0..<20 {
                // Not by the log, which thins out what repeats.
                try node.write(Self.configuration(upstream, paths: ["/a", "/round\(round)"]))
                node.signal(SIGHUP)
                try await eventually("the new route is served") {
                    try request("/round\(round)", port: node.port).status == 200
                }
            }
            try await load.more(50)
            let outcomes = try await load.stop()
            #expect(outcomes.allSatisfy { $0.status == 200 }, "\(outcomes.statuses) \(outcomes.errors)")
            // The upstream did not change, so its connections were kept: one for each client and worker at most.
            #expect(try node.metric("sluice_upstream_connections") <= 16)
            #expect(try node.metric("sluice_upstream_connections", #"state="idle""#) > 0)
        }

        @Test("a moved upstream is asked at its new address, while its old one finishes what it began")
        func movedUpstream() async throws {
            let other = try await DemoUpstream()
            let slow = try RawConnection(port: node.port)
            try await node.reload(Self.configuration(upstream, paths: ["/a", "/delay/700"]))
            try slow.sendRequest(["GET /delay/700 HTTP/1.1", "Host: a"])
            try await eventually("the slow request is with the upstream") {
                try node.metric("sluice_requests_in_flight") == 1
            }
            try await node.reload(Self.configuration(other, paths: ["/a", "/delay/700"]))
            #expect(try request("/a", port: node.port).json["upstream_port"] as? Int == other.port)
            let response = try slow.readResponse()
            #expect(response.status == 200)
            #expect(response.json["upstream_port"] as? Int == upstream.port)
        }
    }
}

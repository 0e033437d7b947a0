import Foundation
import Synchronization
import TestSupport
import Testing

extension Cluster {
    @Suite("Care for upstreams")
    struct UpstreamCareTests {
        private func node(_ upstream: String, zone: String? = nil) async throws -> Node {
            try await Node(
                """
                access_log: { path: off }
                upstreams:
                  app: \(upstream)
                routes:
                  - { match: { path: "/**" }, upstream: app }
                  - { match: { path: "/low" }, priority: low, upstream: app }

                """, zone: zone)
        }

        private func share(_ name: String, of count: Int, _ node: Node) throws -> Int {
            var found = 0
            for _ in 0..<count where try request("/", port: node.port).text == name { found += 1 }
            return found
        }

        @Test("a target that accepts connections is well by tcp, and one that does not is out")
        func tcp() async throws {
            let origin = try TestOrigin { _ in .response("well") }
            let closed = try freePort()
            let node = try await node(
                """
                { targets: ["\(origin.url)", "http://127.0.0.1:\(closed)"], outlier: off, health: { tcp: true, interval: 100ms, unhealthy_after: 2 } }
                """)
            try await eventually("it is out") { try node.metric("sluice_upstream_unhealthy_targets") == 1 }
            #expect(try share("well", of: 6, node) == 6)
        }

        @Test("a target that is back gets a tenth of its share at first")
        func slowStart() async throws {
            let isWell = Flag()
            let (old, new) = (
                try TestOrigin { _ in .response("old") },
                try TestOrigin { request in
                    guard request.message.head.hasPrefix("GET /healthz ") else { return .response("new") }
                    return .response(status: isWell.value ? "200 OK" : "503 Sick")
                }
            )
            let node = try await node(
                """
                { targets: ["\(old.url)", "\(new.url)"], slow_start: 10m, balance: round_robin, health: { path: /healthz, interval: 100ms, unhealthy_after: 1, healthy_after: 1 } }
                """)
            try await eventually("it is out") { try node.metric("sluice_upstream_unhealthy_targets") == 1 }
            // Each of the two workers has to have seen it out.
            #expect(try share("old", of: 40, node) == 40)
            isWell.set(true)
            try await eventually("it is back") { try node.metric("sluice_upstream_unhealthy_targets") == 0 }
            let found = try share("new", of: 110, node)
            #expect((4...40).contains(found), "\(found) of 110, and 10 are its share")
        }

        @Test("requests stay in the node's zone, until half of its targets are gone")
        func zones() async throws {
            let near = try TestOrigin { _ in .response("near") }
            let far = try TestOrigin { _ in .response("far") }
            let node = try await node(
                """
                { targets: [{ url: "\(near.url)", zone: a }, { url: "\(far.url)", zone: b }], health: { tcp: true, interval: 100ms, unhealthy_after: 1 } }
                """, zone: "a")
            #expect(try share("near", of: 20, node) == 20)
            near.stop()
            try await eventually("it goes on in the other zone") { try request("/", port: node.port).text == "far" }
        }

        @Test("a late request is asked elsewhere too, and the first answer counts")
        func hedge() async throws {
            let slow = try TestOrigin { _ in late(.seconds(3), "slow") }
            let quick = try TestOrigin { _ in .response("quick") }
            let node = try await node(
                """
                { targets: ["\(slow.url)", "\(quick.url)"], balance: round_robin, hedge: { after: 50ms, budget: 100% } }
                """)
            for _ in 0..<6 {
                let began = ContinuousClock.now
                #expect(try request("/", port: node.port, timeout: .seconds(5)).text == "quick")
                #expect(ContinuousClock.now - began < .seconds(2))
            }
            #expect(try node.metric("sluice_upstream_hedges_total", #"result="won""#) >= 2)
            // What may not be repeated is not.
            let before = try node.metric("sluice_upstream_hedges_total", #"result="sent""#)
            for _ in 0..<2 { _ = try request("/", method: "POST", port: node.port) }
            #expect(try node.metric("sluice_upstream_hedges_total", #"result="sent""#) == before)
        }

        @Test("a second attempt answers for a first one that breaks, and the budget bounds them")
        func hedgeTakesOver() async throws {
            let breaking = try TestOrigin { _ in [.pause(.milliseconds(400)), .close] }
            let lagging = try TestOrigin { _ in late(.milliseconds(700), "late") }
            let node = try await node(
                """
                { targets: ["\(breaking.url)", "\(lagging.url)"], balance: round_robin, breaker: off, outlier: off, hedge: { after: 100ms, budget: 0% } }
                """)
            for _ in 0..<4 { #expect(try request("/", port: node.port).text == "late") }
        }

        @Test("targets are told what time is left, and a client's own word counts if it is shorter")
        func deadlines() async throws {
            let origin = try TestOrigin { request in .response(request.message.head) }
            let node = try await node(#"{ targets: ["\#(origin.url)"], timeout: 20s, deadline: X-Request-Timeout }"#)
            func told(_ headers: [String]) throws -> Int {
                let values = try request("/", headers, port: node.port).text.split(separator: "\r\n")
                    .filter { $0.lowercased().hasPrefix("x-request-timeout:") }
                #expect(values.count == 1)
                return Int(values.first?.split(separator: " ").last ?? "") ?? 0
            }
            #expect((19_000...20_000).contains(try told([])))
            #expect((4_000...5_000).contains(try told(["X-Request-Timeout: 5000"])))
            #expect((1_000...2_000).contains(try told(["x-request-timeout: 2s"])))
            #expect((19_000...20_000).contains(try told(["X-Request-Timeout: soon"])))
            let silent = try TestOrigin { _ in [.hang] }
            let other = try await self.node(#"{ targets: ["\#(silent.url)"], deadline: X-Request-Timeout }"#)
            #expect(try request("/", ["X-Request-Timeout: 200ms"], port: other.port).status == 504)
        }

        @Test("an upstream that slows down gets fewer requests at once, low priority first; the rest is refused")
        func adaptive() async throws {
            let origin = try TestOrigin { _ in late(.milliseconds(300), "done") }
            let node = try await node(
                #"{ targets: ["\#(origin.url)"], adaptive: { minimum: 2, maximum: 4 } }"#)
            #expect(try node.metric("sluice_upstream_concurrency_limit", #"upstream="app""#) == 4)
            let load = Load(port: node.port, "/", clients: 16, pause: .milliseconds(1))
            try await eventually("some are refused") {
                try node.metric("sluice_upstream_shed_total", #"upstream="app""#) > 10
            }
            let outcomes = try await load.stop()
            #expect(outcomes.statuses.keys.allSatisfy { $0 == 200 || $0 == 503 }, "\(outcomes.statuses)")
            #expect((outcomes.statuses[200] ?? 0) > 0)
            let refused = try await firstRefusal(node)
            #expect(refused.values("retry-after") == ["1"])
            #expect(refused.text.contains("as it answers in good time"))
            try await eventually("nothing is under way") {
                try node.metric("sluice_upstream_concurrency", #"upstream="app""#) == 0
            }
        }

        private func firstRefusal(_ node: Node) async throws -> RawMessage {
            let load = Load(port: node.port, "/", clients: 16, pause: .milliseconds(1))
            defer { Task { try? await load.stop() } }
            var found: RawMessage?
            try await eventually("one is refused") {
                let answer = try request("/low", port: node.port)
                if answer.status == 503 { found = answer }
                return found != nil
            }
            return try #require(found)
        }

        private final class Flag: Sendable {
            private let flag = Mutex(false)
            var value: Bool { flag.withLock { $0 } }
            func set(_ value: Bool) { flag.withLock { $0 = value } }
        }
    }
}

/// An answer that takes its time.
private func late(_ pause: Duration, _ body: String) -> [TestOrigin.Step] {
    [TestOrigin.Step.pause(pause)] + [TestOrigin.Step].response(body)
}

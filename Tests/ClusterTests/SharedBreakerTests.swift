import Foundation
import Synchronization
import TestSupport
import Testing

extension Cluster {
    /// STATE.md, "Circuit breakers".
    @Suite("Three nodes, one breaker")
    struct SharedBreakerTests {
        /// An origin that answers as the test says, and notes when it was asked.
        private final class MoodyOrigin: Sendable {
            enum Mood { case well, ill, silent }
            private struct State {
                var mood = Mood.well
                var times: [ContinuousClock.Instant] = []
            }
            private final class Shared: Sendable { let state = Mutex(State()) }
            private let shared = Shared()
            private let origin: TestOrigin

            init() throws {
                let shared = self.shared
                origin = try TestOrigin { _ in
                    let mood = shared.state.withLock { state in
                        state.times.append(.now)
                        return state.mood
                    }
                    switch mood {
                    case .well: return .response("well")
                    case .ill: return [.text("HTTP/1.1 500 Ill\r\nContent-Length: 0\r\n\r\n")]
                    case .silent: return [.hang]
                    }
                }
            }

            var url: String { "http://127.0.0.1:\(origin.port)" }
            /// When it was asked, in order.
            var times: [ContinuousClock.Instant] { shared.state.withLock { $0.times } }
            func become(_ mood: Mood) { shared.state.withLock { $0.mood = mood } }
        }

        private let redis: RedisServer
        private let origin: MoodyOrigin
        private var nodes: [Node] = []

        init() async throws {
            redis = try await RedisServer()
            origin = try MoodyOrigin()
        }

        private func configuration(_ url: String, open: String, redis address: String? = nil) -> String {
            """
            access_log: { path: off }
            drain: 1s
            state: { redis: "\(address ?? redis.url)" }
            upstreams:
              app: { targets: ["\(url)"], breaker: { failures: 5, error_rate: 0%, open: \(open) } }
            routes:
              - { name: all, upstream: app }
            """
        }

        private mutating func start(open: String, redis address: String? = nil) async throws {
            for index in 1...3 {
                let text = configuration(origin.url, open: open, redis: address)
                nodes.append(try await Node(text, name: "node\(index)"))
            }
            try await joined()
        }

        private func joined() async throws {
            try await eventually("all nodes share the breaker", within: .seconds(20)) {
                try nodes.allSatisfy { try $0.metric("sluice_breaker_shared", #"upstream="app""#) == 1 }
            }
        }

        private func state(_ node: Node) throws -> Double {
            try node.metric("sluice_breaker_state", #"upstream="app""#)
        }

        private func allAre(_ wanted: Double) throws -> Bool { try nodes.allSatisfy { try state($0) == wanted } }

        private func field(_ name: String) async throws -> String {
            try await redis.cli("HGET", "sluice:breaker:{app}", name)
        }

        /// Has two nodes see it fail, and waits until all have opened.
        private func open() async throws {
            origin.become(.ill)
            for node in nodes.prefix(2) { for _ in 0..<5 { _ = try request("/x", port: node.port) } }
            try await eventually("all nodes have opened", within: .seconds(20)) { try allAre(2) }
        }

        @Test("an upstream that two of them find dead is cut off on all, within a second")
        mutating func cutOff() async throws {
            try await start(open: "60s")
            for node in nodes { #expect(try request("/x", port: node.port).status == 200) }
            origin.become(.ill)
            for node in nodes.prefix(2) { for _ in 0..<5 { _ = try request("/x", port: node.port) } }
            let threshold = ContinuousClock.now
            try await eventually("the third has opened", within: .seconds(20)) { try state(nodes[2]) == 2 }
            // Measured 0.25 s; more is allowed to a loaded machine.
            #expect(ContinuousClock.now - threshold < .seconds(3))
            let asked = origin.times.count
            for node in nodes {
                let refused = try request("/x", port: node.port)
                #expect(refused.status == 503 && (1...60).contains(Int(refused["Retry-After"] ?? "") ?? 0))
            }
            #expect(origin.times.count == asked)
            #expect(try await field("state") == "open")
            #expect(try await field("cause").contains("failures in a row, seen by 2 of 3 nodes"))
            #expect(nodes[2].errors.contains("failures in a row"), "it says why")
        }

        @Test("exactly one probe reaches the origin per open period, whichever node sends it")
        mutating func oneProbe() async throws {
            try await start(open: "700ms")
            try await open()
            let before = origin.times.count
            let loads = nodes.map { Load(port: $0.port, "/x", clients: 2, pause: .milliseconds(5)) }
            try await eventually("five probes were sent", within: .seconds(30)) { origin.times.count >= before + 5 }
            let probes = origin.times[before...]
            for (one, next) in zip(probes, probes.dropFirst()) {
                // The next is only granted an open time after the failure of the one before was reported.
                #expect(next - one >= .milliseconds(700), "\(next - one)")
            }
            origin.become(.well)
            try await eventually("it is closed everywhere", within: .seconds(20)) { try allAre(0) }
            for load in loads { #expect(try await load.stop().errors.isEmpty) }
            for node in nodes { #expect(try request("/x", port: node.port).status == 200) }
        }

        @Test("a node whose own way to the upstream is broken opens for itself, and for nobody else")
        mutating func brokenNode() async throws {
            try await start(open: "1s")
            let dead = try freePort()
            try await nodes[0].reload(configuration("http://127.0.0.1:\(dead)", open: "1s"))
            let well = nodes.dropFirst().map { Load(port: $0.port, "/x", clients: 1, pause: .milliseconds(5)) }
            try await well[0].more(20)
            let ill = Load(port: nodes[0].port, "/x", clients: 2, pause: .milliseconds(2))
            try await eventually("it opens for itself") { try state(nodes[0]) == 2 }
            for load in well { try await load.more(300) }
            _ = try await ill.stop()
            for load in well {
                let outcomes = try await load.stop()
                #expect(outcomes.allSatisfy { $0.status == 200 }, "\(outcomes.statuses)")
            }
            #expect(try await field("state") == "closed")
            #expect(try await field("failures:node1") != "")
        }

        @Test("the probe of a node that is killed lapses, and another node's closes the breaker")
        mutating func killedProber() async throws {
            try await start(open: "1s")
            try await open()
            origin.become(.silent)
            let before = origin.times.count
            let loads = nodes.map { Load(port: $0.port, "/x", clients: 1, pause: .milliseconds(20)) }
            try await eventually("a probe is out", within: .seconds(20)) { origin.times.count > before }
            let owner = try await field("probe:1")
            let prober = try #require(nodes.indices.first { owner.hasPrefix("node\($0 + 1) ") }, "\(owner)")
            try await nodes[prober].kill9()
            origin.become(.well)
            let rest = nodes.indices.filter { $0 != prober }
            try await eventually("the others have closed it", within: .seconds(20)) {
                try rest.allSatisfy { try state(nodes[$0]) == 0 }
            }
            for load in loads { _ = try await load.stop() }
        }

        @Test("without Redis each node works on for itself, and they are one again when it is back")
        mutating func outage() async throws {
            try await start(open: "1s")
            try await redis.kill9()
            try await eventually("they are alone", within: .seconds(20)) {
                try nodes.allSatisfy { try $0.metric("sluice_breaker_shared", #"upstream="app""#) == 0 }
            }
            origin.become(.ill)
            for _ in 0..<5 { #expect(try request("/x", port: nodes[0].port).status == 500) }
            #expect(try request("/x", port: nodes[0].port).status == 503)
            #expect(try request("/x", port: nodes[1].port).status == 500)
            origin.become(.well)
            try await eventually("its own probe closes it", every: .milliseconds(50)) {
                try request("/x", port: nodes[0].port).status == 200
            }
            try await redis.start()
            try await joined()
            try await open()
        }

        @Test("a reload keeps an open breaker open, and its new settings take effect on the cluster")
        mutating func reload() async throws {
            try await start(open: "60s")
            try await open()
            for node in nodes { try await node.reload(configuration(origin.url, open: "1s")) }
            #expect(try request("/x", port: nodes[0].port).status == 503)
            origin.become(.well)
            try await eventually("it closes", within: .seconds(20), every: .milliseconds(50)) {
                try nodes.allSatisfy { try request("/x", port: $0.port).status == 200 }
            }
        }

        @Test("it works the same through a Redis Cluster")
        mutating func redisCluster() async throws {
            let cluster = try await RedisCluster()
            try await start(open: "1s", redis: cluster.url)
            try await open()
            origin.become(.well)
            try await eventually("a probe closes it everywhere", within: .seconds(20), every: .milliseconds(50)) {
                try nodes.allSatisfy { try request("/x", port: $0.port).status == 200 }
            }
        }

        @Test("of two targets the one that fails is left out")
        func ejection() async throws {
            let well = try await DemoUpstream()
            origin.become(.ill)
            let node = try await Node(
                """
                access_log: { path: off }
                upstreams:
                  app: { targets: ["\(well.url)", "\(origin.url)"], outlier: { failures: 3, eject: 60s }, breaker: off }
                routes: [{ name: all, upstream: app }]
                """)
            let statuses = try (0..<30).map { _ in try request("/x", port: node.port).status }
            #expect(statuses.filter { $0 == 500 }.count == 3)
            #expect(statuses.suffix(20).allSatisfy { $0 == 200 })
            #expect(try node.metric("sluice_upstream_ejected_targets", #"upstream="app""#) == 1)
            #expect(node.errors.contains("target ejected"))
        }
    }
}

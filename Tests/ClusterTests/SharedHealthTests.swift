import Foundation
import Synchronization
import TestSupport
import Testing

extension Cluster {
    @Suite("Health that nodes share")
    struct SharedHealthTests {
        /// Counts its checks, and is well or not as a test says.
        private final class Checked: Sendable {
            let origin: TestOrigin
            private let state: State

            private final class State: Sendable {
                let isWell = Mutex(true)
                let checks = Mutex(0)
            }

            init(_ name: String) throws {
                let state = State()
                self.state = state
                origin = try TestOrigin { request in
                    guard request.message.head.hasPrefix("GET /healthz ") else { return .response(name) }
                    state.checks.withLock { $0 += 1 }
                    return .response(status: state.isWell.withLock { $0 } ? "200 OK" : "503 Sick")
                }
            }

            var checks: Int { state.checks.withLock { $0 } }
            func become(well: Bool) { state.isWell.withLock { $0 = well } }
        }

        private static func nodes(_ targets: [Checked], _ redis: RedisServer) async throws -> [Node] {
            let urls = targets.map { "\"\($0.origin.url)\"" }.joined(separator: ", ")
            let configuration = """
                access_log: { path: off }
                drain: 1s
                state: { redis: "\(redis.url)" }
                upstreams:
                  app:
                    targets: [\(urls)]
                    health: { path: /healthz, interval: 200ms, unhealthy_after: 2, healthy_after: 2 }
                routes: [{ match: { path: "/**" }, upstream: app }]

                """
            var nodes: [Node] = []
            for index in 1...3 { nodes.append(try await Node(configuration, name: "node\(index)")) }
            return nodes
        }

        private func probers(_ nodes: [Node]) throws -> [Node] {
            try nodes.filter { try $0.isRunning && $0.metric("sluice_health_prober", #"upstream="app""#) == 1 }
        }

        @Test("three nodes ask a target once an interval, and another takes over when the one that asks is killed")
        func once() async throws {
            let redis = try await RedisServer()
            let target = try Checked("app")
            let nodes = try await Self.nodes([target], redis)
            try await eventually("one node checks") { try probers(nodes).count == 1 }
            let (before, began) = (target.checks, ContinuousClock.now)
            try await eventually("ten checks", within: .seconds(20)) { target.checks >= before + 10 }
            // Ten intervals of one node, where three would take a third of the time.
            #expect(ContinuousClock.now - began > .milliseconds(1_500))
            let asking = try #require(try probers(nodes).first)
            #expect(try await redis.cli("HGET", "sluice:health:{app}", "prober").hasPrefix("node"))
            try await asking.kill9()
            try await eventually("another node checks", within: .seconds(10)) {
                try probers(nodes.filter { $0 !== asking }).count == 1
            }
            let after = target.checks
            try await eventually("the target is asked again") { target.checks > after + 2 }
        }

        @Test("what one node finds, all know; and each looks for itself before it takes a target out")
        func shared() async throws {
            let redis = try await RedisServer()
            let (first, second) = (try Checked("first"), try Checked("second"))
            let nodes = try await Self.nodes([first, second], redis)
            try await eventually("one node checks") { try probers(nodes).count == 1 }
            first.become(well: false)
            for node in nodes {
                try await eventually("it is out on each", within: .seconds(10)) {
                    try node.metric("sluice_upstream_unhealthy_targets") == 1
                }
                for _ in 0..<4 { #expect(try request("/", port: node.port).text == "second") }
            }
            first.become(well: true)
            for node in nodes {
                try await eventually("it is back on each", within: .seconds(10)) {
                    try node.metric("sluice_upstream_unhealthy_targets") == 0
                }
            }
        }

        @Test("without Redis each node checks for itself, and one does again when it is back")
        func withoutRedis() async throws {
            let redis = try await RedisServer()
            let target = try Checked("app")
            let nodes = try await Self.nodes([target], redis)
            try await eventually("one node checks") { try probers(nodes).count == 1 }
            try await redis.kill9()
            try await eventually("all check", within: .seconds(20)) { try probers(nodes).count == 3 }
            try await redis.start()
            try await eventually("one checks again", within: .seconds(20)) { try probers(nodes).count == 1 }
        }
    }
}

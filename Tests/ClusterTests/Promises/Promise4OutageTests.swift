import Foundation
import TestSupport
import Testing

extension Cluster {
    /// STATE.md, promise 4: Redis slow or down never takes the gateway down.
    @Suite("Promise 4: a node whose Redis fails")
    struct Promise4OutageTests {
        private let redis: RedisServer
        private let upstream: DemoUpstream

        init() async throws {
            redis = try await RedisServer()
            upstream = try await DemoUpstream()
        }

        private func node(onFailure: String) async throws -> Node {
            try await Node(
                """
                access_log: { path: off }
                drain: 2s
                state: { redis: "\(redis.url)", timeout: 50ms, on_failure: \(onFailure) }
                upstreams: { app: { targets: ["\(upstream.url)"] } }
                routes:
                  - { name: all, limit: { per: ip, rates: [100000/second] }, upstream: app }
                """)
        }

        @Test("local: it serves on within its own limits, says so, and finds back by itself")
        func local() async throws {
            let node = try await node(onFailure: "local")
            let load = Load(port: node.port, "/x", clients: 4)
            try await load.more(100)
            try await redis.kill9()
            let outage = load.outcomes.count
            try await eventually("a response is marked as degraded") { load.outcomes.last?.isDegraded == true }
            try await load.more(300)
            #expect(try request("/readyz", port: node.adminPort).text.contains("degraded"))
            let during = Array(load.outcomes[outage...])
            try await redis.start()
            try await eventually("responses are no longer marked", within: .seconds(20)) {
                load.outcomes.suffix(20).allSatisfy { !$0.isDegraded }
            }
            let outcomes = try await load.stop()
            #expect(outcomes.allSatisfy { $0.status == 200 }, "\(outcomes.statuses) \(outcomes.errors)")
            #expect(during.percentile(0.99) < .milliseconds(500))
            #expect(outcomes.slowest < .seconds(1))
            #expect(try await redis.cli("KEYS", "sluice:bucket:*") == "sluice:bucket:{all.ip:127.0.0.1}")
        }

        @Test("deny: 503 with Retry-After, and not ready")
        func deny() async throws {
            let node = try await node(onFailure: "deny")
            #expect(try request("/x", port: node.port).status == 200)
            try await redis.kill9()
            let response = try request("/x", port: node.port)
            #expect(response.status == 503)
            #expect(Int(response["Retry-After"] ?? "").map { $0 >= 1 } == true)
            #expect(response["Content-Type"] == "application/problem+json")
            try await eventually("it is not ready") { try request("/readyz", port: node.adminPort).status == 503 }
            try await redis.start()
            try await eventually("it serves again") { try request("/x", port: node.port).status == 200 }
        }

        @Test("allow: 200, marked as degraded")
        func allow() async throws {
            let node = try await node(onFailure: "allow")
            try await redis.kill9()
            for _ in 0..<20 {
                let response = try request("/x", port: node.port)
                #expect(response.status == 200)
                #expect(response["Sluice-Degraded"] == "rate-limit")
            }
        }

        @Test("a Redis that hangs costs a request no more than the timeout, and soon nothing")
        func hanging() async throws {
            let node = try await node(onFailure: "local")
            let connection = try RawConnection(port: node.port)
            for _ in 0..<5 { #expect(try connection.exchange("/x").status == 200) }
            redis.pause()
            // Tokens that were lent before are paid for, and spent first.
            try await eventually("it decides by itself") {
                try connection.exchange("/x")["Sluice-Degraded"] == "rate-limit"
            }
            var waits: [Duration] = []
            for _ in 0..<200 {
                let started = ContinuousClock.now
                let response = try connection.exchange("/x")
                waits.append(ContinuousClock.now - started)
                #expect(response.status == 200)
                #expect(response["Sluice-Degraded"] == "rate-limit")
            }
            redis.resume()
            #expect(waits.max()! < .milliseconds(300), "\(waits.max()!)")
            // Three failures open the store's breaker; then a probe each second.
            #expect(waits.dropFirst(10).filter { $0 > .milliseconds(40) }.count <= 5)
            try await eventually("it asks Redis again") {
                try connection.exchange("/x")["Sluice-Degraded"] == nil
            }
        }

        @Test("a node starts without Redis, and takes to it when it comes")
        func startsWithout() async throws {
            try await redis.kill9()
            let node = try await node(onFailure: "local")
            #expect(try request("/x", port: node.port)["Sluice-Degraded"] == "rate-limit")
            try await redis.start()
            try await eventually("limits are shared") {
                try request("/x", port: node.port)["Sluice-Degraded"] == nil
            }
        }

        /// Each node enforces its share, so the quota of the cluster still holds.
        @Test("without Redis three nodes together stay within the quota")
        func quotaWithoutRedis() async throws {
            let cluster = try await SharedCluster()
            // Until each node has heard of the two others.
            try await Task.sleep(for: .milliseconds(2200))
            #expect(try await cluster.redis.cli("ZCARD", "sluice:nodes") == "3")
            try await cluster.redis.kill9()
            let started = ContinuousClock.now
            var admitted = 0
            for node in cluster.nodes {
                let connection = try RawConnection(port: node.port)
                for _ in 0..<60 {
                    let response = try connection.exchange("/api/users/7", [SharedCluster.acmeKey])
                    try #require([200, 429].contains(response.status), "\(response.head)")
                    #expect(response["Sluice-Degraded"] == "rate-limit")
                    if response.status == 200 { admitted += 1 }
                }
            }
            let elapsed = (ContinuousClock.now - started) / .seconds(1)
            #expect(admitted >= 90)
            #expect(Double(admitted) <= 100 + (elapsed * 100 / 60).rounded(.up))
        }
    }
}

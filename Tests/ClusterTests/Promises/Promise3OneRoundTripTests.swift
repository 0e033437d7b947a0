import NIOCore
import TestSupport
import Testing

extension Cluster {
    /// STATE.md, promise 3.
    @Suite("Promise 3: one round trip for a request")
    struct Promise3OneRoundTripTests {
        private let redis: RedisServer
        private let upstream: DemoUpstream
        private let node: Node

        init() async throws {
            redis = try await RedisServer()
            upstream = try await DemoUpstream()
            node = try await Node(
                """
                access_log: { path: off }
                drain: 1s
                state: { redis: "\(redis.url)", timeout: 10s }
                upstreams: { app: { targets: ["\(upstream.url)"], breaker: { failures: 5 } } }
                routes:
                  - name: limited
                    match: { path: "/limited" }
                    limit:
                      - { per: "header:A", rates: [100/minute, 1000/day] }
                      - { per: "header:B", rates: [{ rate: 50/minute, window: sliding }] }
                      - { per: "header:C", rates: [{ rate: 50/day, window: calendar }], concurrency: 3 }
                    upstream: app
                  - { name: free, match: { path: "/free" }, upstream: app }
                """)
        }

        @Test("all limits of a request, of whatever kind and subject, are decided by one call")
        func cold() async throws {
            let monitor = try Monitor(redis)
            let connection = try RawConnection(port: node.port)
            for number in 100..<130 {
                let response = try connection.exchange("/limited", ["A: a\(number)", "B: b\(number)", "C: c\(number)"])
                #expect(response.status == 200)
            }
            let commands = try await monitor.commands()
            for number in 100..<130 {
                let own = commands.filter { $0.contains("sluice:bucket:") && $0.contains("\(number)}") }
                #expect(own.count == 1, "\(own)")
                for subject in ["a", "b", "c"] {
                    #expect(own.first?.contains(":\(subject)\(number)}") == true, "\(own)")
                }
            }
        }

        @Test("limits and a cache entry that are both new to the node cost one round trip, hit or miss")
        func limitsAndCache() async throws {
            let proxy = try await FaultProxy(to: redis.port)
            let node = try await Node(Self.cached("redis://127.0.0.1:\(proxy.port)", upstream))
            let shelf = try await Node(Self.cached(redis.url, upstream), name: "shelf")
            for number in 0..<4 {
                #expect(try request("/cached/\(number)", ["A: s\(number)"], port: shelf.port)["X-Cache"] == "MISS")
            }
            let connection = try RawConnection(port: node.port, timeout: .seconds(20))
            #expect(try connection.exchange("/cached/warm", ["A: warm"]).status == 200)
            proxy.set(.delaying(.milliseconds(400)))
            for (name, expected) in [("new-", "MISS"), ("", "HIT")] {
                var shortest = Duration.seconds(100)
                for number in 0..<4 {
                    let started = ContinuousClock.now
                    let response = try connection.exchange("/cached/\(name)\(number)", ["A: \(name)\(number)"])
                    shortest = min(shortest, ContinuousClock.now - started)
                    #expect(response.status == 200 && response["X-Cache"] == expected, "\(response.head)")
                    #expect(response["Sluice-Degraded"] == nil)
                }
                #expect(Self.delays(in: shortest) == 1, "\(name): \(shortest)")
            }
        }

        /// How many times the proxy's delay was waited for, there and back.
        private static func delays(in time: Duration) -> Int { Int(time / .milliseconds(800)) }

        private static func cached(_ redis: String, _ upstream: DemoUpstream) -> String {
            """
            access_log: { path: off }
            drain: 1s
            state: { redis: "\(redis)", timeout: 10s }
            upstreams: { app: { targets: ["\(upstream.url)"] } }
            routes:
              - match: { path: "/cached/{id}" }
                limit: [{ per: "header:A", rates: [2/minute] }]
                cache: { ttl: 5m }
                upstream: app

            """
        }

        @Test("what was looked for on behalf of a request that is refused is given back")
        func refused() async throws {
            let nodes = [
                try await Node(Self.cached(redis.url, upstream), name: "a"),
                try await Node(Self.cached(redis.url, upstream), name: "b"),
            ]
            for number in 0..<2 {
                #expect(try request("/cached/r\(number)", ["A: r"], port: nodes[0].port).status == 200)
            }
            let monitor = try Monitor(redis)
            #expect(try request("/cached/refused", ["A: r"], port: nodes[1].port).status == 429)
            try await eventually("nobody fetches for it") {
                try await monitor.commands().contains { $0.contains("sluice:fill:") && $0.contains("failed") }
            }
            // Neither that node nor another waits for a fetch that never comes.
            for node in nodes {
                #expect(try request("/cached/refused", ["A: \(node.port)"], port: node.port).status == 200)
            }
        }

        @Test("a breaker costs a request no round trip")
        func breaker() async throws {
            #expect(try request("/free", port: node.port).status == 200)
            redis.pause()
            defer { redis.resume() }
            // Whoever asked Redis would wait for its ten seconds.
            let started = ContinuousClock.now
            for _ in 0..<20 {
                let response = try request("/free", port: node.port)
                #expect(response.status == 200 && response["Sluice-Degraded"] == nil)
            }
            #expect(ContinuousClock.now - started < .seconds(9))
        }
    }
}

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

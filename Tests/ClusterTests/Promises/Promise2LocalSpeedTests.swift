import Foundation
import TestSupport
import Testing

extension Cluster {
    /// STATE.md, promise 2.
    @Suite("Promise 2: a node decides by itself")
    struct Promise2LocalSpeedTests {
        private let redis: RedisServer
        private let upstream: DemoUpstream
        private let node: Node

        init() async throws {
            redis = try await RedisServer()
            upstream = try await DemoUpstream()
            node = try await Node(
                """
                access_log: { path: off }
                drain: 2s
                state: { redis: "\(redis.url)", timeout: 2s }
                upstreams: { app: { targets: ["\(upstream.url)"] } }
                routes:
                  - { name: hot, match: { path: "/hot" }, limit: { per: route, rates: [100000/second] }, upstream: app }
                  - { name: spent, match: { path: "/spent" }, limit: { per: route, rates: [5/hour] }, upstream: app }
                """)
        }

        private func takes(_ commands: [String], of bucket: String) -> Int {
            commands.count { $0.contains("EVALSHA") && $0.contains("sluice:bucket:{\(bucket)") }
        }

        @Test("a hot key costs a call per lease period, not one per request")
        func hot() async throws {
            let monitor = try Monitor(redis)
            let started = ContinuousClock.now
            let load = Load(port: node.port, "/hot", clients: 4, pause: .zero)
            try await load.more(3000)
            let outcomes = try await load.stop()
            let periods = (ContinuousClock.now - started) / .milliseconds(50)
            let calls = takes(try await monitor.commands(), of: "hot.route:all")
            #expect(outcomes.allSatisfy { $0.status == 200 }, "\(outcomes.statuses)")
            // Two workers have a lease each; a renewal may come when a third of it is left.
            #expect(Double(calls) <= 4 * periods + 20, "\(calls) calls in \(periods) periods")
            #expect(calls < outcomes.count / 5, "\(calls) calls for \(outcomes.count) requests")
            let answers = try node.metric("sluice_limit_answers_total", #"from="lease""#)
            #expect(answers > Double(outcomes.count) / 2)
        }

        @Test("a key over its limit costs no call until it can be admitted again")
        func refused() async throws {
            let connection = try RawConnection(port: node.port)
            for _ in 0..<20 { _ = try connection.exchange("/spent") }
            let monitor = try Monitor(redis)
            for _ in 0..<300 { #expect(try connection.exchange("/spent").status == 429) }
            #expect(takes(try await monitor.commands(), of: "spent.route:all") == 0)
            #expect(try node.metric("sluice_limit_answers_total", #"from="known_refusal""#) >= 300)
        }
    }
}

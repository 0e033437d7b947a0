import Foundation
import TestSupport
import Testing

extension Cluster {
    /// STATE.md, promise 6, with leases and from outside; `Promise6AllOrNothingTests` asks the stores.
    @Suite("Promise 6: refused requests are charged nowhere")
    struct Promise6RefusedTests {
        @Test("a quota that others share is charged for what was admitted, not for what another limit refused")
        func charged() async throws {
            let redis = try await RedisServer()
            let upstream = try await DemoUpstream()
            let node = try await Node(
                """
                access_log: { path: off }
                drain: 2s
                state: { redis: "\(redis.url)", timeout: 2s }
                upstreams: { app: { targets: ["\(upstream.url)"] } }
                routes:
                  - name: all
                    limit:
                      - { per: route, rates: [{ rate: 1000/month, window: calendar }] }
                      - { per: "header:A", rates: [3/hour] }
                    upstream: app
                """)
            var admitted = 0
            let connection = try RawConnection(port: node.port)
            for number in 0..<200 {
                if try connection.exchange("/", ["A: a\(number % 5)"]).status == 200 { admitted += 1 }
            }
            #expect(admitted == 15)
            // What was lent to the node comes back with its end.
            node.signal(SIGTERM)
            #expect(try await node.waitForExit() == .exited(0))
            let used = try await redis.cli("HGET", "sluice:bucket:{all.route:all}", "calendar-month.used")
            #expect(used == "\(admitted)")
        }
    }
}

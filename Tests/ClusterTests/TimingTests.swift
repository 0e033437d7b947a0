import TestSupport
import Testing

extension Cluster {
    @Suite("Fields that tell what a request took")
    struct TimingTests {
        @Test("they are there where they are switched on, over HTTP/1.1 and for replies of the gateway's own")
        func fields() async throws {
            let upstream = try await DemoUpstream()
            let node = try await Node(
                """
                access_log: { path: off }
                timing: on
                upstreams:
                  app: { targets: ["\(upstream.url)"] }
                  dead: { targets: ["http://127.0.0.1:9"], breaker: off }
                routes:
                  - { name: all, match: { path: "/all" }, upstream: app }
                  - { name: one, match: { path: "/one" }, upstream: app, timing: { response_time: true } }
                  - { name: none, match: { path: "/none" }, upstream: app, timing: off }
                  - { name: dead, match: { path: "/dead" }, upstream: dead }
                """)
            let all = try request("/all", port: node.port)
            let took = try #require(all["X-Response-Time"])
            #expect(took.contains(/^\d+\.\d{3}ms$/))
            let timing = try #require(all["Server-Timing"])
            let parts = try #require(try /^gateway;dur=(\d+\.\d{3}), upstream;dur=(\d+\.\d{3})$/.firstMatch(in: timing))
            let (own, waited) = (Double(parts.1) ?? -1, Double(parts.2) ?? -1)
            let total = Double(took.dropLast(2)) ?? -1
            #expect(abs(own + waited - total) < 0.01, "\(took) \(timing)")
            let one = try request("/one", port: node.port)
            #expect(one["X-Response-Time"] != nil && one["Server-Timing"] == nil)
            let none = try request("/none", port: node.port)
            #expect(none["X-Response-Time"] == nil && none["Server-Timing"] == nil)
            let dead = try request("/dead", port: node.port)
            #expect(dead.status == 502)
            #expect(dead["Server-Timing"]?.contains(/^gateway;dur=\d+\.\d{3}$/) == true)
        }
    }
}

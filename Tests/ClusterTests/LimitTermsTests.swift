import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("Limits of concurrency and shadow limits over two nodes")
    struct LimitTermsTests {
        private let redis: RedisServer
        private let nodes: [Node]

        init() async throws {
            let redis = try await RedisServer()
            let upstream = try await DemoUpstream()
            var nodes: [Node] = []
            for index in 1...2 {
                nodes.append(
                    try await Node(
                        """
                        access_log: { path: stdout }
                        drain: 1s
                        state: { redis: "\(redis.url)" }
                        upstreams: { app: { targets: ["\(upstream.url)"] } }
                        routes:
                          - name: slow
                            match: { path: "/delay/**" }
                            limit: { per: route, concurrency: 2 }
                            upstream: app
                          - name: watched
                            match: { path: "/watched/**" }
                            limit:
                              - { per: route, rates: [100/hour] }
                              - { per: ip, rates: [3/hour], shadow: true }
                            upstream: app
                        """, name: "node\(index)"))
            }
            (self.redis, self.upstream, self.nodes) = (redis, upstream, nodes)
        }

        private let upstream: DemoUpstream

        private func places() async throws -> String {
            try await redis.cli("ZCARD", "sluice:concurrency:{slow.route:all}")
        }

        @Test("a place is taken on one node for all, and free again when its client is killed")
        func concurrency() async throws {
            var clients: [RawConnection] = []
            for node in nodes {
                let client = try RawConnection(port: node.port)
                try client.sendRequest(["GET /delay/60000 HTTP/1.1", "Host: a"])
                clients.append(client)
            }
            try await eventually("both places are taken") { try await places() == "2" }
            for node in nodes {
                let refused = try request("/delay/1", port: node.port)
                #expect(refused.status == 429 && refused["Retry-After"] == "1")
                #expect(refused["RateLimit-Policy"] == #""slow.route.concurrency";q=2;qu="concurrent-requests""#)
                #expect(refused["RateLimit"] == #""slow.route.concurrency";r=0"#)
                #expect(refused.json["title"] as? String == "Too many concurrent requests")
            }
            // As a client that is killed: nobody says goodbye.
            clients[0].reset()
            try await eventually("its place is given back") { try await places() == "1" }
            for node in nodes {
                #expect(try request("/delay/1", port: node.port).status == 200)
                // The answer does not wait for it.
                try await eventually("the place of an answered request is given back") { try await places() == "1" }
            }
        }

        @Test("a shadow limit counts over all nodes what it would have refused, and refuses nothing")
        func shadow() async throws {
            for index in 0..<8 {
                let response = try request("/watched/x", port: nodes[index % 2].port)
                #expect(response.status == 200)
                #expect(response["RateLimit-Policy"] == #""watched.route";q=100;w=3600"#)
            }
            func decisions(_ decision: String) throws -> Double {
                try nodes.reduce(0) {
                    try $0
                        + $1.metric(
                            "sluice_limit_decisions_total", #"{policy="watched.ip",decision="\#(decision)"}"#)
                }
            }
            #expect(try decisions("admitted") == 3)
            #expect(try decisions("shadow_refused") == 5)
            #expect(try decisions("refused") == 0)
            try await eventually("the access log tells") {
                let lines = nodes.flatMap { $0.output.split(separator: "\n") }
                return lines.filter { $0.contains(#""limit":"shadow_refused""#) }.count == 5
            }
            #expect(try await redis.cli("EXISTS", "sluice:bucket:{watched.ip:127.0.0.1}") == "1")
        }
    }
}

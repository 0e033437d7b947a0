import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("Three nodes, one quota")
    struct SharedLimitTests {
        @Test("300 requests over three nodes admit 100 a minute, whoever balances", arguments: Balancer.Kind.allCases)
        func oneQuota(_ kind: Balancer.Kind) async throws {
            let cluster = try await SharedCluster()
            let balancer = try await Balancer(kind, cluster.nodes)
            let started = ContinuousClock.now
            var admitted = 0
            let connection = try RawConnection(port: balancer.port)
            for _ in 0..<300 {
                let response = try connection.exchange("/api/users/7", [SharedCluster.acmeKey])
                try #require([200, 429].contains(response.status), "\(response.head)")
                #expect(response["RateLimit-Policy"] == #""users.consumer";q=100;w=60"#)
                if response.status == 200 { admitted += 1 }
                if response.status == 429 { #expect((1...60).contains(Int(response["Retry-After"] ?? "") ?? 0)) }
            }
            let elapsed = (ContinuousClock.now - started) / .seconds(1)
            #expect(admitted >= 100)
            #expect(Double(admitted) <= 100 + (elapsed * 100 / 60).rounded(.up))
            for node in cluster.nodes {
                #expect(try node.metric("sluice_requests_total", #"route="users""#) > 0, "a node served nothing")
            }
            try await expectReadableBucket(in: cluster.redis)
        }

        /// STATE.md, promises 7 and 8.
        private func expectReadableBucket(in redis: RedisServer) async throws {
            let key = "sluice:bucket:{users.consumer:acme}"
            let lines = try await redis.cli("HGETALL", key).components(separatedBy: "\n")
            let pairs = stride(from: 0, to: lines.count - 1, by: 2).map { (lines[$0], lines[$0 + 1]) }
            let fields = Dictionary(pairs) { $1 }
            #expect(Double(fields["minute.tokens"] ?? "").map { (0..<100).contains($0) } == true, "\(fields)")
            #expect(fields["minute.capacity"] == "100")
            #expect(Int(fields["minute.updated"] ?? "") != nil)
            #expect(fields["minute.rate"]?.isEmpty == false)
            let life = Int(try await redis.cli("TTL", key)) ?? -1
            #expect((1...61).contains(life))
        }

        @Test("a killed node costs at most the requests it had in flight", arguments: Balancer.Kind.allCases)
        func crash(_ kind: Balancer.Kind) async throws {
            let cluster = try await SharedCluster()
            let balancer = try await Balancer(kind, cluster.nodes)
            let load = Load(port: balancer.port, "/plain/x", clients: 6)
            try await load.more(200)
            let victim = cluster.nodes[1]
            try await victim.kill9()
            try await load.more(300)
            try await victim.start()
            let before = try victim.metric("sluice_requests_total", #"route="plain""#)
            try await eventually("the node that came back serves again", within: .seconds(20)) {
                try victim.metric("sluice_requests_total", #"route="plain""#) > before + 10
            }
            let outcomes = try await load.stop()
            let failed = outcomes.filter { $0.status != 200 }
            // Six clients have six requests in flight at most; both balancers repeat a GET on another node.
            #expect(failed.count <= 6, "\(failed.statuses) \(failed.errors)")
        }

        @Test("a node that drains costs nothing", arguments: Balancer.Kind.allCases)
        func drain(_ kind: Balancer.Kind) async throws {
            let cluster = try await SharedCluster()
            let balancer = try await Balancer(kind, cluster.nodes)
            let load = Load(port: balancer.port, "/plain/x", clients: 6)
            try await load.more(200)
            cluster.nodes[2].signal(SIGTERM)
            #expect(try await cluster.nodes[2].waitForExit() == .exited(0))
            try await load.more(200)
            let outcomes = try await load.stop()
            #expect(outcomes.allSatisfy { $0.status == 200 }, "\(outcomes.statuses) \(outcomes.errors)")
        }
    }
}

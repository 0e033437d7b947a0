import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("The commands: nodes and breakers")
    struct NodesCommandTests {
        private func nodes(_ redis: RedisServer) async throws -> [[String: Any]] {
            try await sluice("nodes", "--json", environment: ["SLUICE_REDIS": redis.url]).objects("nodes")
        }

        @Test("nodes lists three nodes with what they are, and loses one that was killed")
        func nodes() async throws {
            let cluster = try await SharedCluster()
            try await eventually("all three have described themselves") {
                try await nodes(cluster.redis).compactMap { $0["revision"] as? String }.filter { !$0.isEmpty }.count
                    == 3
            }
            let listed = try await nodes(cluster.redis)
            #expect(listed.compactMap { $0["id"] as? String } == ["node1", "node2", "node3"])
            for (node, shown) in zip(cluster.nodes, listed) {
                #expect(shown["address"] as? String == "127.0.0.1:\(node.port)")
                #expect(shown["admin"] as? String == "127.0.0.1:\(node.adminPort)")
                #expect(shown["up_ms"] as? Double ?? -1 >= 0)
                let sum = try await ChildProcess.run("sha256sum", [node.configurationPath]).standardOutput
                #expect(shown["revision"] as? String == String(sum.prefix(12)))
                let version = try await sluice("--version").standardOutput
                #expect(shown["version"] as? String == version.trimmingCharacters(in: .whitespacesAndNewlines))
            }
            let life = Int(try await cluster.redis.cli("PTTL", "sluice:node:node1")) ?? -1
            #expect((1...5000).contains(life), "every key expires")

            try await cluster.nodes[1].kill9()
            try await eventually("the killed one is gone", within: .seconds(30)) {
                try await nodes(cluster.redis).compactMap { $0["id"] as? String } == ["node1", "node3"]
            }
            cluster.nodes[2].signal(SIGTERM)
            _ = try await cluster.nodes[2].waitForExit()
            #expect(try await nodes(cluster.redis).count == 1, "one that stops takes its leave")
            #expect(try await cluster.redis.cli("EXISTS", "sluice:node:node3") == "0")
        }

        @Test("a reload shows as another revision, and load as requests a second")
        func revision() async throws {
            let redis = try await RedisServer()
            let upstream = try await DemoUpstream()
            let node = try await Node(
                SharedCluster.configuration, environment: ["TEST_REDIS": redis.url, "TEST_UPSTREAM": upstream.url])
            var before = ""
            try await eventually("it has described itself") {
                before = try await nodes(redis).first?["revision"] as? String ?? ""
                return !before.isEmpty
            }
            let load = Load(port: node.port, "/plain/x", clients: 2)
            try await eventually("requests are counted", within: .seconds(20)) {
                try await nodes(redis).first?["requests_per_second"] as? Double ?? 0 > 1
            }
            _ = try await load.stop()
            try await node.reload(SharedCluster.configuration + "\n# edited")
            try await eventually("the revision has changed") {
                let revision = try await nodes(redis).first?["revision"] as? String ?? ""
                return !revision.isEmpty && revision != before
            }
        }

        @Test("a breaker is forced open and released on a node, and its state is listed")
        func force() async throws {
            let redis = try await RedisServer()
            let upstream = try await DemoUpstream()
            let node = try await Node(
                SharedCluster.configuration, environment: ["TEST_REDIS": redis.url, "TEST_UPSTREAM": upstream.url])
            let environment = ["SLUICE_REDIS": redis.url]
            try await eventually("the node shares the breaker", within: .seconds(20)) {
                try node.metric("sluice_breaker_shared", #"upstream="users""#) == 1
            }
            #expect(try request("/plain/x", port: node.port).status == 200)

            let opened = try await sluice("breakers", "force", "users", "open", "--for", "1h", environment: environment)
            #expect(opened.exit == .exited(0), "\(opened.standardError)")
            #expect(opened.standardOutput.contains("is open for 1h"))
            try await eventually("the node refuses") { try request("/plain/x", port: node.port).status == 503 }
            let listed = try await sluice("breakers", "--json", environment: environment).objects("breakers")
            #expect(listed.first?["upstream"] as? String == "users")
            #expect(listed.first?["state"] as? String == "open")
            #expect(listed.first?["forced"] as? String == "open")
            let table = try await sluice("breakers", environment: environment).standardOutput
            #expect(table.contains(/users +open \(forced\)/))
            #expect(table.contains("forced by an operator"))

            _ = try await sluice("breakers", "force", "users", "auto", environment: environment)
            try await eventually("the node serves again") { try request("/plain/x", port: node.port).status == 200 }
        }

        @Test("in a Redis Cluster too, where each key may live on another server")
        func clustered() async throws {
            let redis = try await RedisCluster()
            let upstream = try await DemoUpstream()
            let node = try await Node(
                SharedCluster.configuration.replacing(
                    "state: { redis: \"${TEST_REDIS}\" }", with: "state: { redis: \"${TEST_REDIS}\", timeout: 2s }"),
                environment: ["TEST_REDIS": redis.url, "TEST_UPSTREAM": upstream.url])
            let environment = ["SLUICE_REDIS": redis.url]
            #expect(try request("/api/users/7", [SharedCluster.acmeKey], port: node.port).status == 200)
            let limits = try await sluice("limits", "--json", environment: environment).objects("limits")
            #expect(limits.compactMap { $0["subject"] as? String } == ["acme"])
            try await eventually("the node has described itself", within: .seconds(20)) {
                let nodes = try await sluice("nodes", "--json", environment: environment).objects("nodes")
                return (nodes.first?["address"] as? String)?.isEmpty == false
            }
            let reset = try await sluice("limits", "reset", "users.consumer", "acme", environment: environment)
            #expect(reset.exit == .exited(0), "\(reset.standardError)")
            _ = try await sluice("breakers", "force", "users", "open", environment: environment)
            try await eventually("the node refuses", within: .seconds(20)) {
                try request("/plain/x", port: node.port).status == 503
            }
            let breakers = try await sluice("breakers", "--json", environment: environment).objects("breakers")
            #expect(breakers.first?["state"] as? String == "open")
        }

        @Test("an order that can't be carried out is refused")
        func refusedOrder() async throws {
            let files = try TemporaryDirectory("orders")
            let file = try files.write(
                "c.yaml",
                """
                state: { redis: "redis://127.0.0.1:1" }
                upstreams: { app: { targets: ["http://127.0.0.1:1"] } }
                routes: [{ upstream: app }]
                """)
            let unknown = try await sluice("breakers", "force", "ap", "open", "--config", file)
            #expect(unknown.exit == .exited(1))
            #expect(unknown.standardError.contains("no upstream ap; expected one of app"))
            let time = try await sluice("breakers", "force", "app", "open", "--for", "soon")
            #expect(time.exit == .exited(1))
            #expect(time.standardError.contains("expected a time such as"))
        }
    }
}

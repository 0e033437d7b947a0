import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("The commands: limits")
    struct LimitsCommandTests {
        private let redis: RedisServer
        private let upstream: DemoUpstream

        init() async throws {
            redis = try await RedisServer()
            upstream = try await DemoUpstream()
        }

        /// A node whose clients get one token a minute, and hold three at most.
        private func node(_ url: String? = nil) async throws -> Node {
            let configuration = SharedCluster.configuration.replacing(
                "rates: [100/minute]", with: "rates: [1/minute, 100/hour], burst: 3"
            ).replacing("state: { redis: \"${TEST_REDIS}\" }", with: "state: { redis: \"${TEST_REDIS}\", timeout: 2s }")
            return try await Node(
                configuration, environment: ["TEST_REDIS": url ?? redis.url, "TEST_UPSTREAM": upstream.url])
        }

        private func status(_ node: Node) throws -> Int {
            try request("/api/users/7", [SharedCluster.acmeKey], port: node.port).status
        }

        /// Requests until one is refused.
        private func exhaust(_ node: Node) async throws {
            try await eventually("a request is refused") { try status(node) == 429 }
        }

        private func limits(_ arguments: String...) async throws -> ChildProcess.Finished {
            try await ChildProcess.run(
                Executables.sluice, ["limits"] + arguments, environment: ["SLUICE_REDIS": redis.url])
        }

        @Test("list shows what HGETALL shows")
        func list() async throws {
            let node = try await node()
            #expect(try status(node) == 200)
            let key = "sluice:bucket:{users.consumer:acme}"
            // What a node has prepaid goes back when it is not needed.
            try await eventually("no lease is out") { try await redis.cli("HKEYS", key).contains("lease:") == false }
            let stored = try await redis.cli("HGET", key, "hour.tokens")
            let listed = try #require(try await limits("--json").objects("limits").first)
            #expect(listed["policy"] as? String == "users.consumer")
            #expect(listed["subject"] as? String == "acme")
            let windows = try #require(listed["windows"] as? [[String: Any]])
            let hour = try #require(windows.first { $0["window"] as? String == "hour" })
            let tokens = try #require(hour["tokens"] as? Int)
            let kept = try #require(Int(stored))
            #expect((kept...kept + 1).contains(tokens), "HGETALL has \(stored)")
            #expect(hour["capacity"] as? Int == 3)
            #expect(hour["rate"] as? String == "100/hour")
            #expect(windows.count == 2)

            let table = try await limits()
            #expect(table.exit == .exited(0))
            #expect(table.standardOutput.contains(/users\.consumer +acme +minute +[012] +3 +1\/minute/))
            #expect(try await limits("--policy", "plan.*").standardOutput.contains("no such bucket"))
            #expect(
                try await limits("list", "--policy", "users.*", "--subject", "acme").standardOutput.contains("acme"))
        }

        @Test("reset makes a refused client admitted again")
        func reset() async throws {
            let node = try await node()
            try await exhaust(node)
            let explained = try await limits("explain", "acme")
            #expect(explained.standardOutput.contains("refused"), "\(explained)")
            let done = try await limits("reset", "users.consumer", "acme")
            #expect(done.exit == .exited(0))
            #expect(done.standardOutput.contains(/users\.consumer +acme +minute +0 +3/), "\(done.standardOutput)")
            // The node knows until when the subject is refused, and would not ask before; it is told.
            try await eventually("the client is admitted again") { try status(node) == 200 }
        }

        @Test("grant adds tokens, up to the capacity")
        func grant() async throws {
            let node = try await node()
            try await exhaust(node)
            let done = try await limits("grant", "users.consumer", "acme", "2")
            #expect(done.standardOutput.contains(/is:\n(.*\n)*users\.consumer +acme +minute +2 +3/), "\(done)")
            try await eventually("the client is admitted again") { try status(node) == 200 }
            _ = try await limits("grant", "users.consumer", "acme", "1000000")
            let listed = try await limits("--json").objects("limits")
            let windows = listed.first?["windows"] as? [[String: Any]] ?? []
            #expect(windows.allSatisfy { ($0["tokens"] as? Int ?? 9) <= 3 }, "\(windows)")
        }

        @Test("what is not there is said, with what is; exit status 1")
        func absent() async throws {
            let node = try await node()
            #expect(try status(node) == 200)
            for order in [["reset", "users.consumer", "acne"], ["grant", "users.consumer", "acne", "5"]] {
                let finished = try await ChildProcess.run(
                    Executables.sluice, ["limits"] + order, environment: ["SLUICE_REDIS": redis.url])
                #expect(finished.exit == .exited(1))
                #expect(finished.standardError.contains("no bucket of users.consumer for acne"))
                #expect(finished.standardError.contains("has some for acme"))
            }
            #expect(try await limits("explain", "acne").standardOutput.contains("would be admitted"))
        }

        @Test("watch shows the list as often as it is told, and ends by itself")
        func watch() async throws {
            try await redis.cli("HSET", "sluice:bucket:{p:s}", "hour.tokens", "1", "hour.capacity", "5")
            let finished = try await limits("watch", "--count", "2")
            #expect(finished.exit == .exited(0))
            #expect(finished.standardOutput.components(separatedBy: "POLICY").count == 3)
            #expect(!finished.standardOutput.contains("\u{1B}"), "no terminal, no control sequences")
            let lines = try await limits("watch", "--count", "2", "--json").standardOutput.split(separator: "\n")
            #expect(lines.count == 2)
        }

        @Test("a bucket whose place is taken by something else is not shown, and the others are")
        func foreign() async throws {
            try await redis.cli("SET", "sluice:bucket:{p:foreign}", "x")
            try await redis.cli("HSET", "sluice:bucket:{p:mine}", "hour.tokens", "1", "hour.capacity", "5")
            let finished = try await limits()
            #expect(finished.exit == .exited(0), "\(finished.standardError)")
            #expect(finished.standardOutput.contains("mine"))
            #expect(!finished.standardOutput.contains("foreign"))
        }

        @Test(
            "without Redis a command says where it looked, why that failed and what to do, and fails; no password is shown",
            arguments: [["limits"], ["limits", "watch"], ["limits", "explain", "acme"], ["breakers"], ["nodes"]])
        func unreachable(_ command: [String]) async throws {
            let port = try freePort()
            let finished = try await ChildProcess.run(
                Executables.sluice, command + ["--redis", "redis://user:hunter2@127.0.0.1:\(port)/3"])
            #expect(finished.exit == .exited(1))
            #expect(finished.standardError.contains("redis://127.0.0.1:\(port)/3"))
            #expect(finished.standardError.contains("refused"))
            #expect(finished.standardError.contains("SLUICE_REDIS"))
            #expect(!finished.standardError.contains("hunter2"))
        }

        @Test("a URL that is none, and a configuration without Redis, are refused")
        func misplaced() async throws {
            let url = try await sluice("nodes", "--redis", "http://:hunter2@h")
            #expect(url.exit == .exited(1))
            #expect(url.standardError.contains("redis://[user:password@]host"))
            #expect(!url.standardError.contains("hunter2"))
            let files = try TemporaryDirectory("misplaced")
            let file = try files.write(
                "alone.yaml", "upstreams: { a: { targets: [\"http://127.0.0.1:1\"] } }\nroutes: [{ upstream: a }]\n")
            let alone = try await sluice("limits", "--config", file)
            #expect(alone.exit == .exited(1))
            #expect(alone.standardError.contains("has no state.redis"))
        }

        @Test("the configuration's state is used, with its namespace")
        func configured() async throws {
            try await redis.cli("HSET", "eu:bucket:{p:s}", "hour.tokens", "1", "hour.capacity", "5")
            let files = try TemporaryDirectory("configured")
            let file = try files.write(
                "eu.yaml",
                """
                state: { redis: "\(redis.url)", namespace: eu }
                upstreams: { a: { targets: ["http://127.0.0.1:1"] } }
                routes: [{ upstream: a }]
                """)
            #expect(try await sluice("limits", "--config", file, "--json").objects("limits").count == 1)
            #expect(
                try await sluice("limits", "--config", file, "--namespace", "us", "--json").objects("limits").isEmpty)
        }
    }
}

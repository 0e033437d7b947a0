import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("One configuration for a cluster, through Redis")
    struct RolloutTests {
        private let redis: RedisServer
        private let upstream: DemoUpstream
        private let files: TemporaryDirectory

        init() async throws {
            redis = try await RedisServer()
            upstream = try await DemoUpstream()
            files = try TemporaryDirectory("rollout")
        }

        /// What all nodes run: what is a node's own comes from its environment.
        private static func configuration(_ routes: String) -> String {
            """
            listeners: [{ bind: "127.0.0.1:${NODE_PORT}" }]
            admin: { bind: "127.0.0.1:${NODE_ADMIN_PORT}" }
            node: { id: "${NODE_ID}" }
            access_log: { path: off }
            drain: 2s
            upstreams: { app: { targets: ["${UPSTREAM}"], breaker: off } }
            routes:
              - { name: plain, match: { path: "/plain" }, upstream: app }
            \(routes)

            """
        }

        private func write(_ name: String, _ routes: String) throws -> String {
            try files.write(name, Self.configuration(routes))
        }

        private static func route(_ name: String) -> String {
            "  - { name: \(name), match: { path: \"/\(name)\" }, upstream: app }"
        }

        private func config(_ arguments: String...) async throws -> ChildProcess.Finished {
            try await ChildProcess.run(
                Executables.sluice, ["config"] + arguments, environment: ["SLUICE_REDIS": redis.url, "USER": "ops"],
                within: .seconds(60))
        }

        private func followers(_ count: Int) async throws -> [FollowingNode] {
            var nodes: [FollowingNode] = []
            for index in 1...count {
                nodes.append(try FollowingNode("node\(index)", redis: redis.url, upstream: upstream.url))
            }
            for node in nodes { try await node.start() }
            try await eventually("all nodes are known to follow", within: .seconds(20)) {
                let status = try await config("status", "--json").objects("nodes")
                return status.count == count && status.allSatisfy { $0["from"] as? String == "redis" }
            }
            return nodes
        }

        @Test("a push is tried by one node, then taken by three under load, without a failed request")
        func push() async throws {
            let first = try await config("push", try write("one.yaml", Self.route("one")), "--no-canary")
            #expect(first.exit == .exited(0), "\(first.standardError)")
            #expect(first.standardError.contains("NODE_PORT is not set"), "variables are the nodes' own")
            let nodes = try await followers(3)
            for node in nodes { #expect(try request("/one", port: node.port).status == 200) }

            let loads = nodes.map { Load(port: $0.port, "/plain", clients: 2) }
            let pushed = try await config(
                "push", try write("two.yaml", Self.route("two")), "--watch", "2s", "--canary", "node2", "--note", "two")
            #expect(pushed.exit == .exited(0), "\(pushed.standardOutput)\(pushed.standardError)")
            #expect(pushed.standardOutput.contains("revision 2 is being tried on node2"))
            #expect(pushed.standardOutput.contains("revision 2 is live, taken by 3 of 3 nodes that follow"))
            for node in nodes {
                #expect(try request("/two", port: node.port).status == 200)
                #expect(try request("/one", port: node.port).status == 404)
                #expect(try callAdmin("/api/config", port: node.adminPort).json["revision"] as? Int == 2)
                #expect(
                    try request("/metrics", port: node.adminPort).text.contains(
                        #"sluice_config_revision_info{origin="redis",revision="2""#))
            }
            for load in loads {
                let outcomes = try await load.stop()
                #expect(outcomes.count > 20)
                #expect(outcomes.allSatisfy { $0.status == 200 }, "\(outcomes.statuses) \(outcomes.errors)")
            }

            let list = try await config("list", "--json").objects("revisions")
            #expect(list.compactMap { $0["revision"] as? Int } == [2, 1])
            #expect(list.compactMap { $0["state"] as? String } == ["live", "last good"])
            #expect(list.first?["note"] as? String == "two")
            let told = try callAdmin("/api/config/revisions", port: nodes[0].adminPort).json
            let shown = try #require(told["revisions"] as? [[String: Any]])
            #expect(told["live"] as? Int == 2 && told["last_good"] as? Int == 1 && told["candidate"] is NSNull)
            #expect(shown.compactMap { $0["state"] as? String } == ["live", "last good"])
            #expect((shown.first?["nodes"] as? [[String: Any]])?.allSatisfy { $0["ok"] as? Bool == true } == true)
            #expect((list.first?["author"] as? String)?.hasPrefix("ops@") == true)
            #expect((list.first?["nodes"] as? [[String: Any]])?.count == 3)
            #expect(try await config("show", "2").standardOutput == Self.configuration(Self.route("two")))
            let diff = try await config("diff", "1", "2").standardOutput
            #expect(diff.contains("-\(Self.route("one"))\n+\(Self.route("two"))\n"), "\(diff)")
            #expect(try await redis.cli("HGET", "sluice:config:{revisions}", "live") == "2")
            #expect(try await redis.cli("HGET", "sluice:config:{revisions}:2", "state") == "live")
            #expect(try await redis.cli("HGET", "sluice:config:{revisions}:2", "ack:node3").hasPrefix("ok "))

            let back = try await config("rollback")
            #expect(back.exit == .exited(0), "\(back.standardError)")
            for node in nodes { #expect(try request("/one", port: node.port).status == 200) }
            #expect(
                try await config("list", "--json").objects("revisions").compactMap { $0["state"] as? String }
                    == ["rolled back", "live"])
        }

        @Test("a revision that the first node refuses, or fails with, never reaches the others")
        func badRevisions() async throws {
            _ = try await config("push", try write("good.yaml", Self.route("good")), "--no-canary")
            let nodes = try await followers(2)
            // Only the nodes can know that there is no such file.
            let refused = try await config(
                "push",
                try write(
                    "refused.yaml",
                    #"  - { name: x, match: { path: /x }, upstream: app, auth: dev }"#
                        + "\nauthenticators: { dev: { jwt: { algorithms: [HS256], secret: \"file:nowhere.key\" } } }"))
            #expect(refused.exit == .exited(1))
            #expect(refused.standardOutput.contains("node1 has refused it"), "\(refused.standardOutput)")
            #expect(refused.standardOutput.contains("nowhere.key"))

            let load = [
                Load(port: nodes[0].port, "/plain", clients: 2), Load(port: nodes[1].port, "/plain", clients: 2),
            ]
            try await load[0].more(40)
            // Nobody listens there: every request fails.
            let broken = Self.configuration("").replacing("${UPSTREAM}", with: "http://127.0.0.1:1")
            let failed = try await config("push", try files.write("broken.yaml", broken), "--watch", "20s", "--json")
            #expect(failed.exit == .exited(1))
            #expect(try failed.json["state"] as? String == "withdrawn")
            #expect(
                (try failed.json["reason"] as? String)?.contains("node1 failed") == true, "\(failed.standardOutput)")
            try await eventually("the node that tried it is back") {
                try request("/good", port: nodes[0].port).status == 200
            }
            _ = try await load[0].stop()
            let others = try await load[1].stop()
            #expect(others.allSatisfy { $0.status == 200 }, "\(others.statuses)")
            #expect(
                try await config("list", "--json").objects("revisions").compactMap { $0["state"] as? String }
                    == ["withdrawn", "withdrawn", "live"])
            try await eventually("all are in step") { try await config("status").exit == .exited(0) }
        }

        @Test("a node that can't take what is live says so everywhere, and serves on")
        func refusal() async throws {
            _ = try await config("push", try write("one.yaml", Self.route("one")), "--no-canary")
            let nodes = try await followers(2)
            let taken = try TestOrigin { _ in .response() }
            let text = Self.configuration(Self.route("two")).replacing(
                "listeners: [", with: "listeners: [{ bind: \"127.0.0.1:${NODE_FURTHER:-0}\" }, ")
            try await nodes[1].restart(with: ["NODE_FURTHER": "\(taken.port)"])
            let pushed = try await config("push", try files.write("two.yaml", text), "--no-canary")
            #expect(pushed.exit == .exited(1))
            #expect(pushed.standardOutput.contains("taken by 1 of 2"), "\(pushed.standardOutput)")
            #expect(try request("/two", port: nodes[0].port).status == 200)
            #expect(try request("/one", port: nodes[1].port).status == 200)
            let status = try await config("status")
            #expect(status.exit == .exited(1))
            #expect(status.standardOutput.contains(/node2 +redis +1 .*refused/), "\(status.standardOutput)")
            #expect(status.standardOutput.contains("\(taken.port)"))
            let ready = try request("/readyz", port: nodes[1].adminPort)
            #expect(ready.status == 200)
            #expect((ready.json["configuration"] as? [String: Any])?["last_reload"] as? String == "refused")
            #expect(
                try request("/metrics", port: nodes[1].adminPort).text.contains("sluice_config_last_reload_success 0"))
        }

        @Test("without Redis a node starts with the last good configuration, and follows again when Redis is back")
        func lastGood() async throws {
            _ = try await config("push", try write("one.yaml", Self.route("one")), "--no-canary")
            let node = try await followers(1)[0]
            try await eventually("it is kept on disk") { FileManager.default.fileExists(atPath: node.lastGood) }
            let mode = try FileManager.default.attributesOfItem(atPath: node.lastGood)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            let (root, list) = ("sluice:config:{revisions}", "sluice:config:{revisions}:list")
            let (dump, revision) = (try await redis.cli("HGETALL", root), try await redis.cli("HGETALL", root + ":1"))
            #expect(!dump.isEmpty && !revision.isEmpty)
            try await redis.kill9()
            try await node.restart()
            #expect(try request("/one", port: node.port).status == 200)
            #expect(try callAdmin("/api/config", port: node.adminPort).json["origin"] as? String == "disk")
            #expect(node.errors.contains("kept on disk"))

            // It comes back empty: the node serves on, and takes what is pushed next.
            try await redis.start()
            #expect(try await redis.cli("EXISTS", list) == "0")
            try await eventually("the node is heard of again", within: .seconds(20)) {
                try await config("status", "--json").objects("nodes").first?["from"] as? String == "disk"
            }
            let pushed = try await config("push", try write("two.yaml", Self.route("two")), "--watch", "1s")
            #expect(pushed.exit == .exited(0), "\(pushed.standardOutput)\(pushed.standardError)")
            #expect(try request("/two", port: node.port).status == 200)
            #expect(try callAdmin("/api/config", port: node.adminPort).json["origin"] as? String == "redis")
        }

        @Test("a trial whose command was killed lapses, and its node goes back")
        func lapse() async throws {
            _ = try await config("push", try write("one.yaml", Self.route("one")), "--no-canary")
            let node = try await followers(1)[0]
            let push = try ChildProcess(
                Executables.sluice,
                ["config", "push", try write("two.yaml", Self.route("two")), "--watch", "1h", "--redis", redis.url])
            try await eventually("the node tries it", within: .seconds(20)) {
                try request("/two", port: node.port).status == 200
            }
            let busy = try await config("push", try write("three.yaml", Self.route("three")))
            #expect(busy.exit == .exited(1))
            #expect(busy.standardError.contains("revision 2 is being tried on node1"), "\(busy.standardError)")
            push.signal(SIGKILL)
            // As if the time were over.
            try await redis.cli("HSET", "sluice:config:{revisions}", "candidate_until", "1")
            try await redis.cli("PUBLISH", "sluice:events", "config 2 lapsed")
            try await eventually("the node is back") { try request("/one", port: node.port).status == 200 }
            #expect(try await config("list").standardOutput.contains(/2  stored/))
        }

        @Test("what a running node can't change is refused at the push, and secrets in the text are warned of")
        func refusedPush() async throws {
            _ = try await config("push", try write("one.yaml", Self.route("one")), "--no-canary")
            let text = Self.configuration(Self.route("one"))
            let moved = try await config(
                "push", try files.write("moved.yaml", text + "state: { namespace: elsewhere, timeout: 70ms }\n"))
            #expect(moved.exit == .exited(1))
            #expect(moved.standardError.contains("state can't be changed in a running node"), "\(moved.standardError)")
            let mistaken = try await config("push", try files.write("mistaken.yaml", text + "rotes: []\n"))
            #expect(mistaken.exit == .exited(1))
            #expect(mistaken.standardError.contains(#"unknown key "rotes"; did you mean "routes"?"#))
            let secret = try await config(
                "push", "--no-canary",
                try files.write(
                    "secret.yaml",
                    text
                        + "authenticators: { dev: { jwt: { algorithms: [HS256], secret: 0123456789abcdef0123456789abcdef } } }\n"
                ))
            #expect(secret.exit == .exited(0), "\(secret.standardError)")
            #expect(secret.standardError.contains("this secret is stored in Redis as it stands"))
            let unknown = try await config("show", "77")
            #expect(unknown.exit == .exited(1))
            #expect(unknown.standardError.contains("there is no revision 77"))
        }

        @Test("a node without a configuration says what to do")
        func nothing() async throws {
            let run = try await ChildProcess.run(
                Executables.sluice, ["run", "--config", "redis", "--state-dir", files.path, "--redis", redis.url])
            #expect(run.exit == .exited(1))
            #expect(run.standardError.contains("push one: sluice config push"))
            let nowhere = try await sluice("run", "--config", "redis", environment: ["SLUICE_REDIS": ""])
            #expect(nowhere.exit == .exited(1))
            #expect(nowhere.standardError.contains("give --redis URL, or set SLUICE_REDIS"))
        }
    }
}

/// A node that gets its configuration from Redis.
private final class FollowingNode: Sendable {
    let name: String
    let port: Int
    let adminPort: Int
    private let files: TemporaryDirectory
    private let environment: [String: String]
    private let processes = ProcessBox()

    init(_ name: String, redis: String, upstream: String) throws {
        self.name = name
        port = try freePort()
        adminPort = try freePort()
        files = try TemporaryDirectory("follower")
        environment = [
            "NODE_ID": name, "NODE_PORT": "\(port)", "NODE_ADMIN_PORT": "\(adminPort)", "UPSTREAM": upstream,
            "SLUICE_REDIS": redis, "SLUICE_STATE_DIR": files.path,
        ]
    }

    var lastGood: String { files.file("sluice.yaml") }
    var errors: String { processes.current?.standardError ?? "" }

    func start(with further: [String: String] = [:]) async throws {
        let child = try ChildProcess(
            Executables.sluice, ["run", "--config", "redis", "--workers", "1"],
            environment: environment.merging(further) { $1 })
        processes.current = child
        try await eventually("\(name) is ready", within: .seconds(20)) {
            guard child.isRunning else { throw TestFailure("it ended: \(child.standardError)") }
            return try request("/readyz", port: adminPort).status == 200
        }
    }

    func restart(with further: [String: String] = [:]) async throws {
        try await processes.current?.terminate()
        try await start(with: further)
    }
}

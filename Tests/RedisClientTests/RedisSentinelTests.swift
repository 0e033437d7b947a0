import NIOCore
import RedisClient
import TestSupport
import Testing

extension Topologies {
    @Suite("a master that sentinels name")
    struct RedisSentinelTests {
        private func settings(
            _ ports: [Int], master: String = RedisSentinels.master, timeout: TimeAmount = .seconds(5)
        ) -> RedisSettings {
            var settings = RedisSettings.local(0, timeout: timeout)
            settings.topology = .sentinel(
                .init(addresses: ports.map { RedisAddress(host: "127.0.0.1", port: $0) }, master: master))
            return settings
        }

        @Test("with users of the servers and of the sentinels, a failover under load is followed")
        func failover() async throws {
            let servers = ["--requirepass", "pw", "--masterauth", "pw"]
            let redis = try await RedisSentinels(
                server: servers,
                sentinel: [
                    "sentinel auth-pass mymaster pw", "user watcher on >spw allchannels +@all",
                    "user default on nopass +@all &*",
                ])
            var settings = settings(redis.ports)
            settings.password = "pw"
            if case .sentinel(var sentinels) = settings.topology {
                sentinels.username = "watcher"
                sentinels.password = "spw"
                settings.topology = .sentinel(sentinels)
            }
            let client = try await RedisClient.connect(settings, on: anyLoop())
            let load = try await PairLoad.start(client, tags: ["a", "b"])
            try await load.waitForReplies(100)
            let first = try await redis.masterPort()
            try await redis.failOver()
            let second = try await redis.masterPort()
            #expect(first != second)
            try await load.waitForReplies(100)
            #expect(try await client.onLoop { $0.masters[0].address.port } == second)
            let report = try await load.stop()
            #expect(report.mostAnswers == 1)
            #expect(report.replies.values.reduce(0, +) + report.failures.values.reduce(0, +) == report.calls)
            try await client.close()
        }

        @Test("a master that hangs is left for the one that is promoted, although the first sentinel is gone")
        func hang() async throws {
            let redis = try await RedisSentinels()
            let settings = settings([try freePort()] + redis.ports)
            let loop = anyLoop()
            let client = try await RedisClient.connect(settings, on: loop)
            let messages = Recorded<String>()
            let subscription = try await loop.submit {
                let subscription = RedisSubscription(settings, channels: ["events"], on: loop)
                subscription.onMessage = { messages.append(String(decoding: $1, as: UTF8.self)) }
                subscription.start()
                return NIOLoopBound(subscription, eventLoop: loop)
            }.get()
            let old = try #require(redis.servers.first)
            // Nothing breaks: it is the sentinels' word that moves the connection, before it counts as stalled.
            old.pause()
            try await redis.waitForMaster(otherThan: old.port)
            try await eventually("commands reach the new master") {
                try await client.send("SET", "key", "new") == .status("OK")
            }
            try await eventually("messages arrive from the new master") {
                try await redis.servers[1].cli("PUBLISH", "events", "new") != "0" && messages.all.last == "new"
            }
            #expect(try await redis.servers[1].cli("GET", "key") == "new")
            old.resume()
            try await client.send("SET", "key", "newer")
            #expect(try await redis.servers[1].cli("GET", "key") == "newer")
            try await loop.submit { subscription.value.close() }.get()
            try await client.close()
        }

        @Test("without a sentinel, without the master's name, and with a replica in its place, the reason is told")
        func reasons() async throws {
            let port = try freePort()
            let dead = await #expect(throws: RedisError.self) {
                try await RedisClient.connect(settings([port]), on: anyLoop())
            }
            #expect(dead?.description.contains("no sentinel names a master: 127.0.0.1:\(port)") == true)
            let master = try await RedisServer()
            let replica = try await RedisServer(arguments: ["--replicaof", "127.0.0.1", "\(master.port)"])
            let sentinel = try ScriptedRedis { words, _ in
                guard words[0] == "SENTINEL" else { return "+OK\r\n" }
                guard words[2] == "known" else { return "*-1\r\n" }
                return "*2\r\n$9\r\n127.0.0.1\r\n$\("\(replica.port)".utf8.count)\r\n\(replica.port)\r\n"
            }
            let unknown = await #expect(throws: RedisError.self) {
                try await RedisClient.connect(settings([sentinel.port], master: "other"), on: anyLoop())
            }
            #expect(unknown?.description.contains("knows no master named other") == true)
            let wrong = await #expect(throws: RedisError.self) {
                try await RedisClient.connect(settings([sentinel.port], master: "known"), on: anyLoop())
            }
            #expect(wrong?.description.contains("127.0.0.1:\(replica.port) is not the master") == true)
            try await replica.cli("REPLICAOF", "NO", "ONE")
            let client = try await RedisClient.connect(settings([sentinel.port], master: "known"), on: anyLoop())
            // Demoted behind the sentinels' back: the first refused write gives the connection up.
            try await replica.cli("REPLICAOF", "127.0.0.1", "\(master.port)")
            await #expect(throws: RedisError.self) { try await client.send("SET", "a", "1") }
            try await eventually("the connection is given up") { try await client.onLoop { !$0.isReady } }
            try await client.close()
        }
    }
}

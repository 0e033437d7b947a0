import Encryption
import NIOCore
import RedisClient
import TestSupport
import Testing

extension Topologies {
    @Suite("a cluster")
    struct RedisClusterTests {
        private static func settings(_ cluster: RedisCluster, timeout: TimeAmount = .seconds(5)) -> RedisSettings {
            var settings = RedisSettings.local(0, timeout: timeout)
            settings.topology = .cluster(
                seeds: cluster.servers.map { RedisAddress(host: "127.0.0.1", port: $0.port) })
            return settings
        }

        /// What the scripts have counted, at whichever server has the keys.
        private func counted(_ client: RedisClient, _ tag: String) async throws -> [Int?] {
            let key = "{\(tag)}a"
            let reply = try await client.send("MGET", key, "{\(tag)}b", routedBy: key)
            return reply.elements.map(\.integer)
        }

        @Test("keys of all masters, with and without their slot, SCAN of all, messages across nodes")
        func basics() async throws {
            let cluster = try await RedisCluster()
            var settings = Self.settings(cluster)
            // One seed is gone, another is enough.
            settings.topology = .cluster(
                seeds: [
                    .init(host: "127.0.0.1", port: try freePort()),
                    .init(host: "127.0.0.1", port: cluster.servers[1].port),
                ])
            let loop = anyLoop()
            let client = try await RedisClient.connect(settings, on: loop)
            #expect(try await client.onLoop { $0.isClustered && $0.masters.count == 3 })
            let keys = (0..<60).map { "key:\($0)" }
            for key in keys { try await client.send("SET", key, "1", routedBy: key) }
            #expect(try await client.onLoop { $0.counters.redirects } == 0)
            // Without its slot a command finds its way by the redirections.
            for key in keys { #expect(try await client.send("GET", key).text == "1") }
            #expect(try await client.onLoop { $0.counters.redirects } > 0)
            try await client.send("SET", "other", "1", routedBy: "other")
            #expect(try await client.scan(match: "key:*") == keys.sorted())
            await #expect(throws: RedisError.self) {
                try await client.send("MGET", "key:1", "key:2", routedBy: "key:1")
            }
            let messages = Recorded<String>()
            let subscription = try await loop.submit { [settings] in
                let subscription = RedisSubscription(settings, channels: ["events"], on: loop)
                subscription.onMessage = { messages.append(String(decoding: $1, as: UTF8.self)) }
                subscription.onSubscribed = { messages.append("subscribed") }
                subscription.start()
                return NIOLoopBound(subscription, eventLoop: loop)
            }.get()
            try await eventually("subscribed") { messages.all == ["subscribed"] }
            for index in 0..<3 { _ = try await cluster.cli(index, "PUBLISH", "events", "\(index)") }
            try await client.publish("3", to: "events")
            try await eventually("all messages") { messages.all.dropFirst().sorted() == ["0", "1", "2", "3"] }
            try await loop.submit { subscription.value.close() }.get()
            try await client.close()
            await #expect(throws: RedisError.closed) { try await client.send("GET", "a") }
        }

        @Test("while slots move under load every call is executed once and answered, with its script forgotten besides")
        func resharding() async throws {
            let cluster = try await RedisCluster(masters: 3)
            let client = try await RedisClient.connect(Self.settings(cluster), on: anyLoop())
            let tags = (0..<30).map { "tag\($0)" }
            let load = try await PairLoad.start(client, tags: tags)
            try await load.waitForReplies(200)
            for tag in tags.prefix(12) {
                let slot = Int(RedisSlot(of: tag).number)
                try await cluster.migrate(slot: slot, to: (cluster.owner(of: slot) + 1) % 3)
            }
            for index in 0..<3 { _ = try await cluster.cli(index, "SCRIPT", "FLUSH") }
            try await load.waitForReplies(200)
            let report = try await load.stop()
            #expect(report.failures.isEmpty, "\(report.failures)")
            #expect(report.mostAnswers == 1)
            for tag in tags { #expect(try await counted(client, tag) == [report.replies[tag], report.replies[tag]]) }
            let counters = try await client.onLoop { $0.counters }
            #expect(counters.redirects > 0 && counters.scriptReloads > 0)
            // Each moved slot costs redirections only until the map is read again.
            try await eventually("the map is up to date") {
                let before = try await client.onLoop { $0.counters.redirects }
                for tag in tags { _ = try await counted(client, tag) }
                return try await client.onLoop { $0.counters.redirects } == before
            }
            try await client.close()
        }

        @Test("a half moved slot is served from both sides; keys on different sides wait for the rest of the move")
        func halfMoved() async throws {
            let cluster = try await RedisCluster(masters: 3)
            let client = try await RedisClient.connect(Self.settings(cluster), on: anyLoop())
            let slot = Int(RedisSlot(of: "t").number)
            let source = try await cluster.owner(of: slot)
            let target = (source + 1) % 3
            let (sourceID, targetID) = (
                try await cluster.cli(source, "CLUSTER", "MYID"), try await cluster.cli(target, "CLUSTER", "MYID")
            )
            for key in ["{t}a", "{t}b"] { try await client.send("SET", key, "1", routedBy: key) }
            _ = try await cluster.cli(target, "CLUSTER", "SETSLOT", "\(slot)", "IMPORTING", sourceID)
            _ = try await cluster.cli(source, "CLUSTER", "SETSLOT", "\(slot)", "MIGRATING", targetID)
            let port = "\(cluster.servers[target].port)"
            _ = try await cluster.cli(source, "MIGRATE", "127.0.0.1", port, "{t}a", "0", "5000")
            #expect(try await client.send("INCR", "{t}a", routedBy: "{t}a").integer == 2)
            #expect(try await client.send("INCR", "{t}b", routedBy: "{t}b").integer == 2)
            async let both = client.send("MGET", "{t}a", "{t}b", routedBy: "{t}a")
            try await eventually("it has been put off") { try await client.onLoop { $0.counters.redirects } > 3 }
            _ = try await cluster.cli(source, "MIGRATE", "127.0.0.1", port, "{t}b", "0", "5000")
            #expect(try await both.elements.map(\.integer) == [2, 2])
            for index in [target, source] {
                _ = try await cluster.cli(index, "CLUSTER", "SETSLOT", "\(slot)", "NODE", targetID)
            }
            try await client.close()
        }

        @Test("a killed master's slots fail at once, the others are served, and its replica is found")
        func failover() async throws {
            let cluster = try await RedisCluster(
                masters: 3, replicas: 1, arguments: ["--cluster-require-full-coverage", "no"])
            let changes = Recorded<RedisConnection.Change>()
            let client = try await RedisClient.start(Self.settings(cluster), on: anyLoop()) { link in
                link.onChange = { changes.append($0) }
            }
            try await client.waitUntilReady()
            let tags = (0..<30).map { "tag\($0)" }
            let load = try await PairLoad.start(client, tags: tags)
            try await load.waitForReplies(200)
            try await cluster.servers[0].kill9()
            try await eventually("the loss is told") { try await client.onLoop { !$0.isReady } }
            try await load.waitForReplies(200)
            try await eventually("all slots are served again", within: .seconds(30)) {
                try await client.onLoop { $0.isReady }
            }
            for tag in tags { _ = try await counted(client, tag) }
            let report = try await load.stop()
            #expect(report.mostAnswers == 1)
            #expect(report.replies.values.reduce(0, +) + report.failures.values.reduce(0, +) == report.calls)
            #expect(
                try await client.onLoop { link in link.masters.map(\.address.port) }.contains(cluster.servers[3].port))
            #expect(changes.all.first == .connected && changes.all.last == .connected)
            try await client.close()
        }

        @Test("TLS and a password on every connection of a cluster")
        func encrypted() async throws {
            let certificates = try await TestCertificates()
            let cluster = try await RedisCluster(masters: 3, password: "pw", tls: certificates)
            var settings = Self.settings(cluster)
            settings.password = "pw"
            settings.tls = try ClientTLS(.init(roots: certificates.bytes(certificates.ca)))
            let client = try await RedisClient.connect(settings, on: anyLoop())
            for number in 0..<20 { try await client.send("SET", "key:\(number)", "1", routedBy: "key:\(number)") }
            #expect(try await client.scan(match: "*").count == 20)
            let tag = "moved"
            let slot = Int(RedisSlot(of: tag).number)
            try await client.send("SET", "{moved}", "1", routedBy: "{moved}")
            try await cluster.migrate(slot: slot, to: (cluster.owner(of: slot) + 1) % 3)
            #expect(try await client.send("GET", "{moved}", routedBy: "{moved}").text == "1")
            try await client.close()
        }

        @Test("a server that is no cluster is told as such")
        func noCluster() async throws {
            let server = try await RedisServer()
            var settings = RedisSettings.local(0)
            settings.topology = .cluster(seeds: [.init(host: "127.0.0.1", port: server.port)])
            let error = await #expect(throws: RedisError.self) {
                try await RedisClient.connect(settings, on: anyLoop())
            }
            #expect(error?.description.contains("cluster support disabled") == true)
        }
    }
}

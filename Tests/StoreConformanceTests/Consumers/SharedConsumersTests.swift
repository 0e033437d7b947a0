import Credentials
import GatewayCore
import NIOCore
import NIOPosix
import Policies
import RedisClient
import TestSupport
import Testing

@testable import Filters

/// Consumers and keys on a real Redis: what commands write, and what a worker makes of it.
@Suite("Consumers and keys in Redis", .serialized, .ownThreads, .timeLimit(.minutes(2)))
struct SharedConsumersTests {
    /// A worker's memory with its loop, and the way that commands take, to one Redis.
    private final class Setting: Sendable {
        let news = ConsumerNews()
        let consumers: ConsumersInRedis
        private let loop: any EventLoop
        private let memory: NIOLoopBound<SharedConsumers>
        private let client: RedisClient

        init(ports: [Int]) async throws {
            loop = MultiThreadedEventLoopGroup.singleton.next()
            var settings = RedisSettings(port: ports[0])
            if ports.count > 1 {
                settings.topology = .cluster(seeds: ports.map { RedisAddress(host: "127.0.0.1", port: $0) })
            }
            settings.timeout = .seconds(5)
            client = try await RedisClient.connect(settings, on: loop)
            consumers = ConsumersInRedis(client, namespace: "sluice")
            memory = try await loop.submit { [loop, news, settings] in
                var settings = settings
                settings.timeout = .milliseconds(500)
                let link = RedisLink(settings, on: loop)
                let memory = try SharedConsumers(link: link, namespace: "sluice", news: news)
                link.start()
                return NIOLoopBound(memory, eventLoop: loop)
            }.get()
            try await eventually("the worker can ask") { try await self.look("nothing") == "missing" }
        }

        var asked: Int { get async throws { try await run { $0.counters.asked } } }

        func run<Value: Sendable>(_ body: @escaping @Sendable (SharedConsumers) throws -> Value) async throws -> Value {
            try await loop.submit { [memory] in try body(memory.value) }.get()
        }

        /// What a request with the key would be told: its consumer with plan and scopes.
        func look(_ key: String) async throws -> String {
            let promise = loop.makePromise(of: String.self)
            try await run { memory in
                let digest = try SHA256Hasher().digest(Array(key.utf8))
                switch memory.find(digest) {
                case .found(let key): promise.succeed(try Self.text(key))
                case .missing: promise.succeed("missing")
                case .unsure:
                    memory.ask(digest) { answer in
                        switch answer {
                        case .found(let key): promise.completeWith(Result { try Self.text(key) })
                        case .missing: promise.succeed("missing")
                        case .unavailable: promise.succeed("unavailable")
                        }
                    }
                }
            }
            return try await promise.futureResult.get()
        }

        private static func text(_ key: SharedKey) throws -> String {
            guard let identity = key.grant(beside: try ConsumerDirectory([]))?.identity else { return "nobody's" }
            return "\(identity.consumer) \(identity.plan ?? "-") \(identity.scopes.joined(separator: ","))"
        }

        @discardableResult
        func make(_ key: String, of consumer: String, _ life: ConsumersInRedis.KeyLife = .forever) async throws
            -> ConsumersInRedis.Key
        {
            let hash = try APIKeyTable.hash(ofKey: Array(key.utf8)).suffix(64)
            return try await consumers.createKey(sha256: String(hash), KeyRecord(consumer: consumer), life: life)
        }

        func put(_ id: String, plan: String? = nil, scopes: [String] = []) async throws {
            var record = ConsumerRecord(id: id)
            (record.plan, record.scopes) = (plan, scopes)
            try await consumers.put(record)
        }

        /// As the follower does, but no event ever came: changes are noticed by the version alone.
        func readVersionTwice() async throws {
            let versionKey = "sluice:consumers:version"
            for _ in 1...2 {
                let version = try await client.send("GET", versionKey, routedBy: versionKey).integer ?? 0
                news.read(version: version, askedAt: SharedConsumers.clock())
            }
            _ = try await run { _ in }
        }
    }

    @Test("a key costs one command with its consumer, and nothing when it comes again")
    func oneCommand() async throws {
        let redis = try await RedisServer()
        let setting = try await Setting(ports: [redis.port])
        try await setting.put("acme", plan: "gold", scopes: ["a", "b"])
        try await setting.make("k1", of: "acme")
        let before = try await setting.asked
        #expect(try await setting.look("k1") == "acme gold a,b")
        for _ in 1...20 { #expect(try await setting.look("k1") == "acme gold a,b") }
        #expect(try await setting.asked == before + 1)
        for _ in 1...20 { #expect(try await setting.look("guess") == "missing") }
        #expect(try await setting.asked == before + 2, "a guess is remembered too")
    }

    @Test("what has changed is known after two readings of the version, although no event came")
    func lostEvents() async throws {
        let redis = try await RedisServer()
        let setting = try await Setting(ports: [redis.port])
        try await setting.put("acme", plan: "gold")
        let key = try await setting.make("k1", of: "acme")
        try await setting.make("k2", of: "acme")
        try await setting.readVersionTwice()
        #expect(try await setting.look("k1") == "acme gold ")
        #expect(try await setting.look("k2") == "acme gold ")
        try await setting.consumers.revoke(key)
        try await setting.put("acme", plan: "trial")
        #expect(try await setting.look("k1") == "acme gold ", "nobody has told it")
        try await setting.readVersionTwice()
        #expect(try await setting.look("k1") == "missing")
        #expect(try await setting.look("k2") == "acme trial ")
        let asked = try await setting.asked
        try await setting.readVersionTwice()
        #expect(try await setting.look("k2") == "acme trial ")
        #expect(try await setting.asked == asked, "one command has confirmed all")
    }

    @Test("without Redis a known key goes on, and of an unknown one nobody can say anything")
    func outage() async throws {
        let redis = try await RedisServer()
        let setting = try await Setting(ports: [redis.port])
        try await setting.put("acme", plan: "gold")
        try await setting.make("k1", of: "acme")
        try await setting.make("k2", of: "acme")
        try await setting.readVersionTwice()
        #expect(try await setting.look("k1") == "acme gold ")
        try await redis.kill9()
        #expect(try await setting.look("k1") == "acme gold ")
        #expect(try await setting.look("k2") == "unavailable")
    }

    @Test("a key ends by the clock of Redis, and goes from there after another day")
    func expiry() async throws {
        let redis = try await RedisServer()
        let setting = try await Setting(ports: [redis.port])
        try await setting.put("acme")
        let key = try await setting.make("k1", of: "acme", .seconds(100))
        #expect(key.left == 100)
        let life = Int(try await redis.cli("TTL", "sluice:key:\(key.sha256)")) ?? 0
        #expect((86_400...86_500).contains(life), "\(life)")
        let ended = try await setting.make("k2", of: "acme", .until(1_000_000_000))
        #expect(ended.left.map { $0 < 0 } == true)
        #expect(try await redis.cli("EXISTS", "sluice:key:\(ended.sha256)") == "0", "long ago")
    }

    @Test("Redis holds digests and terms, in fields that people can read, and never a key")
    func readable() async throws {
        let redis = try await RedisServer()
        let setting = try await Setting(ports: [redis.port])
        try await setting.put("acme", plan: "gold", scopes: ["users.read", "users.write"])
        let clear = try APIKey.make()
        let key = try await setting.make(clear, of: "acme")
        let everything = try await redis.cli(
            "EVAL",
            """
            local all = ''
            for _, key in ipairs(redis.call('KEYS', '*')) do all = all .. key .. '\\n' .. redis.call('DUMP', key) end
            return all
            """, "0")
        #expect(!everything.contains(clear.dropFirst(7).prefix(10)))
        let consumer = try await redis.cli("HGETALL", "sluice:consumer:acme")
        #expect(consumer.contains("plan\ngold") && consumer.contains("scopes\nusers.read users.write"))
        #expect(try await redis.cli("HGET", "sluice:key:\(key.sha256)", "consumer") == "acme")
        #expect(try await redis.cli("SMEMBERS", "sluice:keys:acme") == key.sha256)
        #expect(try await redis.cli("GET", "sluice:consumers:version") == "2")
    }

    @Test("keys are listed, found by the first digits, rotated with an overlap, and go with their consumer")
    func administration() async throws {
        let redis = try await RedisServer()
        let setting = try await Setting(ports: [redis.port])
        try await setting.put("acme", plan: "gold")
        try await setting.put("globex")
        let old = try await setting.make("k1", of: "acme")
        try await setting.make("k2", of: "globex")
        let consumers = setting.consumers
        #expect(try await consumers.consumers().items.map { "\($0.consumer.id) \($0.keys)" } == ["acme 1", "globex 1"])
        #expect(try await consumers.keys(of: nil).items.count == 2)
        #expect(try await consumers.keys(of: "acme").items.map(\.sha256) == [old.sha256])
        #expect(try await consumers.keys(beginningWith: String(old.sha256.prefix(8))).map(\.sha256) == [old.sha256])
        let hash = String(try APIKeyTable.hash(ofKey: Array("k3".utf8)).suffix(64))
        let rotated = try await consumers.rotate(old, to: hash, life: nil, overlap: 3600)
        #expect(rotated.new.record.consumer == "acme" && rotated.new.left == nil && rotated.oldLeft == 3600)
        #expect(try await setting.look("k1") == "acme gold ")
        #expect(try await setting.look("k3") == "acme gold ")
        #expect(try await consumers.key(old.sha256)?.left.map { (3590...3600).contains($0) } == true)
        #expect(try await consumers.deleteConsumer("acme") == 2)
        #expect(try await consumers.deleteConsumer("acme") == nil)
        #expect(try await consumers.keys(of: nil).items.count == 1)
        #expect(try await redis.cli("KEYS", "*acme*") == "")
    }

    @Test("a plan is kept as the text that the configuration would have")
    func plans() async throws {
        let redis = try await RedisServer()
        let setting = try await Setting(ports: [redis.port])
        try await setting.consumers.putPlan("gold", ["limits": "50/second, 100000/day", "concurrency": "20"])
        #expect(
            try await setting.consumers.plans() == ["gold": ["limits": "50/second, 100000/day", "concurrency": "20"]])
        try await setting.consumers.putPlan("gold", ["limits": "5/second"])
        #expect(try await setting.consumers.plan("gold") == ["limits": "5/second"])
        #expect(try await setting.consumers.deletePlan("gold"))
        #expect(try await !setting.consumers.deletePlan("gold"))
        #expect(try await redis.cli("KEYS", "*plan*") == "")
    }

    @Test("in a cluster a key and its consumer are in different slots, and found all the same")
    func clustered() async throws {
        let redis = try await RedisCluster()
        let setting = try await Setting(ports: redis.servers.map(\.port))
        for number in 1...5 {
            try await setting.put("consumer-\(number)", plan: "gold")
            try await setting.make("k\(number)", of: "consumer-\(number)")
        }
        for number in 1...5 { #expect(try await setting.look("k\(number)") == "consumer-\(number) gold ") }
        #expect(try await setting.consumers.keys(of: nil).items.count == 5)
        #expect(try await setting.consumers.consumers().items.count == 5)
        #expect(try await setting.consumers.deleteConsumer("consumer-3") == 1)
        try await setting.readVersionTwice()
        try await setting.readVersionTwice()
        let third = try await setting.look("k3")
        #expect(third == "missing")
        #expect(try await setting.look("k4") == "consumer-4 gold ")
    }
}

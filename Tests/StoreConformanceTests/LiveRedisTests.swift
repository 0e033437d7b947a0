import NIOCore
import NIOPosix
import Policies
import RedisClient
import Telemetry
import TestSupport
import Testing

@testable import Filters

/// The script as it runs in production: by Redis' own clock.
@Suite("buckets in a live Redis", .ownThreads)
struct LiveRedisTests {
    private struct Node: Sendable {
        let client: RedisClient
        let store: NIOLoopBound<RedisRateLimitStore>

        init(_ server: RedisServer, timeout: TimeAmount = .seconds(10)) async throws {
            var settings = RedisSettings(port: server.port)
            settings.timeout = timeout
            client = try await RedisClient.connect(settings, on: MultiThreadedEventLoopGroup.singleton.next())
            store = try await client.onLoop { connection in
                let store = RedisRateLimitStore(
                    connection: connection, namespace: "sluice", holder: "live/\(UInt32.random(in: 0...UInt32.max))",
                    metrics: WorkerMetrics(names: MetricNames()))
                return NIOLoopBound(store, eventLoop: connection.eventLoop)
            }
        }

        func take(_ policy: LimitPolicy, cost: Int = 1) async throws -> Answer {
            try await client.onLoop { [store] connection in
                store.value.answer([Ask(policy: policy, cost: cost)], on: connection.eventLoop)
            }.get()
        }

        /// Microseconds of Redis' clock.
        func time() async throws -> Int {
            let parts = try await client.send("TIME").elements.compactMap(\.integer)
            return parts[0] * 1_000_000 + parts[1]
        }

        /// Asks without pause, 16 at a time, until Redis' clock has come to `end`; returns how many were admitted.
        func hammer(_ policy: LimitPolicy, until end: Int) async throws -> Int {
            var admitted = 0
            while try await time() < end {
                let answers = try await client.onLoop { [store] connection in
                    EventLoopFuture.whenAllSucceed(
                        (0..<16).map { _ in store.value.answer([Ask(policy: policy)], on: connection.eventLoop) },
                        on: connection.eventLoop)
                }.get()
                admitted += answers.filter(\.isAdmitted).count
            }
            return admitted
        }
    }

    @Test("eight connections on one key admit exactly what the rate gives by Redis' clock, and never more than C + R·T")
    func neverOverAdmit() async throws {
        let server = try await RedisServer()
        // So large that it is never full again during the test, however slow the machine: then no token is lost.
        let policy = limit((300, second), capacity: 3000)
        var nodes: [Node] = []
        for _ in 0..<8 { nodes.append(try await Node(server)) }
        let before = try await nodes[0].time()
        #expect(try await nodes[0].take(policy, cost: 3000).isAdmitted)
        let emptied = try await bucket(nodes[0])
        let admitted = try await withThrowingTaskGroup(of: Int.self) { group in
            for node in nodes { group.addTask { try await node.hammer(policy, until: before + second) } }
            return try await group.reduce(0, +)
        }
        let after = try await nodes[0].time()
        #expect(3000 + admitted <= 3000 + 300 * (after - before) / second)
        // 300 a second are 3 in 10,000 µs: in parts of a token, what came in is what was admitted and what is left.
        let last = try await bucket(nodes[0])
        #expect((admitted + last.tokens) * 10_000 + last.fraction == 3 * (last.updated - emptied.updated))
        #expect(admitted > 100)
    }

    private func bucket(_ node: Node) async throws -> TokenBucket {
        let fields = try await node.client.send("HGETALL", "sluice:bucket:{users.consumer:acme}").dictionary
        let numbers = try ["tokens", "fraction", "updated"].map { name in
            try #require(fields["second.\(name)"].flatMap(Int.init))
        }
        return TokenBucket(tokens: numbers[0], fraction: numbers[1], updated: numbers[2])
    }

    @Test("a bucket is a hash of named decimal fields that expires when it would be full")
    func readable() async throws {
        let server = try await RedisServer()
        let node = try await Node(server)
        let policy = limit(named: "users.consumer", (10, second), (100, minute), (5, 10 * second))
        let before = try await node.time()
        _ = try await node.take(policy, cost: 3)
        let after = try await node.time()
        let key = "sluice:bucket:{users.consumer:acme}"
        #expect(try await node.client.send("KEYS", "*") == .array([.string(Array(key.utf8))]))
        let fields = try await node.client.send("HGETALL", key).dictionary
        #expect(fields.count == 15)
        for (window, tokens, capacity, rate) in [
            ("second", "7", "10", "10/second"), ("minute", "97", "100", "100/minute"), ("10s", "2", "5", "5/10s"),
        ] {
            #expect(fields["\(window).tokens"] == tokens)
            #expect(fields["\(window).fraction"] == "0")
            #expect(fields["\(window).capacity"] == capacity)
            #expect(fields["\(window).rate"] == rate)
            let updated = try #require(fields["\(window).updated"].flatMap(Int.init))
            #expect((before...after).contains(updated))
        }
        // 3 tokens of 5/10s take 6 s, the longest of the three; and a second more.
        let left = try #require(try await node.client.send("PTTL", key).integer)
        #expect((6_000...7_000).contains(left))
    }

    @Test("a refusal writes nothing, and leaves the expiry as it is")
    func refusalWritesNothing() async throws {
        let server = try await RedisServer()
        let node = try await Node(server)
        let policy = limit((2, hour))
        #expect(try await node.take(policy, cost: 2).isAdmitted)
        let key = "sluice:bucket:{users.consumer:acme}"
        let fields = try await node.client.send("HGETALL", key)
        try await server.cli("CONFIG", "RESETSTAT")
        for _ in 0..<20 { #expect(try await node.take(policy).outcome == .refused) }
        let statistics = try await server.cli("INFO", "commandstats")
        #expect(statistics.contains("cmdstat_evalsha:calls=20"))
        #expect(!statistics.contains("hset") && !statistics.contains("pexpire"))
        #expect(try await node.client.send("HGETALL", key) == fields)
    }

    @Test("a policy made slower is noted by a refusal, so that the bucket does not expire by the faster rate")
    func editedExpiry() async throws {
        let server = try await RedisServer()
        let node = try await Node(server)
        #expect(try await node.take(limit((10, second)), cost: 10).isAdmitted)
        let key = "sluice:bucket:{users.consumer:acme}"
        #expect(try #require(try await node.client.send("PTTL", key).integer) <= 2000)
        let slower = limit((1, second), capacity: 10)
        #expect(try await node.take(slower, cost: 10).outcome == .refused)
        #expect(try #require(try await node.client.send("PTTL", key).integer) > 8000)
    }

    @Test("without an answer in time, and without a connection, a request is undecided")
    func unavailable() async throws {
        let server = try await RedisServer()
        let node = try await Node(server, timeout: .milliseconds(50))
        let policy = limit((2, hour))
        try await eventually("it answers") { try await node.take(policy, cost: 0).isAdmitted }
        server.pause()
        #expect(try await node.take(policy).outcome == .unavailable)
        let failure: RedisError? = try await node.client.onLoop { [store = node.store] _ in store.value.lastFailure }
        #expect(failure == .timeout)
        server.resume()
        try await server.kill9()
        try await eventually("the loss is noticed") { try await node.client.onLoop { !$0.isReady } }
        let isDecidedAtOnce = try await node.client.onLoop { [store = node.store] _ in
            let request = TakeRequest()
            request.ask([Ask(policy: policy)])
            return store.value.take(request) && request.outcome == .unavailable && request.windows.isEmpty
        }
        #expect(isDecidedAtOnce)
        try await server.start()
        try await eventually("it answers again") { try await node.take(policy).isAdmitted }
    }

    @Test("a key of another type makes the request undecided, not admitted")
    func wrongType() async throws {
        let server = try await RedisServer()
        let node = try await Node(server)
        try await node.client.send("SET", "sluice:bucket:{users.consumer:acme}", "x")
        #expect(try await node.take(limit((2, hour))).outcome == .unavailable)
    }

    @Test("fields that do not read as numbers count as a new bucket")
    func spoiltFields() async throws {
        let server = try await RedisServer()
        let node = try await Node(server)
        let key = "sluice:bucket:{users.consumer:acme}"
        try await node.client.send("HSET", key, "hour.tokens", "many", "hour.capacity", "0")
        #expect(try await node.take(limit((2, hour))).remaining == [1])
    }
}

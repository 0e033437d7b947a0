import NIOCore
import NIOPosix
import RedisClient
import TestSupport
import Testing

@testable import Filters

/// health.lua, call by call.
@Suite("who checks health", .serialized, .ownThreads)
struct HealthScriptTests {
    private let second = 1_000_000
    private let start = 1_700_000_000_000_000
    private let server: RedisServer
    private let client: RedisClient
    private let script: NIOLoopBound<HealthScript>
    private static let key = "test:health:{users}"

    /// TIME is taken from a key, and messages are kept in a list.
    private static let controlledClock = """
        local real = redis
        local redis = { call = function(name, ...)
          if name == 'TIME' then return real.call('HMGET', 'clock', 's', 'us') end
          if name == 'PUBLISH' then return real.call('RPUSH', 'published', (select(2, ...))) end
          return real.call(name, ...)
        end }
        redis.pcall = redis.call

        """

    init() async throws {
        server = try await RedisServer()
        var settings = RedisSettings(port: server.port)
        settings.timeout = .seconds(10)
        client = try await RedisClient.connect(settings, on: MultiThreadedEventLoopGroup.singleton.any())
        script = try await client.onLoop { link in
            NIOLoopBound(
                HealthScript(link: link, namespace: "test", prefix: Array(Self.controlledClock.utf8)),
                eventLoop: link.eventLoop)
        }
    }

    private func share(
        _ node: String, _ findings: [String: Bool]? = nil, lease: Int = 3_000_000, after elapsed: Int = 0
    ) async throws -> HealthScript.Reply {
        let now = start + elapsed
        try await client.send("HSET", "clock", "s", "\(now / 1_000_000)", "us", "\(now % 1_000_000)")
        return try await client.onLoop { [script] link in
            let promise = link.eventLoop.makePromise(of: HealthScript.Reply.self)
            script.value.share("users", node: node, lease: lease, findings: findings) { reply in
                if let reply { promise.succeed(reply) } else { promise.fail(TestFailure("health.lua failed")) }
            }
            return promise.futureResult
        }.get()
    }

    private func published() async throws -> Int { try await client.send("LLEN", "published").integer ?? 0 }

    @Test("the first who asks checks, for as long as it renews")
    func first() async throws {
        #expect(try await share("a").isProber)
        #expect(try await !share("b").isProber)
        #expect(try await share("b", after: 2 * second).remainingMicroseconds == second)
        #expect(try await share("a", after: 2 * second).isProber)
        #expect(try await !share("b", after: 4 * second).isProber)
        #expect(try await share("b", after: 5 * second).isProber, "the one that checked is gone")
        #expect(try await !share("a", after: 5 * second).isProber)
    }

    @Test("what it finds is what the others hear, and what changes is published")
    func findings() async throws {
        _ = try await share("a")
        _ = try await share("a", ["x:1": true, "y:2": true])
        #expect(try await published() == 0, "a target that is new and well is no news")
        #expect(try await share("b").verdicts == ["x:1": true, "y:2": true])
        _ = try await share("a", ["x:1": false, "y:2": true], after: second)
        #expect(try await published() == 1)
        #expect(try await share("b").verdicts == ["x:1": false, "y:2": true])
        let since = try await client.send("HGET", Self.key, "target:x:1").text
        #expect(since == "unhealthy since \(start + second)")
        _ = try await share("a", ["x:1": false], after: 2 * second)
        #expect(try await published() == 1, "nothing has changed")
        #expect(try await share("b", after: 2 * second).verdicts == ["x:1": false], "one that is gone is forgotten")
    }

    @Test("findings of a node that has lost its turn are not taken")
    func late() async throws {
        _ = try await share("a")
        #expect(try await share("b", after: 4 * second).isProber)
        _ = try await share("b", ["x:1": true], after: 4 * second)
        #expect(try await !share("a", ["x:1": false], after: 5 * second).isProber)
        #expect(try await share("c", after: 5 * second).verdicts == ["x:1": true])
        // Nor are those of a node that takes the turn over by the same call.
        #expect(try await share("a", ["x:1": false], after: 9 * second).isProber)
        #expect(try await share("c", after: 9 * second).verdicts == ["x:1": true])
    }

    @Test("a node that leaves gives up its turn at once, and no other's")
    func leaving() async throws {
        _ = try await share("a")
        _ = try await share("b", lease: 0)
        #expect(try await !share("c").isProber)
        #expect(try await !share("a", lease: 0).isProber)
        #expect(try await published() == 1, "the others ask at once")
        #expect(try await share("c").isProber)
    }

    @Test("the key expires when nobody checks any more")
    func expires() async throws {
        _ = try await share("a", ["x:1": true])
        let left = try await client.send("PTTL", Self.key).integer ?? 0
        #expect((5_000...8_000).contains(left))
    }
}

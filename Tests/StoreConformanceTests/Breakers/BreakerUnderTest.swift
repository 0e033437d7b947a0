import NIOCore
import NIOPosix
import Policies
import RedisClient
import TestSupport

@testable import Filters

/// The real scripts in a real server, with TIME taken from a key, messages kept in a list, and without expiry, which real
/// time would decide.
final class BreakerUnderTest: Sendable {
    static let key = "test:breaker:{users}"
    let client: RedisClient
    private let server: RedisServer
    private let scripts: NIOLoopBound<BreakerScripts>

    private static let controlledClock = """
        local real = redis
        local redis = { call = function(name, ...)
          if name == 'TIME' then return real.call('HMGET', 'clock', 's', 'us') end
          if name == 'PEXPIRE' then return 1 end
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
        scripts = try await client.onLoop { link in
            let scripts = BreakerScripts(
                link: link, namespace: "test", prefix: Array(Self.controlledClock.utf8))
            return NIOLoopBound(scripts, eventLoop: link.eventLoop)
        }
    }

    func synchronize(
        _ node: String, _ report: BreakerReport, _ settings: BreakerSettings, at now: Int
    ) async throws -> BreakerScripts.Reply {
        try await client.onLoop { [scripts] link in
            Self.set(now, link)
            let promise = link.eventLoop.makePromise(of: BreakerScripts.Reply.self)
            scripts.value.synchronize("users", node: node, report, settings) { reply in
                if let reply { promise.succeed(reply) } else { promise.fail(TestFailure("sync.lua failed")) }
            }
            return promise.futureResult
        }.get()
    }

    func force(
        _ order: BreakerScripts.Order, epoch: Int? = nil, for duration: Int = 0, at now: Int
    ) async throws -> BreakerScripts.Reply {
        try await client.onLoop { [scripts] link in
            Self.set(now, link)
            let promise = link.eventLoop.makePromise(of: BreakerScripts.Reply.self)
            scripts.value.force("users", order, epoch: epoch, durationMicroseconds: duration) { result in
                promise.completeWith(result.mapError { $0 })
            }
            return promise.futureResult
        }.get()
    }

    func fields() async throws -> [String: String] { try await client.send("HGETALL", Self.key).dictionary }

    /// What was published so far.
    func published() async throws -> [String] {
        try await client.send("LRANGE", "published", "0", "-1").elements.compactMap(\.text)
    }

    private static func set(_ now: Int, _ link: RedisLink) {
        link.send { writer in
            writer.begin(words: 6)
            for word in ["HSET", "clock", "s", "\(now / 1_000_000)", "us", "\(now % 1_000_000)"] { writer.append(word) }
        } completion: { _ in
        }
    }
}

extension BreakerReport {
    /// A report of a node that has seen nothing but what it reports.
    static func of(
        epoch: Int, calls: Int = 0, failed: Int = 0, slow: Int = 0, row: Int = 0, asks: Bool = false,
        ended: [BreakerReport.Probe] = []
    ) -> BreakerReport {
        var report = BreakerReport()
        report.epoch = epoch
        report.counts.calls = calls
        report.counts.failed = failed
        report.counts.slow = slow
        report.consecutiveFailures = row
        (report.windowFailed, report.windowCalls) = (failed + slow, calls)
        report.asksForProbe = asks
        report.ended = ended
        return report
    }
}

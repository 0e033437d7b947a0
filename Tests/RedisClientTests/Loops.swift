import NIOCore
import NIOPosix
import RedisClient
import TestSupport

/// The event loop of a test.
func anyLoop() -> any EventLoop { MultiThreadedEventLoopGroup.singleton.any() }

extension RedisSettings {
    /// A local server, with patience for busy test machines unless the test is about impatience.
    static func local(_ port: Int, timeout: TimeAmount = .seconds(5)) -> RedisSettings {
        RedisSettings(port: port).patient(timeout)
    }

    func patient(_ timeout: TimeAmount = .seconds(5)) -> RedisSettings {
        var settings = self
        settings.timeout = timeout
        settings.connectTimeout = .seconds(5)
        settings.stallTimeout = .seconds(10)
        return settings
    }
}

extension RedisClient {
    func waitUntilReady() async throws {
        try await eventually("the connection is ready") { try await self.onLoop { $0.isReady } }
    }

    func counters() async throws -> RedisCounters { try await onLoop { $0.counters } }
}

extension RedisLink {
    /// Sends words; the answer comes as an owned value.
    func send(_ words: [String], completion: @escaping (Result<RedisValue, RedisError>) -> Void) {
        send { writer in
            writer.begin(words: words.count)
            for word in words { writer.append(word) }
        } completion: {
            completion($0.map(\.value))
        }
    }
}

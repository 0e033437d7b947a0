import Configuration
import NIOCore
import NIOPosix
import RedisClient

/// The shared state of a cluster for commands, which are no nodes: a connection for as long as they take.
package struct SharedStateAccess: Sendable {
    package let client: RedisClient
    package let namespace: String

    /// Connects, runs a command, and closes.
    /// - Throws: `RedisError`, `SnapshotFailure` about `state.tls`, or what the command throws.
    package static func run<Value: Sendable>(
        _ state: StateSettings, _ body: (SharedStateAccess) async throws -> Value
    ) async throws -> Value {
        guard var settings = try RedisSettings(state, clientName: "sluice-command") else {
            throw SnapshotFailure(place: "state.redis", reason: "it names no Redis, so nothing is shared; add it")
        }
        // Nobody's request waits for a command.
        settings.timeout = .seconds(5)
        settings.connectTimeout = .seconds(3)
        settings.stallTimeout = .seconds(6)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let result = await result { [settings] in
            let client = try await RedisClient.connect(settings, on: group.next())
            let result = await Self.result {
                try await body(SharedStateAccess(client: client, namespace: state.namespace))
            }
            try? await client.close()
            return try result.get()
        }
        try? await group.shutdownGracefully()
        return try result.get()
    }

    private static func result<Value: Sendable>(
        _ body: () async throws -> Value
    ) async -> Result<Value, any Error> {
        do { return .success(try await body()) } catch { return .failure(error) }
    }
}

import NIOCore
import RedisClient
import Synchronization

/// The shared state as the admin listener asks it: one connection of the node, opened with the first question.
final class ClusterAccess: Sendable {
    let namespace: String
    private let settings: RedisSettings
    private let loop: any EventLoop
    private let client = Mutex<Task<RedisClient, any Error>?>(nil)

    init(_ settings: RedisSettings, namespace: String, on loop: any EventLoop) {
        var settings = settings
        // No request waits for it, but an operator does.
        settings.timeout = .seconds(2)
        settings.longestBackoff = .seconds(1)
        self.settings = settings
        self.namespace = namespace
        self.loop = loop
    }

    /// - Throws: `AdminMistake` when Redis can't be asked.
    func ask<Value: Sendable>(
        _ body: @Sendable (RedisClient) async throws -> Value
    ) async throws(AdminMistake) -> Value {
        do {
            return try await body(try await connection())
        } catch {
            throw AdminMistake("Redis could not be asked: \(error)", status: 503)
        }
    }

    func close() async {
        let task = client.withLock { $0 }
        try? await task?.value.close()
    }

    private func connection() async throws -> RedisClient {
        let task = client.withLock { client in
            if let client { return client }
            let task = Task { [settings, loop] in try await RedisClient.connect(settings, on: loop) }
            client = task
            return task
        }
        do {
            return try await task.value
        } catch {
            // What could not be reached is tried anew with the next question.
            client.withLock { if $0 == task { $0 = nil } }
            throw error
        }
    }
}

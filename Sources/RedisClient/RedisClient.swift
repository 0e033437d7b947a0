import NIOCore

/// A connection for callers outside of its event loop: commands, tests and the admin API. Not for the request path.
package final class RedisClient: Sendable {
    package let eventLoop: any EventLoop
    private let connection: NIOLoopBoundBox<RedisConnection>

    private init(_ connection: RedisConnection) {
        eventLoop = connection.eventLoop
        self.connection = NIOLoopBoundBox(connection, eventLoop: connection.eventLoop)
    }

    /// Makes a connection, prepares it (registers scripts, an observer), and begins to connect.
    package static func start(
        _ settings: RedisSettings, on eventLoop: any EventLoop,
        prepare: @escaping @Sendable (RedisConnection) -> Void = { _ in }
    ) async throws -> RedisClient {
        try await eventLoop.submit {
            let connection = RedisConnection(settings, on: eventLoop)
            prepare(connection)
            connection.start()
            return RedisClient(connection)
        }.get()
    }

    /// Makes a connection that is ready; throws the reason when the first attempt fails.
    package static func connect(_ settings: RedisSettings, on eventLoop: any EventLoop) async throws -> RedisClient {
        try await eventLoop.flatSubmit {
            let connection = RedisConnection(settings, on: eventLoop)
            let promise = eventLoop.makePromise(of: RedisClient.self)
            let client = RedisClient(connection)
            connection.onChange = { [unowned connection] change in
                connection.onChange = nil
                switch change {
                case .connected: return promise.succeed(client)
                case .unreachable(let error, _), .lost(let error): promise.fail(error)
                case .closed: promise.fail(RedisError.closed)
                }
                connection.close()
            }
            connection.start()
            return promise.futureResult
        }.get()
    }

    /// Sends one command; an error reply is thrown.
    @discardableResult
    package func send(_ words: [String]) async throws -> RedisValue {
        let promise = eventLoop.makePromise(of: RedisValue.self)
        eventLoop.execute { [connection] in
            connection.value.send { writer in
                writer.begin(words: words.count)
                for word in words { writer.append(word) }
            } completion: { result in
                promise.completeWith(result.map(\.value).mapError { $0 })
            }
        }
        return try await promise.futureResult.get()
    }

    @discardableResult
    package func send(_ words: String...) async throws -> RedisValue { try await send(words) }

    /// Runs a function on the loop with the connection.
    package func onLoop<Value: Sendable>(
        _ body: @escaping @Sendable (RedisConnection) throws -> Value
    ) async throws -> Value {
        try await eventLoop.submit { [connection] in try body(connection.value) }.get()
    }

    /// Closes the connection for good.
    package func close() async throws {
        try await onLoop { $0.close() }
    }
}

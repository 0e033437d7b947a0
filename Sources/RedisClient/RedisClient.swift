import NIOCore

/// A way to Redis for callers outside of its event loop: commands, tests and the admin API. Not for the request path.
package final class RedisClient: Sendable {
    package let eventLoop: any EventLoop
    private let link: NIOLoopBoundBox<RedisLink>

    private init(_ link: RedisLink) {
        eventLoop = link.eventLoop
        self.link = NIOLoopBoundBox(link, eventLoop: link.eventLoop)
    }

    /// Makes a client, prepares it (registers scripts, an observer), and begins to connect.
    package static func start(
        _ settings: RedisSettings, on eventLoop: any EventLoop,
        prepare: @escaping @Sendable (RedisLink) -> Void = { _ in }
    ) async throws -> RedisClient {
        try await eventLoop.submit {
            let link = RedisLink(settings, on: eventLoop)
            prepare(link)
            link.start()
            return RedisClient(link)
        }.get()
    }

    /// Makes a client that is ready; throws the reason when the first attempt fails.
    package static func connect(_ settings: RedisSettings, on eventLoop: any EventLoop) async throws -> RedisClient {
        try await eventLoop.flatSubmit {
            let link = RedisLink(settings, on: eventLoop)
            let promise = eventLoop.makePromise(of: RedisClient.self)
            let client = RedisClient(link)
            link.onChange = { [unowned link] change in
                link.onChange = nil
                switch change {
                case .connected: return promise.succeed(client)
                case .unreachable(let error, _), .lost(let error): promise.fail(error)
                case .closed: promise.fail(RedisError.closed)
                }
                link.close()
            }
            link.start()
            return promise.futureResult
        }.get()
    }

    /// Sends one command; an error reply is thrown.
    /// - Parameter key: the key, or one of the keys, that the command is about; nil: it is about none.
    @discardableResult
    package func send(_ words: [String], routedBy key: String? = nil) async throws -> RedisValue {
        try await reply { link, completion in
            let slot = link.isClustered ? key.map { RedisSlot(of: $0) } : nil
            link.send(slot: slot) {
                $0.write(words)
            } completion: {
                completion($0)
            }
        }
    }

    @discardableResult
    package func send(_ words: String..., routedBy key: String? = nil) async throws -> RedisValue {
        try await send(words, routedBy: key)
    }

    /// Tells all subscribers of a channel; in a cluster also those that are connected to other nodes.
    package func publish(_ message: String, to channel: String) async throws {
        try await send(["PUBLISH", channel, message])
    }

    /// The keys that match a pattern, of all masters, each once and in order of the alphabet. A key that exists all the
    /// while is found, but in a cluster one whose slot is moved meanwhile may not be.
    /// - Parameter limit: stops when about so many have been found; there may be more then.
    package func scan(match pattern: String, atMost limit: Int = .max) async throws -> [String] {
        var found: Set<String> = []
        for index in 0..<(try await onLoop { $0.masters.count }) {
            var cursor = "0"
            repeat {
                let page = try await scan(pattern, from: cursor, onMaster: index)
                guard page.elements.count == 2, let next = page.elements[0].text else {
                    throw RedisError.unexpectedReply("a cursor and keys from SCAN")
                }
                found.formUnion(page.elements[1].elements.compactMap(\.text))
                cursor = next
            } while cursor != "0" && found.count < limit
        }
        return found.sorted()
    }

    private func scan(_ pattern: String, from cursor: String, onMaster index: Int) async throws -> RedisValue {
        try await reply { link, completion in
            let masters = link.masters
            guard masters.indices.contains(index) else { return completion(.failure(.disconnected)) }
            masters[index].send { writer in
                writer.write(["SCAN", cursor, "MATCH", pattern, "COUNT", "1000"])
            } completion: {
                completion($0)
            }
        }
    }

    private func reply(
        to send: @escaping @Sendable (RedisLink, @escaping RedisConnection.Completion) -> Void
    ) async throws -> RedisValue {
        let promise = eventLoop.makePromise(of: RedisValue.self)
        eventLoop.execute { [link] in
            send(link.value) { promise.completeWith($0.map(\.value).mapError { $0 }) }
        }
        return try await promise.futureResult.get()
    }

    /// Runs a function on the loop with the link.
    package func onLoop<Value: Sendable>(
        _ body: @escaping @Sendable (RedisLink) throws -> Value
    ) async throws -> Value {
        try await eventLoop.submit { [link] in try body(link.value) }.get()
    }

    /// Closes all connections for good.
    package func close() async throws {
        try await onLoop { $0.close() }
    }
}

extension RedisCommandWriter {
    fileprivate mutating func write(_ words: [String]) {
        begin(words: words.count)
        for word in words { append(word) }
    }
}

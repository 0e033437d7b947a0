import NIOCore
import RedisClient
import TestSupport
import Testing

/// STATE.md, promise 3: commands of concurrent requests on one event loop go out in one write.
@Suite("Promise 3: commands of a turn travel together", .ownThreads)
struct Promise3OneWriteTests {
    @Test("the commands of one turn of the loop leave in one write, and each gets its own reply")
    func pipelining() async throws {
        let server = try await RedisServer()
        let client = try await RedisClient.connect(.local(server.port), on: anyLoop())
        let replies = try await client.onLoop { connection in
            let before = connection.counters.flushes
            let replies = (0..<500).map { number in
                let promise = connection.eventLoop.makePromise(of: RedisValue.self)
                connection.send(["ECHO", "\(number)"]) { promise.completeWith($0.mapError { $0 }) }
                return promise.futureResult
            }
            connection.eventLoop.assumeIsolated().execute { #expect(connection.counters.flushes == before + 1) }
            return EventLoopFuture.whenAllSucceed(replies, on: connection.eventLoop)
        }.get()
        #expect(replies.map(\.text) == (0..<500).map { "\($0)" })
        let counters = try await client.counters()
        #expect(counters.commands == 500 && counters.replies == 500 && counters.flushes == 2)
        #expect(counters.longestLatencyMicroseconds > 0)
        #expect(counters.latencyMicroseconds >= counters.longestLatencyMicroseconds)
        try await client.close()
    }

    @Test("one read of the server takes in all commands of a turn")
    func oneSegment() async throws {
        let reads = Recorded<Int>()
        let origin = try TestOrigin(connection: { connection, _, _ in
            _ = try connection.readCommand()  // CLIENT SETNAME
            _ = try connection.readCommand()  // PING
            try connection.send("+OK\r\n+PONG\r\n")
            reads.append(try connection.read().count)
            try connection.send(String(repeating: "+OK\r\n", count: 40))
            _ = try connection.readUntilClose()
        })
        let client = try await RedisClient.connect(.local(origin.port), on: anyLoop())
        try await client.onLoop { connection in
            for _ in 0..<40 { connection.send(["GET", "a"]) { _ in } }
        }
        try await eventually("all are answered") { try await client.counters().replies == 40 }
        #expect(reads.all == [40 * "*2\r\n$3\r\nGET\r\n$1\r\na\r\n".utf8.count])
        try await client.close()
    }
}

import NIOCore
import RedisClient
import TestSupport
import Testing

@Suite("a connection to a real redis-server", .ownThreads)
struct RedisConnectionTests {
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

    @Test("an ACL user, a database and a name are set before the first command")
    func handshake() async throws {
        let server = try await RedisServer()
        try await server.cli("ACL", "SETUSER", "gate", "on", ">s3cret", "~*", "+@all")
        var settings = try RedisSettings(url: "redis://gate:s3cret@127.0.0.1:\(server.port)/7").patient()
        settings.clientName = "node-1"
        let client = try await RedisClient.connect(settings, on: anyLoop())
        #expect(try await client.send("ACL", "WHOAMI").text == "gate")
        #expect(try await client.send("CLIENT", "GETNAME").text == "node-1")
        try await client.send("SET", "in", "seven")
        #expect(try await server.cli("-n", "7", "GET", "in") == "seven")
        try await client.close()
    }

    @Test("a password without a user is the default user's")
    func password() async throws {
        let server = try await RedisServer(arguments: ["--requirepass", "pw"])
        let client = try await RedisClient.connect(
            try RedisSettings(url: "redis://:pw@127.0.0.1:\(server.port)").patient(), on: anyLoop())
        #expect(try await client.send("PING") == .status("PONG"))
        try await client.close()
    }

    @Test("a wrong password and a missing one are told as what they are")
    func wrongPassword() async throws {
        let server = try await RedisServer(arguments: ["--requirepass", "pw"])
        let wrong = try RedisSettings(url: "redis://:other@127.0.0.1:\(server.port)").patient()
        let missing = RedisSettings.local(server.port)
        for (settings, code) in [(wrong, "WRONGPASS"), (missing, "NOAUTH")] {
            let error = await #expect(throws: RedisError.self) {
                try await RedisClient.connect(settings, on: anyLoop())
            }
            #expect(error?.description.contains(code) == true)
            #expect(error?.description.contains("check the user and the password") == true)
        }
    }

    @Test("nobody listening is told with the address and the system's reason")
    func refused() async throws {
        let port = try freePort()
        let error = await #expect(throws: RedisError.self) {
            try await RedisClient.connect(RedisSettings(port: port), on: anyLoop())
        }
        #expect(error?.description.contains("127.0.0.1:\(port)") == true)
        #expect(error?.description.contains("refused") == true)
    }

    @Test("an error reply fails its command only")
    func errorReply() async throws {
        let server = try await RedisServer()
        let client = try await RedisClient.connect(.local(server.port), on: anyLoop())
        try await client.send("SET", "text", "x")
        await #expect(throws: RedisError.server("ERR value is not an integer or out of range")) {
            try await client.send("INCR", "text")
        }
        #expect(try await client.send("GET", "text").text == "x")
        #expect(try await client.counters().errors == 1)
        try await client.close()
    }

    @Test("after close, and before a connection, commands fail at once")
    func withoutConnection() async throws {
        let port = try freePort()
        let client = try await RedisClient.start(RedisSettings(port: port), on: anyLoop())
        await #expect(throws: RedisError.disconnected) { try await client.send("PING") }
        try await client.close()
        await #expect(throws: RedisError.closed) { try await client.send("PING") }
        #expect(try await client.counters().refused == 2)
    }

    @Test("closing inside a completion fails the rest once")
    func closeInCompletion() async throws {
        let server = try await RedisServer()
        let client = try await RedisClient.connect(.local(server.port), on: anyLoop())
        let outcomes = try await client.onLoop { connection in
            let outcomes = (0..<3).map { number in
                let promise = connection.eventLoop.makePromise(of: String.self)
                connection.send(["PING"]) { result in
                    if number == 0 { connection.close() }
                    switch result {
                    case .success: promise.succeed("reply")
                    case .failure(let error): promise.succeed("\(error == .closed)")
                    }
                }
                return promise.futureResult
            }
            return EventLoopFuture.whenAllSucceed(outcomes, on: connection.eventLoop)
        }.get()
        #expect(outcomes == ["reply", "true", "true"])
    }
}

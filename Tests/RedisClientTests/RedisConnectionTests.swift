import NIOCore
import RedisClient
import TestSupport
import Testing

@Suite("a connection to a real redis-server", .ownThreads)
struct RedisConnectionTests {
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

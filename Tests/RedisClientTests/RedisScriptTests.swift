import NIOCore
import TestSupport
import Testing

@testable import RedisClient

@Suite("scripts", .ownThreads)
struct RedisScriptTests {
    private static let first = RedisScriptID(index: 0)
    private static let echo = RedisScript(name: "echo", source: Array("return {KEYS[1], ARGV[1], #ARGV}".utf8))

    /// A client that is ready, with the script registered first of all.
    private func start(_ settings: RedisSettings) async throws -> RedisClient {
        let client = try await RedisClient.start(settings, on: anyLoop()) {
            #expect($0.register(Self.echo) == Self.first)
        }
        try await client.waitUntilReady()
        return client
    }

    /// Calls the script a number of times in one turn of the loop.
    private func call(_ client: RedisClient, times: Int) async throws -> [Result<RedisValue, RedisError>] {
        try await client.onLoop { connection in
            let replies = (0..<times).map { number in
                let promise = connection.eventLoop.makePromise(of: Result<RedisValue, RedisError>.self)
                connection.call(Self.first, keys: 1, arguments: 2) { writer in
                    writer.append("key")
                    writer.append(number)
                    writer.append("x")
                } completion: {
                    promise.succeed($0.map(\.value))
                }
                return promise.futureResult
            }
            return EventLoopFuture.whenAllSucceed(replies, on: connection.eventLoop)
        }.get()
    }

    private func expected(_ times: Int) -> [Result<RedisValue, RedisError>] {
        (0..<times).map { .success(.array([.string(Array("key".utf8)), .string(Array("\($0)".utf8)), .integer(2)])) }
    }

    @Test("a script is loaded with the handshake, and again for a server that was restarted")
    func loading() async throws {
        let server = try await RedisServer()
        let client = try await start(.local(server.port))
        #expect(try await call(client, times: 3) == expected(3))
        #expect(try await server.cli("INFO", "commandstats").contains("cmdstat_evalsha:calls=3"))
        try await server.restart()
        try await eventually("the second connection") { try await client.counters().connects == 2 }
        #expect(try await call(client, times: 3) == expected(3))
        #expect(try await client.counters().scriptReloads == 0)
        try await client.close()
    }

    @Test("calls that meet a flushed script cache are repeated behind one SCRIPT LOAD")
    func flushed() async throws {
        let server = try await RedisServer()
        let client = try await start(.local(server.port))
        try await server.cli("SCRIPT", "FLUSH")
        try await server.cli("CONFIG", "RESETSTAT")
        #expect(try await call(client, times: 50) == expected(50))
        let counters = try await client.counters()
        #expect(counters.scriptReloads == 50 && counters.replies == 50 && counters.errors == 0)
        #expect(try await server.cli("INFO", "commandstats").contains("cmdstat_script|load:calls=1,"))
        #expect(try await call(client, times: 1) == expected(1))
        #expect(try await client.counters().scriptReloads == 50)
        try await client.close()
    }

    @Test("a script registered late works at once")
    func registeredLate() async throws {
        let server = try await RedisServer()
        let client = try await RedisClient.connect(.local(server.port), on: anyLoop())
        let first = try await client.onLoop { connection in
            let id = connection.register(Self.echo)
            let promise = connection.eventLoop.makePromise(of: RedisValue.self)
            connection.call(id, keys: 1, arguments: 1) { writer in
                writer.append("key")
                writer.append("a")
            } completion: {
                promise.completeWith($0.map(\.value).mapError { $0 })
            }
            return promise.futureResult
        }.get()
        #expect(first.elements.map(\.text) == ["key", "a", "1"])
        #expect(try await call(client, times: 2) == expected(2))
        #expect(try await server.cli("INFO", "commandstats").contains("cmdstat_evalsha:calls=2"))
        try await client.close()
    }

    @Test("a script that stays unknown fails after one repetition")
    func staysUnknown() async throws {
        let answers = Recorded<String>()
        let server = try ScriptedRedis { words, _ in
            answers.append(words[0])
            return words[0] == "SCRIPT" ? "$3\r\nabc\r\n" : "-NOSCRIPT No matching script.\r\n"
        }
        let client = try await start(.local(server.port))
        #expect(try await call(client, times: 1) == [.failure(.server("NOSCRIPT No matching script."))])
        #expect(answers.all == ["SCRIPT", "EVALSHA", "SCRIPT", "EVALSHA"])
        try await client.close()
    }

    @Test("a script that does not compile is told when connecting")
    func broken() async throws {
        let server = try await RedisServer()
        let changes = Recorded<RedisConnection.Change>()
        let client = try await RedisClient.start(.local(server.port), on: anyLoop()) { connection in
            connection.onChange = { changes.append($0) }
            _ = connection.register(RedisScript(name: "broken", source: Array("return (".utf8)))
        }
        try await eventually("the attempt fails") {
            if case .unreachable(.server(let text), _) = changes.all.first { return text.contains("compiling") }
            return false
        }
        try await client.close()
    }
}

import Foundation
import NIOCore
import TestSupport
import Testing

@testable import RedisClient

@Suite("a connection when Redis or the network misbehaves", .ownThreads)
struct RedisFaultTests {
    @Test("commands to a stopped server time out, and their late replies are not mistaken for others")
    func timeouts() async throws {
        let server = try await RedisServer()
        let client = try await RedisClient.connect(.local(server.port, timeout: .milliseconds(500)), on: anyLoop())
        let answers = Recorded<String>()
        server.pause()
        let start = ContinuousClock.now
        try await client.onLoop { connection in
            for number in 0..<100 {
                connection.send(["ECHO", "late \(number)"]) { answers.append("\($0 == .failure(.timeout))") }
            }
        }
        try await eventually("all time out") { answers.all.count == 100 }
        #expect(start.duration(to: .now) >= .milliseconds(500))
        #expect(answers.all.allSatisfy { $0 == "true" })
        #expect(try await client.onLoop { $0.pendingCommands } == 100)
        server.resume()
        try await eventually("late replies have come") { try await client.onLoop { $0.pendingCommands } == 0 }
        for number in 0..<20 { #expect(try await client.send("ECHO", "\(number)").text == "\(number)") }
        let counters = try await client.counters()
        #expect(counters.timeouts == 100 && counters.replies == 20 && counters.connects == 1)
        #expect(answers.all.count == 100)
        try await client.close()
    }

    @Test("a loop that was busy past the deadline reads what Redis has answered before it calls that late")
    func busyLoop() async throws {
        let server = try await RedisServer()
        let client = try await RedisClient.connect(.local(server.port, timeout: .milliseconds(50)), on: anyLoop())
        let answers = Recorded<String>()
        try await client.onLoop { connection in
            for number in 0..<10 {
                connection.send(["ECHO", "\(number)"]) { answers.append((try? $0.get())?.text ?? "failed") }
            }
            // The commands have left by then.
            connection.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(2)) { usleep(150_000) }
        }
        try await eventually("all are answered") { answers.all.count == 10 }
        #expect(answers.all == (0..<10).map(String.init))
        #expect(try await client.counters().timeouts == 0)
        try await client.close()
    }

    @Test("a connection that answers nothing for long is given up, and the next one works")
    func stalled() async throws {
        let server = try await RedisServer()
        var settings = RedisSettings.local(server.port, timeout: .milliseconds(20))
        settings.stallTimeout = .milliseconds(200)
        settings.connectTimeout = .milliseconds(1000)
        let client = try await RedisClient.connect(settings, on: anyLoop())
        let changes = Recorded<RedisConnection.Change>()
        try await client.onLoop { $0.onChange = { changes.append($0) } }
        server.pause()
        await #expect(throws: RedisError.timeout) { try await client.send("PING") }
        try await eventually("the connection is given up") { changes.all.first == .lost(.stalled) }
        server.resume()
        try await eventually("it is ready again") { changes.all.last == .connected }
        try await eventually("it answers") { try await client.send("PING") == .status("PONG") }
        try await client.close()
    }

    @Test("under load, through kills and restarts, every command is answered exactly once")
    func exactlyOnce() async throws {
        let server = try await RedisServer()
        let load = try await Load.start(.local(server.port, timeout: .milliseconds(50)))
        for _ in 0..<3 {
            let replies = try await load.client.counters().replies
            try await eventually("replies flow") { try await load.client.counters().replies > replies + 1000 }
            try await server.kill9()
            let refused = try await load.client.counters().refused
            try await eventually("commands are refused") { try await load.client.counters().refused > refused + 100 }
            try await server.start()
        }
        let replies = try await load.client.counters().replies
        try await eventually("replies flow again") { try await load.client.counters().replies > replies + 1000 }
        let counts = try await load.stop()
        #expect(counts.count > 4000)
        #expect(counts.allSatisfy { $0 == 1 })
        let counters = try await load.client.counters()
        #expect(counters.connects == 4)
        #expect(counters.commands == counters.replies + counters.timeouts + counters.lost)
        #expect(counts.count == counters.commands + counters.refused)
        try await load.client.close()
    }

    @Test("garbage from the server ends the connection, and the next one works")
    func garbage() async throws {
        let server = try ScriptedRedis { _, connection in connection == 1 ? "HTTP/1.1 400 Bad\r\n" : "$2\r\nok\r\n" }
        let client = try await RedisClient.connect(.local(server.port), on: anyLoop())
        let changes = Recorded<RedisConnection.Change>()
        try await client.onLoop { $0.onChange = { changes.append($0) } }
        await #expect(throws: RedisError.disconnected) { try await client.send("GET", "a") }
        guard case .lost(.protocolViolation) = changes.all.first else {
            return #expect(Bool(false), "expected a protocol violation: \(changes.all)")
        }
        try await client.waitUntilReady()
        #expect(try await client.send("GET", "a").text == "ok")
        try await client.close()
    }

    @Test("a reply that no command asked for ends the connection")
    func unasked() async throws {
        let server = try ScriptedRedis { _, connection in connection == 1 ? "+OK\r\n+OK\r\n" : "+OK\r\n" }
        let client = try await RedisClient.connect(.local(server.port), on: anyLoop())
        #expect(try await client.send("GET", "a") == .status("OK"))
        try await eventually("a second connection") { try await client.counters().connects == 2 }
        try await client.close()
    }

    @Test("a server that closes in the middle of a reply fails the command, not the connection's future")
    func earlyClose() async throws {
        let server = try ScriptedRedis { words, connection in connection < 3 ? nil : "+\(words[1])\r\n" }
        let client = try await RedisClient.connect(.local(server.port), on: anyLoop())
        for _ in 1...2 {
            try await client.waitUntilReady()
            await #expect(throws: RedisError.disconnected) { try await client.send("GET", "a") }
        }
        try await client.waitUntilReady()
        #expect(try await client.send("GET", "a") == .status("a"))
        try await client.close()
    }

    @Test("a reply over the bound is refused without keeping it, and the connection comes back")
    func hugeReply() async throws {
        let server = try await RedisServer()
        var settings = RedisSettings.local(server.port)
        settings.maximumReplyBytes = 100_000
        let client = try await RedisClient.connect(settings, on: anyLoop())
        let changes = Recorded<RedisConnection.Change>()
        try await client.onLoop { $0.onChange = { changes.append($0) } }
        try await client.send("SETRANGE", "big", "20000000", "x")
        await #expect(throws: RedisError.disconnected) { try await client.send("GET", "big") }
        #expect(changes.all.first == .lost(.replyTooLarge(limit: 100_000)))
        try await client.waitUntilReady()
        #expect(try await client.send("STRLEN", "big").integer == 20_000_001)
        try await client.close()
    }

    @Test("more commands than may be pending are refused at once")
    func tooManyPending() async throws {
        let server = try await RedisServer()
        var settings = RedisSettings.local(server.port)
        settings.maximumPendingCommands = 10
        let client = try await RedisClient.connect(settings, on: anyLoop())
        let answers = Recorded<Bool>()
        let refusedAtOnce = try await client.onLoop { connection in
            for _ in 0..<15 { connection.send(["PING"]) { answers.append($0 == .failure(.overloaded)) } }
            return answers.all
        }
        #expect(refusedAtOnce == Array(repeating: true, count: 5))
        try await eventually("the others are answered") { answers.all.count == 15 }
        #expect(answers.all.filter { $0 }.count == 5)
        try await client.close()
    }

    @Test("bytes for a server that reads nothing are bounded")
    func outputBound() async throws {
        let server = try await RedisServer()
        var settings = RedisSettings.local(server.port)
        settings.maximumOutputBytes = 1 << 20
        let client = try await RedisClient.connect(settings, on: anyLoop())
        server.pause()
        let payload = String(repeating: "x", count: 100_000)
        let refused = Recorded<Int>()
        for round in 0..<1000 where refused.all.isEmpty {
            try await client.onLoop { connection in
                connection.send(["SET", "a", payload]) { if $0 == .failure(.overloaded) { refused.append(round) } }
            }
        }
        #expect(try #require(refused.all.first) > 10)
        server.resume()
        try await eventually("the backlog drains") { try await client.onLoop { $0.pendingCommands } == 0 }
        #expect(try await client.send("STRLEN", "a").integer == 100_000)
        try await client.close()
    }

    @Test("a server that refuses the password is asked again until it accepts it")
    func passwordRepaired() async throws {
        let server = try await RedisServer()
        let settings = try RedisSettings(url: "redis://gate:later@127.0.0.1:\(server.port)")
        let client = try await RedisClient.start(settings, on: anyLoop())
        let changes = Recorded<RedisConnection.Change>()
        try await client.onLoop { $0.onChange = { changes.append($0) } }
        try await eventually("it was refused") {
            if case .unreachable(.server(let text), _) = changes.all.first { return text.hasPrefix("WRONGPASS") }
            return false
        }
        try await server.cli("ACL", "SETUSER", "gate", "on", ">later", "~*", "+@all")
        try await client.waitUntilReady()
        try await client.close()
    }
}

/// Commands sent on every turn of a loop, with a count of the answers that each of them got.
private final class Load {
    private var answers: [Int] = []
    private var isStopped = false

    struct Running: Sendable {
        let client: RedisClient
        fileprivate let load: NIOLoopBound<Load>

        /// Stops sending, and returns how often each command was answered.
        func stop() async throws -> [Int] {
            try await client.onLoop { _ in load.value.isStopped = true }
            try await eventually("nothing is pending") { try await client.onLoop { $0.pendingCommands } == 0 }
            return try await client.onLoop { _ in load.value.answers }
        }
    }

    static func start(_ settings: RedisSettings) async throws -> Running {
        let client = try await RedisClient.connect(settings, on: anyLoop())
        return try await client.onLoop { connection in
            let load = Load()
            load.sendSome(on: connection)
            return Running(client: client, load: NIOLoopBound(load, eventLoop: connection.eventLoop))
        }
    }

    private func sendSome(on connection: RedisLink) {
        guard !isStopped else { return }
        for _ in 0..<20 {
            let id = answers.count
            answers.append(0)
            connection.send(["INCR", "count"]) { _ in self.answers[id] += 1 }
        }
        connection.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(1)) { self.sendSome(on: connection) }
    }
}

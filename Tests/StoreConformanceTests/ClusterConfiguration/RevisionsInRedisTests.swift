import NIOPosix
import RedisClient
import TestSupport
import Testing

@testable import Filters

@Suite("Revisions in Redis", .ownThreads)
struct RevisionsInRedisTests {
    private let server: RedisServer
    private let client: RedisClient
    private let revisions: RevisionsInRedis
    private let root = "test:config:{revisions}"

    init() async throws {
        server = try await RedisServer()
        client = try await RedisClient.connect(
            RedisSettings(port: server.port), on: MultiThreadedEventLoopGroup.singleton.any())
        revisions = RevisionsInRedis(client, namespace: "test")
    }

    private func draft(_ text: String) -> RevisionsInRedis.Draft {
        .init(text: text, digest: "d-\(text)", author: "me", note: "")
    }

    private func push(_ text: String, canary: String = "", lapse: Int = 60_000_000) async throws -> Int {
        guard case .stored(let number) = try await revisions.push(draft(text), canary: canary, lapseMicroseconds: lapse)
        else { throw TestFailure("busy") }
        return number
    }

    private func states() async throws -> [String] { try await revisions.overview().revisions.map(\.state) }

    @Test("a candidate is for the node that tries it alone, until it is promoted")
    func trial() async throws {
        #expect(try await revisions.look(node: "a", known: nil) == nil)
        #expect(try await push("one") == 1)
        #expect(try await revisions.look(node: "a", known: nil) == nil, "stored is not live")
        try await revisions.promote(1)
        #expect(try await push("two", canary: "a") == 2)
        let mine = try #require(try await revisions.look(node: "a", known: 1))
        #expect(mine.number == 2 && mine.isCandidate && mine.text == "two")
        #expect((50_000_000...60_000_000).contains(mine.leftMicroseconds))
        let other = try #require(try await revisions.look(node: "b", known: 1))
        #expect(other.number == 1 && !other.isCandidate && other.text == nil, "it has the text already")
        let busy = try await revisions.push(draft("three"), canary: "b", lapseMicroseconds: 1)
        guard case .busy(2, "a", _) = busy else { throw TestFailure("\(busy)") }

        #expect(try await revisions.promote(2) == 1)
        for node in ["a", "b"] { #expect(try await revisions.look(node: node, known: nil)?.text == "two") }
        #expect(try await states() == ["live", "last good"])
        #expect(try await revisions.overview().candidate == nil)
    }

    @Test("a trial ends when it is withdrawn, and when its time is over")
    func end() async throws {
        try await revisions.promote(try await push("one"))
        let second = try await push("two", canary: "a")
        #expect(try await revisions.withdraw(99) == nil)
        #expect(try await revisions.withdraw(second) == second)
        #expect(try await revisions.withdraw() == nil)
        #expect(try await revisions.look(node: "a", known: nil)?.number == 1)
        let third = try await push("three", canary: "a", lapse: 1)
        #expect(try await revisions.look(node: "a", known: nil)?.number == 1)
        #expect(try await revisions.overview().candidate == nil)
        _ = try await push("four", canary: "a")
        #expect(try await states() == ["candidate", "withdrawn", "withdrawn", "live"])
        #expect(try await revisions.overview().revision(third)?.digest == "d-three")
    }

    @Test("a rollback leaves what was bad behind, and another one goes further back")
    func rollback() async throws {
        for text in ["one", "two", "three"] { try await revisions.promote(try await push(text)) }
        #expect(try await states() == ["live", "last good", "earlier"])
        #expect(try await revisions.promote(2, isRollback: true) == 3)
        #expect(try await states() == ["rolled back", "live", "last good"])
        #expect(try await revisions.overview().lastGood == 1)
        try await revisions.promote(1, isRollback: true)
        #expect(try await states() == ["rolled back", "rolled back", "live"])
        #expect(try await revisions.overview().lastGood == nil)
        await #expect(throws: RedisError.self) { try await revisions.promote(77) }
        #expect(try await revisions.overview().live == 1)
    }

    @Test("nodes acknowledge, with reasons; what is written is readable")
    func acknowledgements() async throws {
        try await revisions.promote(try await push("one"))
        try await revisions.acknowledge(1, node: "b", refusal: nil)
        try await revisions.acknowledge(1, node: "a", refusal: "line 3: no\nline 4: no")
        let reading = try #require(try await revisions.overview().revision(1))
        #expect(reading.acknowledgements.map(\.node) == ["a", "b"])
        #expect(reading.acknowledgement(of: "a")?.refusal == "line 3: no\nline 4: no")
        #expect(reading.acknowledgement(of: "b")?.refusal == nil)
        #expect(reading.bytes == 3 && reading.author == "me")
        #expect(try await server.cli("HGET", "\(root):1", "ack:b").hasPrefix("ok 1"))
        #expect(try await revisions.text(of: 1) == "one")
        try await revisions.acknowledge(9, node: "b", refusal: nil)
        #expect(try await server.cli("EXISTS", "\(root):9") == "0")
    }

    @Test("as many revisions are kept as are promised; the live and the last good one stay, the others expire")
    func kept() async throws {
        try await revisions.promote(try await push("first"))
        try await revisions.promote(try await push("second"))
        for number in 0..<30 { _ = try await push("text \(number)") }
        let overview = try await revisions.overview()
        #expect(overview.revisions.count == RevisionsInRedis.kept)
        #expect(overview.revision(1)?.state == "last good" && overview.revision(2)?.state == "live")
        for number in [1, 2] { #expect(try await server.cli("TTL", "\(root):\(number)") == "-1") }
        #expect((Int(try await server.cli("TTL", "\(root):32")) ?? 0) > 80 * 86400)
        #expect(try await server.cli("EXISTS", "\(root):5") == "0")
    }
}

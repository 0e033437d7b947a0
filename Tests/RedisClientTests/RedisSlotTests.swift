import NIOCore
import TestSupport
import Testing

@testable import RedisClient

@Suite("slots", .ownThreads)
struct RedisSlotTests {
    @Test("keys have the slots that redis-server computes, and a hash tag decides alone")
    func slots() async throws {
        let server = try await RedisServer(arguments: ["--cluster-enabled", "yes", "--cluster-port", "\(freePort())"])
        let keys = [
            "", "a", "123456789", "sluice:bucket:{gold:acme}", "{gold:acme}", "a{}b", "a{b", "a}b{c}d", "{{a}b",
            "{}{a}",
            "ключ", String(repeating: "x", count: 5_000),
        ]
        for key in keys {
            #expect("\(RedisSlot(of: key).number)" == (try await server.cli("CLUSTER", "KEYSLOT", key)), "\(key)")
        }
        #expect(RedisSlot(of: "sluice:bucket:{gold:acme}") == RedisSlot(of: "gold:acme"))
        #expect(RedisSlot(number: 16_384) == nil)
    }
}

@Suite("what nodes of a cluster tell")
struct ClusterMapTests {
    private let asked = RedisAddress(host: "10.0.0.9", port: 7009)

    private func text(_ text: String) -> RedisValue { .string(Array(text.utf8)) }

    private func node(_ host: RedisValue, _ port: Int) -> RedisValue {
        .array([host, .integer(port), text("id"), .array([])])
    }

    @Test(
        "redirections are read, with whatever form the address has",
        arguments: [
            ("MOVED 3999 127.0.0.1:6381", RedisRedirect.moved(slot(3999), .init(host: "127.0.0.1", port: 6381))),
            ("MOVED 0 ::1:6381", .moved(slot(0), .init(host: "::1", port: 6381))),
            ("MOVED 1 :7000", .moved(slot(1), .init(host: "", port: 7000))),
            ("ASK 16383 node.example:1", .ask(slot(16_383), .init(host: "node.example", port: 1))),
            ("TRYAGAIN Multiple keys request during rehashing of slot", .tryAgain),
            ("CLUSTERDOWN The cluster is down", .clusterDown),
        ])
    func redirects(error: String, expected: RedisRedirect) {
        #expect(RedisRedirect(error) == expected)
    }

    @Test(
        "what is no redirection is not taken for one",
        arguments: [
            "", "ERR MOVED 1 h:1", "MOVED", "MOVED 16384 h:1", "MOVED 1 h", "MOVED x h:1", "ASK 1 h:0", "MOVEDX 1 h:1",
        ])
    func others(error: String) {
        #expect(RedisRedirect(error) == nil)
    }

    @Test("CLUSTER SLOTS becomes a map; a node that does not know its host has that of the one asked")
    func map() throws {
        let reply = RedisValue.array([
            .array([.integer(0), .integer(99), node(text("a"), 1), node(text("b"), 2)]),
            .array([.integer(100), .integer(16_383), node(.null, 3)]),
            .array([.integer(50), .integer(50), node(text("?"), 4)]),
        ])
        var map = try #require(ClusterMap(reply, from: asked))
        #expect(map.masters.map(\.description) == ["a:1", "10.0.0.9:3", "10.0.0.9:4"])
        #expect(map.replicas.map(\.description) == ["b:2"])
        #expect([0, 50, 99, 100, 16_383].map { map.owner(of: slot($0)) } == [0, 2, 0, 1, 1])
        #expect(map.isComplete)
        map.move(slot(7), to: .init(host: "c", port: 5))
        #expect(map.owner(of: slot(7)) == 3 && map.owner(of: slot(8)) == 0 && map.masters.count == 4)
    }

    @Test("a map with holes is not complete, and what is none is refused")
    func refused() throws {
        let partial = RedisValue.array([.array([.integer(1), .integer(16_383), node(text("a"), 1)])])
        let map = try #require(ClusterMap(partial, from: asked))
        #expect(!map.isComplete && map.owner(of: slot(0)) == nil && map.owner(of: slot(1)) == 0)
        let none: [RedisValue] = [
            .null, .integer(1), .array([.integer(1)]),
            .array([.array([.integer(5), .integer(4), node(text("a"), 1)])]),
            .array([.array([.integer(-1), .integer(4), node(text("a"), 1)])]),
            .array([.array([.integer(0), .integer(16_384), node(text("a"), 1)])]),
            .array([.array([.integer(0), .integer(1), node(text("a"), 0)])]),
            .array([.array([.integer(0), .integer(1), .null])]),
        ]
        for reply in none { #expect(ClusterMap(reply, from: asked) == nil, "\(reply)") }
    }

    @Test("the first of the words written apart is found again")
    func firstWord() {
        var writer = RedisCommandWriter()
        let words = writer.words(2) {
            $0.append("sluice:{a}")
            $0.append(12)
        }
        #expect(words.firstWord.map { String(buffer: $0) } == "sluice:{a}")
    }
}

private func slot(_ number: UInt16) -> RedisSlot { RedisSlot(number: number)! }

import Foundation
import Synchronization
import TestSupport
import Testing

extension Cluster {
    /// Issue "One response cache": those who wait for somebody's fetch are given its response as it comes, on the worker that
    /// fetches, on the other worker of its node, and on other nodes.
    @Suite("Followers of a fetch see its response as it comes")
    struct StreamedFillTests {
        /// Short enough not to be cut into chunks.
        private static let first = String(repeating: "first ", count: 100)
        private static let rest = String(repeating: "rest ", count: 100)

        private static func configuration(_ origin: PacedOrigin, _ redis: RedisServer? = nil) -> String {
            """
            access_log: { path: off }
            drain: 1s
            \(redis.map { "state: { redis: \"\($0.url)\" }" } ?? "")
            upstreams:
              app: { targets: ["\(origin.url)"], timeout: 20s, max_connections: 100 }
            routes:
              - { name: all, upstream: app, cache: { ttl: 1m, max_object: 64KiB } }
            """
        }

        /// Clients that have asked, each on a connection of its own.
        private func ask(_ target: String, _ ports: [Int], _ headers: String...) throws -> [RawConnection] {
            try ports.map { port in
                let client = try RawConnection(port: port)
                try client.sendRequest(["GET \(target) HTTP/1.1", "Host: gateway.test", "Connection: close"] + headers)
                return client
            }
        }

        private func readAll(_ clients: [RawConnection], _ rest: String = Self.rest) throws {
            for client in clients {
                let isWhole = String(decoding: try client.readUntilClose(), as: UTF8.self).contains(rest)
                #expect(isWhole)
            }
        }

        @Test("on both workers of a node, whether its length is known or not", arguments: [true, false])
        func workers(isChunked: Bool) async throws {
            let origin = try PacedOrigin(Self.first, Self.rest, isChunked: isChunked)
            let node = try await Node(Self.configuration(origin))
            // So many connections that both workers have some; half of them come when the response is under way.
            var clients = try ask("/a", Array(repeating: node.port, count: 8))
            for client in clients { _ = try client.read(until: Self.first) }
            clients += try ask("/a", Array(repeating: node.port, count: 8))
            for client in clients.suffix(8) { _ = try client.read(until: Self.first) }
            #expect(origin.count == 1)
            origin.goOn()
            try readAll(clients)
            #expect(try request("/a", port: node.port).cacheWord == "HIT")
            #expect(origin.count == 1)
        }

        @Test("on other nodes, should it take longer than a moment; redis-cli shows what has come")
        func nodes() async throws {
            let (first, rest) = (String(repeating: Self.first, count: 20), String(repeating: Self.rest, count: 60))
            let origin = try PacedOrigin(first, rest)
            let redis = try await RedisServer()
            let settings = Self.configuration(origin, redis)
            let nodes = [try await Node(settings, name: "n1"), try await Node(settings, name: "n2")]
            let near = try ask("/b", [nodes[0].port])
            _ = try near[0].read(until: first)
            let far = try ask("/b", Array(repeating: nodes[1].port, count: 6))
            for client in far {
                let head = try client.readHead()
                #expect(head["Cache-Status"] == "sluice; fwd=miss; fwd-status=200; stored; collapsed")
                #expect(head["Content-Length"] == "\(first.utf8.count + rest.utf8.count)")
                _ = try client.read(until: first)
            }
            #expect(origin.count == 1)
            let keys = try await redis.cli(["KEYS", "sluice:fill:{http://gateway.test/b}:*"]).split(separator: "\n")
            let flow = try #require(keys.first { !$0.hasSuffix(":awaited") })
            #expect(try await redis.cli(["LINDEX", String(flow), "0"]).hasPrefix("head\nstatus 200\n"))
            for key in keys { #expect(try await redis.cli(["PTTL", String(key)]).hasPrefix("-") == false) }
            origin.goOn()
            try readAll(near + far, rest)
            #expect(origin.count == 1)
            #expect(try request("/b", port: nodes[1].port).cacheWord == "HIT")
        }

        @Test(
            "when the node that fetches dies, those on others see that the body is cut off, and the next is served whole"
        )
        func death() async throws {
            let origin = try PacedOrigin(Self.first, Self.rest)
            let redis = try await RedisServer()
            let settings = Self.configuration(origin, redis)
            let nodes = [try await Node(settings, name: "n1"), try await Node(settings, name: "n2")]
            let near = try ask("/c", [nodes[0].port])
            _ = try near[0].read(until: Self.first)
            let far = try ask("/c", [nodes[1].port])
            _ = try far[0].read(until: Self.first)
            try await nodes[0].kill9()
            // The connection ends before the body does: nobody takes a part for the whole.
            #expect(try far[0].readUntilClose().isEmpty)
            origin.goOn()
            #expect(try request("/c", port: nodes[1].port).text == Self.first + Self.rest)
            #expect(origin.count == 2)
        }

        @Test("an origin that breaks off is cut off for all of them")
        func cut() async throws {
            let origin = try PacedOrigin(Self.first, nil)
            let redis = try await RedisServer()
            let settings = Self.configuration(origin, redis)
            let nodes = [try await Node(settings, name: "n1"), try await Node(settings, name: "n2")]
            let clients = try ask("/d", [nodes[0].port, nodes[0].port, nodes[1].port, nodes[1].port])
            for client in clients { _ = try client.read(until: Self.first) }
            origin.goOn()
            for client in clients { #expect(try client.readUntilClose().isEmpty) }
            #expect(try await redis.cli(["KEYS", "*cache*"]).isEmpty)
        }

        @Test("who comes after a purge is not given what was asked for before it", arguments: [false, true])
        func purge(fromRedis: Bool) async throws {
            let origin = try PacedOrigin(Self.first, Self.rest)
            let redis = try await RedisServer()
            let settings = Self.configuration(origin, redis)
            let nodes = [try await Node(settings, name: "n1"), try await Node(settings, name: "n2")]
            let before = try ask("/e", [nodes[0].port, nodes[1].port])
            for client in before { _ = try client.read(until: Self.first) }
            #expect(origin.count == 1)
            if fromRedis {
                let environment = ["SLUICE_REDIS": redis.url]
                let purged = try await sluice(
                    "cache", "purge", "--url", "http://gateway.test/e", environment: environment)
                #expect(purged.exit == .exited(0))
            } else {
                #expect(try request("/e", method: "DELETE", port: nodes[1].port).status == 200)
            }
            let asked = origin.count
            let after = try ask("/e", [nodes[0].port, nodes[1].port])
            for client in after { _ = try client.read(until: Self.first) }
            #expect(origin.count == asked + 1)
            origin.goOn()
            try readAll(before + after)
        }

        @Test("a response that outgrows the store goes on to all who follow it; new requests don't wait for it")
        func tooLarge() async throws {
            let origin = try PacedOrigin(Self.first, String(repeating: Self.rest, count: 400), isChunked: true)
            let node = try await Node(Self.configuration(origin))
            let clients = try ask("/f", Array(repeating: node.port, count: 8))
            for client in clients { _ = try client.read(until: Self.first) }
            #expect(origin.count == 1)
            origin.goOn()
            // All at once: what is not kept comes at the pace of the slowest.
            try await withThrowingTaskGroup(of: Int.self) { group in
                for client in clients {
                    nonisolated(unsafe) let client = client
                    group.addTask { try await onThread { try client.readUntilClose().count } }
                }
                for try await count in group { #expect(count > 400 * Self.rest.utf8.count) }
            }
            #expect(try request("/f", port: node.port).cacheStatus.contains("hit-for-miss"))
        }

        @Test("what can't be stored is waited for by nobody, on whatever worker or node, however long it takes")
        func uncacheable() async throws {
            let origin = try PacedOrigin(Self.first, Self.rest, fields: ["Cache-Control: no-store"])
            let redis = try await RedisServer()
            let settings = Self.configuration(origin, redis)
            let nodes = [try await Node(settings, name: "n1"), try await Node(settings, name: "n2")]
            let ports = nodes.flatMap { Array(repeating: $0.port, count: 4) }
            let clients = try ask("/g", ports)
            for client in clients { _ = try client.read(until: Self.first) }
            #expect(origin.count == ports.count)
            origin.goOn()
            try readAll(clients)
        }

        @Test("clients of an event stream don't wait for each other, although the route has a ttl")
        func events() async throws {
            let origin = try PacedOrigin(
                "data: one\n\n", "data: two\n\n", isChunked: true,
                fields: ["Content-Type: text/event-stream; charset=utf-8"])
            let node = try await Node(Self.configuration(origin))
            let clients = try ask("/h", Array(repeating: node.port, count: 4))
            for client in clients { _ = try client.read(until: "data: one\n\n") }
            #expect(origin.count == 4)
            origin.goOn()
            for client in clients { _ = try client.read(until: "data: two\n\n") }
        }

        @Test("a client that has the response already is told so while it still comes in")
        func conditional() async throws {
            let origin = try PacedOrigin(Self.first, Self.rest, fields: ["ETag: \"x\""])
            let node = try await Node(Self.configuration(origin))
            let clients = try ask("/i", Array(repeating: node.port, count: 2))
            for client in clients { _ = try client.read(until: Self.first) }
            for client in try ask("/i", Array(repeating: node.port, count: 4), "If-None-Match: \"x\"") {
                #expect(try client.readResponse().status == 304)
            }
            origin.goOn()
            try readAll(clients)
            #expect(origin.count == 1)
        }
    }
}

/// An origin that sends a head and the first part of a body to each GET, and the rest when it is told to go on. Other methods
/// are answered at once.
private final class PacedOrigin: Sendable {
    private final class State: Sendable {
        let count = Mutex(0)
        let mayGoOn = Mutex(false)
    }

    private let state = State()
    private let origin: TestOrigin

    /// - Parameter rest: nil: the connection is closed instead.
    init(_ first: String, _ rest: String?, isChunked: Bool = false, fields: [String] = []) throws {
        let state = self.state
        let total = first.utf8.count + (rest ?? "more").utf8.count
        let framing = isChunked ? "Transfer-Encoding: chunked" : "Content-Length: \(total)"
        let lines = (["HTTP/1.1 200 OK", framing] + fields).joined(separator: "\r\n") + "\r\n\r\n"
        func framed(_ text: String) -> String {
            isChunked ? String(text.utf8.count, radix: 16) + "\r\n\(text)\r\n" : text
        }
        let (opening, closing) = (lines + framed(first), rest.map { framed($0) + (isChunked ? "0\r\n\r\n" : "") })
        origin = try TestOrigin { connection, _, _ in
            while true {
                let message = try connection.readRequest()
                guard message.startLine.hasPrefix("GET ") else {
                    try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                    continue
                }
                state.count.withLock { $0 += 1 }
                try connection.send(opening)
                while !state.mayGoOn.withLock({ $0 }) { usleep(2000) }
                guard let closing else { return }
                try connection.send(closing)
            }
        }
    }

    deinit { goOn() }

    var url: String { origin.url }
    /// How many GETs have come.
    var count: Int { state.count.withLock { $0 } }
    func goOn() { state.mayGoOn.withLock { $0 = true } }
}

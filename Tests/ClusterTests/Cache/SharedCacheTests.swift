import Foundation
import TestSupport
import Testing

extension Cluster {
    /// STATE.md, "Response cache": three nodes and Redis.
    @Suite("Three nodes, one response cache")
    struct SharedCacheTests {
        private let redis: RedisServer
        private let origin: CacheOrigin
        private let nodes: [Node]

        init() async throws {
            redis = try await RedisServer()
            origin = try CacheOrigin()
            var nodes: [Node] = []
            for index in 1...3 {
                nodes.append(try await Node(Self.configuration(redis.url, origin.url), name: "node\(index)"))
            }
            self.nodes = nodes
        }

        private static func configuration(_ redis: String, _ origin: String, cache: String = "lag: 300ms") -> String {
            """
            access_log: { path: off }
            drain: 1s
            state: { redis: "\(redis)" }
            cache: { \(cache) }
            upstreams:
              app: { targets: ["\(origin)"], timeout: 5s }
            routes:
              - { name: all, upstream: app, cache: { max_object: 4MiB } }
              - name: users
                match: { path: "/users/{id}" }
                upstream: app
                cache: { ttl: 1m, stale_if_error: 1h, tags: ["user-{id}"] }
            """
        }

        private func get(_ target: String, on node: Int, _ headers: String..., method: String = "GET") throws
            -> RawMessage
        {
            try request(target, headers, method: method, port: nodes[node].port)
        }

        private func keys(_ pattern: String = "*") async throws -> [String] {
            try await redis.cli(["KEYS", pattern]).split(separator: "\n").map(String.init).sorted()
        }

        @Test("what one node has fetched all serve, and redis-cli shows it in clear words, each key with an expiry")
        func shared() async throws {
            origin.answer("/a", "Cache-Control: max-age=60", "X-Seen: yes")
            _ = try get("/a", on: 0)
            try await eventually("it is stored") { try await keys("*cache*").count == 3 }
            for node in 1...2 {
                let answer = try get("/a", on: node)
                #expect(answer.text == "/a 1")
                #expect(answer["X-Seen"] == "yes")
                #expect(answer.cacheWord == "HIT")
            }
            #expect(origin.count("/a") == 1)
            let entry = try await redis.cli(["HGETALL", "sluice:cache:{http://gateway.test/a}:-"])
            for word in [
                "status", "200", "headers", "X-Seen: yes", "fresh", "60000000", "url", "http://gateway.test/a",
            ] {
                #expect(entry.contains(word), "\(word)")
            }
            for key in try await keys() {
                #expect(try await redis.cli(["PTTL", key]).hasPrefix("-") == false, "\(key)")
            }
        }

        @Test("of sixty simultaneous requests on three nodes the origin sees one")
        func collapsing() async throws {
            origin.answer(
                "/b", CacheOrigin.Answer(fields: ["Cache-Control: max-age=60"], delay: .milliseconds(700)))
            let ports = nodes.map(\.port)
            let texts = try await withThrowingTaskGroup(of: String.self) { group in
                for number in 0..<60 {
                    group.addTask { try await onThread { try request("/b", port: ports[number % 3]).text } }
                }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(texts == ["/b 1"])
            #expect(origin.count("/b") == 1)
        }

        @Test("when the node that fetches dies another one takes over")
        func takeover() async throws {
            origin.answer("/c", CacheOrigin.Answer(fields: ["Cache-Control: max-age=60"], delay: .seconds(3)))
            let ports = nodes.map(\.port)
            async let lost: RawMessage? = try? onThread { try request("/c", port: ports[0]) }
            try await eventually("the first node fetches") { origin.count("/c") == 1 }
            async let waiting = onThread { try request("/c", port: ports[1], timeout: .seconds(20)) }
            origin.answer("/c", "Cache-Control: max-age=60")
            let started = ContinuousClock.now
            try await nodes[0].kill9()
            let answer = try await waiting
            #expect(answer.text == "/c 2")
            // A second until the fill lapses, and the poll.
            #expect(ContinuousClock.now - started < .seconds(3))
            _ = await lost
        }

        @Test("a purge by hand, an unsafe request and a moved tag reach all nodes")
        func purges() async throws {
            origin.answer("/users/7", "Surrogate-Key: crew deck")
            for node in 0...2 { _ = try get("/users/7", on: node) }
            #expect(origin.count("/users/7") == 1)
            // As an operator would: no node is told, each finds out within its lag.
            _ = try await redis.cli(["INCR", "sluice:tag:user-7"])
            try await eventually("no node serves it any more") {
                try (0...2).allSatisfy { try get("/users/7", on: $0).text == "/users/7 2" }
            }
            _ = try await redis.cli(["INCR", "sluice:tag:deck"])
            try await eventually("a tag of the origin's works as well") {
                try (0...2).allSatisfy { try get("/users/7", on: $0).text == "/users/7 3" }
            }
            _ = try get("/users/7", on: 1, method: "PUT")
            try await eventually("a change does so too") {
                try (0...2).allSatisfy { try get("/users/7", on: $0).text == "/users/7 5" }
            }
        }

        @Test("a long body is stored in pieces, comes back whole, and is missed when a piece is missing")
        func pieces() async throws {
            let body = String(repeating: "0123456789abcdef", count: 65_536)
            origin.answer("/d", CacheOrigin.Answer(fields: ["Cache-Control: max-age=60"], body: body))
            _ = try get("/d", on: 0)
            try await eventually("it is stored") { try await keys("*{http://gateway.test/d}*").count == 6 }
            for key in try await keys("*{http://gateway.test/d}:-:*") {
                #expect(Int(try await redis.cli(["STRLEN", key])) == 262_144)
            }
            #expect(try get("/d", on: 1).text == body)
            #expect(origin.count("/d") == 1)
            let last = try #require(try await keys("*{http://gateway.test/d}:-:*").last)
            _ = try await redis.cli(["DEL", last])
            #expect(try get("/d", on: 2).text == body)
            #expect(origin.count("/d") == 2)
        }

        @Test("where that is configured, text is compressed in Redis, and comes back as it was")
        func compressed() async throws {
            let settings = Self.configuration(redis.url, origin.url, cache: "compress: true")
            let nodes = [try await Node(settings, name: "c1"), try await Node(settings, name: "c2")]
            let body = String(repeating: "0123456789abcdef", count: 30_000)
            let fields = ["Cache-Control: max-age=60", "Content-Type: text/plain; charset=utf-8"]
            origin.answer("/zip", CacheOrigin.Answer(fields: fields, body: body))
            _ = try request("/zip", port: nodes[0].port)
            try await eventually("it is stored") { try await keys("*{http://gateway.test/zip}:-:*").count == 2 }
            for key in try await keys("*{http://gateway.test/zip}:-:*") {
                #expect(Int(try await redis.cli(["STRLEN", key])) ?? .max < 10_000)
            }
            #expect(try request("/zip", port: nodes[1].port).text == body)
            #expect(try get("/zip", on: 0).text == body, "a node that does not compress reads it too")
            #expect(origin.count("/zip") == 1)
            // A piece that is damaged is a miss.
            let piece = try #require(try await keys("*{http://gateway.test/zip}:-:*").first)
            _ = try await redis.cli(["SETRANGE", piece, "20", "xxxx"])
            #expect(try get("/zip", on: 2).text == body)
            #expect(origin.count("/zip") == 2)
        }

        @Test(
            "an entry that somebody has spoilt is a miss",
            arguments: [
                ["HSET", "sluice:cache:{http://gateway.test/e}:-", "length", "5000"],
                ["HSET", "sluice:cache:{http://gateway.test/e}:-", "status", "abc"],
                ["HSET", "sluice:cache:{http://gateway.test/e}:-", "headers", "bad\nX: y"],
                ["HDEL", "sluice:cache:{http://gateway.test/e}:-", "stored"],
                ["SET", "sluice:cache:{http://gateway.test/e}:-", "x"],
                ["SET", "sluice:cache:{http://gateway.test/e}", "x"],
            ])
        func spoilt(_ command: [String]) async throws {
            origin.answer("/e", "Cache-Control: max-age=60")
            _ = try get("/e", on: 0)
            try await eventually("it is stored") { try await keys("*{http://gateway.test/e}*").count == 3 }
            _ = try await redis.cli(command)
            let answer = try get("/e", on: 1)
            #expect(answer.status == 200)
            #expect(answer.text == "/e 2")
        }

        @Test("without Redis what is in memory serves on, and the rest comes from the origin")
        func withoutRedis() async throws {
            origin.answer("/f", "Cache-Control: max-age=60")
            _ = try get("/f", on: 0)
            try await redis.stop()
            try await Task.sleep(for: .milliseconds(700))
            for _ in 1...5 {
                let answer = try get("/f", on: 0)
                #expect(answer.status == 200 && answer.text == "/f 1")
            }
            origin.answer("/g", "Cache-Control: max-age=60")
            #expect(try get("/g", on: 0).text == "/g 1")
            #expect(try get("/g", on: 0).text == "/g 1")
        }

        @Test("a hot response costs a node no more than a few commands a lag period")
        func hot() async throws {
            origin.answer("/h", "Cache-Control: max-age=600")
            _ = try get("/h", on: 0)
            try await eventually("it is stored") { try await keys("*{http://gateway.test/h}*").count == 3 }
            func calls() async throws -> Int {
                let info = try await redis.cli(["INFO", "commandstats"])
                let line = info.split(separator: "\n").first { $0.hasPrefix("cmdstat_evalsha:") } ?? ""
                return line.split(separator: ",").first.flatMap { Int($0.split(separator: "=")[1]) } ?? 0
            }
            let load = Load(port: nodes[0].port, "/h", clients: 2, pause: .zero)
            try await load.more(50)
            let (before, started, answered) = (try await calls(), ContinuousClock.now, load.outcomes.count)
            try await load.more(2000)
            let periods = Int((ContinuousClock.now - started) / .milliseconds(150)) + 2
            let asked = try await calls() - before
            _ = try await load.stop()
            // Three nodes' breakers report once a second as well.
            #expect(asked <= periods + 3 * (periods / 6 + 2) + 4, "\(asked) in \(periods) half lags")
            #expect(load.outcomes.count - answered >= 2000)
            #expect(origin.count("/h") == 1)
        }
    }
}

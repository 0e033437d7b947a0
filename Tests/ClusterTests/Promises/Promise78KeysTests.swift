import Foundation
import TestSupport
import Testing

extension Cluster {
    /// STATE.md, promises 7 and 8: every kind of key that a node writes, as `redis-cli` shows it.
    enum Keys {
        /// A Redis in which a node has used all it has; a request is under way as long as the origins live.
        static func used() async throws -> (redis: RedisServer, node: Node, origins: [AnyObject]) {
            let redis = try await RedisServer()
            let origin = try CacheOrigin()
            origin.answer("/page", "Cache-Control: max-age=30", "Surrogate-Key: red")
            let silent = try TestOrigin { _ in [.pause(.seconds(20))] }
            let gone = try freePort()
            let node = try await Node(
                """
                access_log: { path: off }
                drain: 1s
                state: { redis: "\(redis.url)", timeout: 2s }
                upstreams:
                  app: { targets: ["\(origin.url)"] }
                  silent: { targets: ["\(silent.url)"] }
                  gone: { targets: ["http://127.0.0.1:\(gone)"], breaker: { failures: 2, open: 1s } }
                routes:
                  - name: all
                    limit:
                      - per: route
                        rates: [50/second, { rate: 500/10s, window: sliding }, { rate: 1000/day, window: calendar }]
                        concurrency: 5
                    upstream: app
                    cache: {}
                  - name: silent
                    match: { path: "/silent" }
                    limit: { per: route, rates: [50/second], concurrency: 5 }
                    upstream: silent
                  - { name: gone, match: { path: "/gone" }, upstream: gone }
                """)
            Thread.detachNewThread { _ = try? request("/silent", port: node.port, timeout: .seconds(30)) }
            for _ in 0..<3 { _ = try request("/page", port: node.port) }
            for _ in 0..<5 { _ = try request("/gone", port: node.port) }
            let purge = try await ChildProcess.run(
                Executables.sluice, ["cache", "purge", "--redis", redis.url, "--tag", "blue"])
            #expect(purge.exit == .exited(0), "\(purge.standardError)")
            try await eventually("each kind of key is there") {
                let keys = try await scan(redis)
                return families.allSatisfy { family in keys.contains { $0.hasPrefix(family.prefix) } }
            }
            return (redis, node, [origin, silent])
        }

        /// The kinds of keys of STATE.md that stay for a while, and their types.
        static let families: [(prefix: String, types: Set<String>)] = [
            ("sluice:bucket:{", ["hash"]), ("sluice:concurrency:{", ["zset"]), ("sluice:breaker:{", ["hash"]),
            ("sluice:cache:{", ["hash", "string"]), ("sluice:tag:", ["string"]), ("sluice:node:", ["hash"]),
            ("sluice:nodes", ["zset"]),
        ]

        /// As an operator lists them.
        static func scan(_ redis: RedisServer) async throws -> [String] {
            try await redis.cli("--scan", "--pattern", "sluice:*").split(separator: "\n").map(String.init)
        }
    }

    @Suite("Promise 7: redis-cli shows everything")
    struct Promise7ReadableTests {
        @Test("keys have the documented names and types, and hold words and decimal numbers")
        func words() async throws {
            let (redis, node, origins) = try await Keys.used()
            defer { withExtendedLifetime(origins) {} }
            for key in try await redis.cli("KEYS", "*").split(separator: "\n").map(String.init) {
                let family = Keys.families.first { key.hasPrefix($0.prefix) }
                let type = try await redis.cli("TYPE", key)
                // A bucket that is full again is gone: maybe since it was listed.
                guard type != "none" else { continue }
                #expect(family?.types.contains(type) == true, "\(key): \(type)")
                guard type == "hash" else { continue }
                for (name, value) in try await fields(redis, key) where name != "body" {
                    #expect(name.contains(/^[A-Za-z0-9:._\/-]+$/), "\(key) \(name)")
                    #expect(
                        value.unicodeScalars.allSatisfy { $0.value >= 32 || $0 == "\r" || $0 == "\n" },
                        "\(key) \(name) \(value)")
                    #expect(!value.contains(/[0-9]e[+][0-9]/), "\(key) \(name) \(value) is no decimal number")
                }
            }
            #expect(node.isRunning)
        }

        @Test("a bucket tells tokens, capacity and rate of each window; a breaker its state; a node what it is")
        func numbers() async throws {
            let (redis, node, origins) = try await Keys.used()
            defer { withExtendedLifetime(origins) {} }
            _ = try request("/page", port: node.port)
            let bucket = try await fields(redis, "sluice:bucket:{all.route:all}")
            #expect(bucket["second.rate"] == "50/second" && bucket["second.capacity"] == "50")
            #expect(bucket["second.tokens"].flatMap { Int($0) }.map { (0...50).contains($0) } == true)
            #expect(bucket["calendar-day.used"].flatMap { Int($0) }.map { $0 > 0 } == true)
            try await eventually("the breaker has opened") {
                _ = try request("/gone", port: node.port)
                let breaker = try await fields(redis, "sluice:breaker:{gone}")
                return ["open", "half-open"].contains(breaker["state"]) && (Int(breaker["epoch"] ?? "") ?? 0) > 0
            }
            let own = try await fields(redis, "sluice:node:node1")
            #expect(own["version"]?.isEmpty == false && own["address"]?.isEmpty == false, "\(own)")
            #expect(try await redis.cli("ZSCORE", "sluice:nodes", "node1").isEmpty == false)
        }

        private func fields(_ redis: RedisServer, _ key: String) async throws -> [String: String] {
            // One field at a time: values of several lines would blur a list.
            let names = try await redis.cli("HKEYS", key).split(separator: "\n").map(String.init)
            var fields: [String: String] = [:]
            for name in names { fields[name] = try await redis.cli("HGET", key, name) }
            return fields
        }
    }

    @Suite("Promise 8: nothing stays for ever")
    struct Promise8NothingLeaksTests {
        @Test("every key expires, and not long after it has lost its meaning")
        func expiry() async throws {
            let (redis, node, origins) = try await Keys.used()
            defer { withExtendedLifetime(origins) {} }
            var kinds: Set<String> = []
            for key in try await redis.cli("KEYS", "*").split(separator: "\n").map(String.init) {
                // -2: gone meanwhile.
                let left = Int(try await redis.cli("PTTL", key)) ?? 0
                #expect(left != -1, "\(key) has no expiry")
                let family = Keys.families.first { key.hasPrefix($0.prefix) }?.prefix ?? key
                kinds.insert(family)
                // The bucket's day, and a second; a cached response may stand in for an hour; a tag outlives all entries.
                let day = 86_401_000
                let bound = ["sluice:tag:": 33 * day, "sluice:cache:{": 32 * day, "sluice:bucket:{": day][family]
                #expect(left <= bound ?? 700_000, "\(key): \(left) ms")
            }
            #expect(kinds.count == Keys.families.count, "\(kinds)")
            #expect(node.isRunning)
        }

        @Test("buckets, places and nodes are gone soon after nobody uses them")
        func emptiness() async throws {
            let redis = try await RedisServer()
            let upstream = try await DemoUpstream()
            let node = try await Node(
                """
                access_log: { path: off }
                drain: 1s
                state: { redis: "\(redis.url)", timeout: 2s }
                upstreams: { app: { targets: ["\(upstream.url)"] } }
                routes:
                  - name: all
                    limit: { per: "header:A", rates: [20/second, { rate: 40/2s, window: sliding }], concurrency: 3 }
                    upstream: app
                """)
            let connection = try RawConnection(port: node.port)
            for number in 0..<50 { #expect(try connection.exchange("/", ["A: a\(number)"]).status == 200) }
            #expect(try await Keys.scan(redis).count >= 20)
            // As a crash would, so that nothing is given back.
            try await node.kill9()
            try await eventually("no key is left", within: .seconds(60), every: .milliseconds(200)) {
                try await Keys.scan(redis).allSatisfy { $0.hasPrefix("sluice:breaker:") }
            }
        }
    }
}

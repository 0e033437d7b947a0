import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("Consumers, keys and plans in Redis")
    struct ConsumersTests {
        /// Three nodes that know nobody by configuration, except for one consumer without keys.
        private struct Setting {
            let redis: RedisServer
            let upstream: DemoUpstream
            let nodes: [Node]

            init(_ count: Int = 3, further: String = "") async throws {
                let (redis, upstream) = (try await RedisServer(), try await DemoUpstream())
                var nodes: [Node] = []
                for index in 1...count {
                    nodes.append(
                        try await Node(
                            Setting.configuration + further, name: "node\(index)",
                            environment: ["TEST_REDIS": redis.url, "TEST_UPSTREAM": upstream.url]))
                }
                (self.redis, self.upstream, self.nodes) = (redis, upstream, nodes)
            }

            static let secret = "a-secret-of-at-least-32-bytes-for-tests"
            static let configuration = """
                access_log: { path: off }
                drain: 1s
                state: { redis: "${TEST_REDIS}", timeout: 1s }
                upstreams: { app: { targets: ["${TEST_UPSTREAM}"] } }
                authenticators:
                  keys: { api_key: { header: X-API-Key } }
                  dev: { jwt: { algorithms: [HS256], secret: "\(secret)" } }
                consumers: [{ id: configured, scopes: [read] }]
                routes:
                  - { name: all, match: { path: "/**" }, auth: { any: [keys, dev] }, upstream: app }
                  - { name: scoped, match: { path: "/scoped" }, auth: { any: [keys, dev], scopes: [read] }, upstream: app }

                """

            func command(_ arguments: String...) async throws -> ChildProcess.Finished {
                let finished = try await ChildProcess.run(
                    Executables.sluice, arguments, environment: ["SLUICE_REDIS": redis.url])
                guard finished.exit == .exited(0) else {
                    throw TestFailure("sluice \(arguments): \(finished.standardError)")
                }
                return finished
            }

            /// A new key: itself and its id.
            func key(_ arguments: String...) async throws -> (clear: String, id: String) {
                let made = try await ChildProcess.run(
                    Executables.sluice, ["key", "create", "--json"] + arguments,
                    environment: ["SLUICE_REDIS": redis.url])
                guard let key = try made.json["key"] as? String, let id = try made.json["id"] as? String else {
                    throw TestFailure("no key: \(made.standardOutput)\(made.standardError)")
                }
                return (key, id)
            }

            func statuses(_ key: String, _ path: String = "/x") throws -> [Int] {
                try nodes.map { try request(path, ["X-API-Key: \(key)"], port: $0.port).status }
            }
        }

        @Test(
            "a key that was made is good on all nodes at once, and is refused by all within a second of its revocation")
        func revocation() async throws {
            let setting = try await Setting()
            _ = try await setting.command("consumer", "create", "acme", "--scope", "read")
            let key = try await setting.key("acme")
            #expect(try setting.statuses(key.clear) == [200, 200, 200])
            #expect(try setting.statuses(key.clear, "/scoped") == [200, 200, 200])
            #expect(try setting.statuses(String(key.clear.dropLast()) + "0") == [401, 401, 401])
            let before = ContinuousClock.now
            _ = try await setting.command("key", "revoke", key.id)
            try await eventually("all refuse it", within: .seconds(1), every: .milliseconds(10)) {
                try setting.statuses(key.clear) == [401, 401, 401]
            }
            #expect(ContinuousClock.now - before < .seconds(2))
        }

        @Test(
            "a rotated key goes on for the overlap, and the new one is good at once; without overlap the old one ends")
        func rotation() async throws {
            let setting = try await Setting()
            _ = try await setting.command("consumer", "create", "acme")
            let old = try await setting.key("acme", "--name", "ci")
            #expect(try setting.statuses(old.clear) == [200, 200, 200])
            let rotated = try await setting.command("key", "rotate", old.id, "--overlap", "5s", "--json")
            let new = try #require((rotated.json["new"] as? [String: Any])?["key"] as? String)
            #expect(try setting.statuses(new) == [200, 200, 200])
            #expect(try setting.statuses(old.clear) == [200, 200, 200])
            try await eventually("the old one has ended", within: .seconds(15), every: .milliseconds(50)) {
                try setting.statuses(old.clear) == [401, 401, 401]
            }
            #expect(try setting.statuses(new) == [200, 200, 200])
            let listed = try await setting.command("key", "list", "acme").standardOutput
            #expect(listed.contains("ended") && listed.contains("never") && listed.contains("ci"))
            #expect(!listed.contains(new) && !listed.contains(old.clear))
        }

        @Test("a changed plan, a consumer's other plan and a deleted consumer hold on all nodes within a second")
        func plans() async throws {
            let setting = try await Setting()
            _ = try await setting.command("plan", "set", "gold", "--limit", "1000/minute")
            _ = try await setting.command("consumer", "create", "acme", "--plan", "gold")
            let key = try await setting.key("acme")
            func limits(_ headers: [String]) throws -> [String?] {
                try setting.nodes.map { try request("/x", headers, port: $0.port)["X-RateLimit-Limit"] }
            }
            let header = ["X-API-Key: \(key.clear)"]
            try await eventually("the plan holds", within: .seconds(1), every: .milliseconds(20)) {
                try limits(header) == ["1000", "1000", "1000"]
            }
            _ = try await setting.command("plan", "set", "gold", "--limit", "50/minute")
            try await eventually("the plan has changed", within: .seconds(1), every: .milliseconds(20)) {
                try limits(header) == ["50", "50", "50"]
            }
            _ = try await setting.command("plan", "set", "trial", "--limit", "7/minute")
            _ = try await setting.command("consumer", "set", "acme", "--plan", "trial")
            try await eventually("the consumer has another plan", within: .seconds(1), every: .milliseconds(20)) {
                try limits(header).allSatisfy { $0 == "7" }
            }
            #expect(try await setting.redis.cli("KEYS", "sluice:bucket:*").contains("plan.trial:acme"))

            // Whom a token names is the same consumer.
            let minted = try await setting.command("token", "--secret", Setting.secret, "--subject", "acme")
            let bearer = ["Authorization: Bearer \(minted.standardOutput.trimmingCharacters(in: .newlines))"]
            #expect(try limits(bearer).allSatisfy { $0 == "7" })
            _ = try await setting.command("consumer", "set", "acme", "--plan", "gold")
            try await eventually("for the token too", within: .seconds(1), every: .milliseconds(20)) {
                try limits(bearer) == ["50", "50", "50"]
            }
            let deleted = try await setting.command("consumer", "delete", "acme").standardOutput
            #expect(deleted.contains("its 1 key"))
            try await eventually("nobody knows it", within: .seconds(1), every: .milliseconds(20)) {
                try setting.statuses(key.clear) == [401, 401, 401]
            }
            try await eventually("the token is nobody's in particular", within: .seconds(1)) {
                try limits(bearer) == [nil, nil, nil]
            }
        }

        @Test("a lost event is made up for within a second, and so is what was done by hand and counted")
        func lostEvents() async throws {
            let setting = try await Setting()
            _ = try await setting.command("consumer", "create", "acme")
            let key = try await setting.key("acme")
            // Of one connection each, and so of one worker, which has it from Redis only once.
            let connections = try setting.nodes.map { try RawConnection(port: $0.port) }
            func statuses() throws -> [Int] {
                try connections.map { try $0.exchange("/x", ["X-API-Key: \(key.clear)"]).status }
            }
            #expect(try statuses() == [200, 200, 200])
            let name = try await setting.redis.cli("KEYS", "sluice:key:\(key.id)*")
            try await setting.redis.cli("DEL", name)
            #expect(try statuses() == [200, 200, 200], "nobody was told")
            try await setting.redis.cli("INCR", "sluice:consumers:version")
            try await eventually("all have noticed", within: .seconds(1), every: .milliseconds(20)) {
                try statuses() == [401, 401, 401]
            }
        }

        @Test("a known key costs Redis nothing, and neither does a guess that comes again or is no key of ours")
        func commands() async throws {
            let setting = try await Setting(1)
            _ = try await setting.command("consumer", "create", "acme")
            let key = try await setting.key("acme")
            let guess = "another-system's-key"
            let connection = try RawConnection(port: setting.nodes[0].port)
            for header in [key.clear, guess] { _ = try connection.exchange("/x", ["X-API-Key: \(header)"]) }
            let monitor = try Monitor(setting.redis)
            _ = try await monitor.commands()
            for _ in 1...50 {
                #expect(try connection.exchange("/x", ["X-API-Key: \(key.clear)"]).status == 200)
                #expect(try connection.exchange("/x", ["X-API-Key: \(guess)"]).status == 401)
            }
            for number in 100...150 {
                let made = "sluice_\(String(repeating: "0", count: 43))\(number)"
                #expect(try connection.exchange("/x", ["X-API-Key: \(made)"]).status == 401)
            }
            let asked = try await monitor.commands().filter { $0.contains("sluice:key:") }
            #expect(asked.isEmpty, "\(asked.prefix(3))")
        }

        @Test("without Redis a known key goes on, an unknown one is 503 with Retry-After, and all is well afterwards")
        func outage() async throws {
            let setting = try await Setting(1)
            _ = try await setting.command("consumer", "create", "acme")
            let (known, unknown) = (try await setting.key("acme"), try await setting.key("acme"))
            let connection = try RawConnection(port: setting.nodes[0].port)
            func exchange(_ key: String) throws -> RawMessage { try connection.exchange("/x", ["X-API-Key: \(key)"]) }
            #expect(try exchange(known.clear).status == 200)
            setting.redis.pause()
            for _ in 1...3 { #expect(try exchange(known.clear).status == 200) }
            let refused = try exchange(unknown.clear)
            #expect(refused.status == 503 && refused["Retry-After"] == "1")
            #expect(try exchange("sluice_mistyped").status == 401, "that can't be a key")
            setting.redis.resume()
            try await eventually("the other key is good", within: .seconds(10)) {
                try exchange(unknown.clear).status == 200
            }
            #expect(try exchange(known.clear).status == 200)
        }

        @Test("the key of a configured consumer may be in Redis; a key's addresses and scopes are its own")
        func terms() async throws {
            let setting = try await Setting(1)
            let node = setting.nodes[0]
            let environment = ["SLUICE_REDIS": setting.redis.url]
            let stranger = try await sluice("key", "create", "configured", environment: environment)
            #expect(stranger.exit == .exited(1) && stranger.standardError.contains("sluice consumer create configured"))
            let withFile = try await sluice(
                "key", "create", "configured", "--config", node.configurationPath, "--json",
                environment: ["TEST_REDIS": setting.redis.url, "TEST_UPSTREAM": setting.upstream.url])
            let key = try #require(try withFile.json["key"] as? String)
            #expect(try setting.statuses(key, "/scoped") == [200])
            _ = try await setting.command("consumer", "create", "acme", "--scope", "read")
            let other = try await setting.key("acme", "--scope", "write")
            #expect(try setting.statuses(other.clear, "/scoped") == [403])
            let elsewhere = try await setting.key("acme", "--address", "10.0.0.0/8", "--address", "2001:db8::/32")
            #expect(try setting.statuses(elsewhere.clear) == [403])
            let here = try await setting.key("acme", "--address", "127.0.0.0/8", "--expires", "1h")
            #expect(try setting.statuses(here.clear) == [200])
        }

        @Test("an imported key is known by its digest, and one that is found lying about is revoked by itself")
        func imported() async throws {
            let setting = try await Setting(1)
            _ = try await setting.command("consumer", "create", "acme")
            // printf %s demo-key-acme | sha256sum
            let digest = "8649cdebee753898fd50e01408a9e438aa5090249bc3e51b65f33dce973b0873"
            let made = try await setting.command("key", "create", "acme", "--sha256", digest)
            #expect(made.standardOutput == "key 8649cdebee75 of acme; it never ends\n")
            #expect(try setting.statuses("demo-key-acme") == [200])
            let again = try await sluice(
                "key", "create", "acme", "--sha256", digest, environment: ["SLUICE_REDIS": setting.redis.url])
            #expect(again.exit == .exited(1) && again.standardError.contains("exists already"))
            let revoked = try await ChildProcess.run(
                "/bin/sh", ["-c", "printf 'demo-key-acme\\n' | \(Executables.sluice) key revoke -"],
                environment: ["SLUICE_REDIS": setting.redis.url])
            #expect(revoked.standardOutput == "revoked key 8649cdebee75 of acme\n", "\(revoked.standardError)")
            try await eventually("it is refused") { try setting.statuses("demo-key-acme") == [401] }
        }

        @Test("mistakes are told with what to do, and nothing is done")
        func mistakes() async throws {
            let redis = try await RedisServer()
            let environment = ["SLUICE_REDIS": redis.url]
            for (arguments, told) in [
                (["consumer", "show", "acme"], "no consumer acme in namespace sluice; there is none"),
                (["consumer", "delete", "acme"], "make it with: sluice consumer create acme"),
                (["consumer", "create", "a b"], "expected an id of 1 to 128"),
                (["consumer", "create", "acme", "--scope", "a b"], "expected a scope without blanks"),
                (["key", "create", "acme", "--expires", "soon"], "expected a time such as 12h or 90d"),
                (["key", "create", "acme", "--expires", "2020-01-01"], "expected a time that is still to come"),
                (["key", "create", "acme", "--address", "10.0.0.1/8"], "write 10.0.0.0/8"),
                (["key", "revoke", "my-secret-key"], "expected a key's id, as sluice key list shows it"),
                (["key", "revoke", "abcdef123456"], "no key abcdef123456 in namespace sluice"),
                (["key", "rotate", "abcdef123456", "--overlap", "soon"], "expected a time such as 0s, 12h or 7d"),
                (["plan", "set", "gold"], "expected what the plan grants"),
                (["plan", "set", "gold", "--limit", "5/minutes"], "did you mean \"5/minute\"?"),
                (["plan", "set", "gold", "--concurrency", "0"], "expected a whole number from 1"),
                (["plan", "delete", "gold"], "no plan gold in namespace sluice; there is none"),
            ] {
                let finished = try await ChildProcess.run(Executables.sluice, arguments, environment: environment)
                #expect(finished.exit != .exited(0), "\(arguments)")
                #expect(finished.standardError.contains(told), "\(arguments): \(finished.standardError)")
                #expect(!finished.standardError.contains("my-secret-key"))
            }
            let undefined = try await sluice("consumer", "create", "acme", "--plan", "glod", environment: environment)
            #expect(undefined.exit == .exited(0) && undefined.standardError.contains("there is no plan glod in Redis"))
        }

        @Test("an address that goes on failing waits; who was served from it before is served on")
        func failedAttempts() async throws {
            let setting = try await Setting(
                1, further: "authentication: { failures: 5/minute }\ntrusted_proxies: [127.0.0.0/8]\n")
            _ = try await setting.command("consumer", "create", "acme")
            let (known, other) = (try await setting.key("acme"), try await setting.key("acme"))
            _ = try await setting.command("consumer", "create", "globex")
            let stranger = try await setting.key("globex")
            let connection = try RawConnection(port: setting.nodes[0].port)
            func exchange(_ key: String?, from address: String) throws -> RawMessage {
                try connection.exchange(
                    "/x", ["X-Forwarded-For: \(address)"] + (key.map { ["X-API-Key: \($0)"] } ?? []))
            }
            let office = "198.51.100.7"
            #expect(try exchange(known.clear, from: office).status == 200)
            for number in 1...5 { #expect(try exchange("guess-\(number)", from: office).status == 401) }
            let refused = try exchange("guess-6", from: office)
            #expect(refused.status == 429 && refused.json["title"] as? String == "Too many failed attempts")
            #expect((1...12).contains(Int(refused["Retry-After"] ?? "") ?? 0), "\(refused["Retry-After"] ?? "")")
            #expect(try exchange(known.clear, from: office).status == 200, "it was served before")
            #expect(try exchange(stranger.clear, from: office).status == 429, "a right guess looks like a wrong one")
            #expect(try exchange(nil, from: office).status == 401, "no credential is no attempt")
            #expect(try exchange(other.clear, from: "198.51.100.8").status == 200)
            for number in 1...6 { _ = try exchange("guess-\(number)", from: "2001:db8:0:1::\(number)") }
            #expect(try exchange("guess", from: "2001:db8:0:1:ffff::1").status == 429, "one network of 64 bits")
            #expect(try exchange("guess", from: "2001:db8:0:2::1").status == 401)
            #expect(setting.nodes[0].errors.contains("too many failed attempts"))
            #expect(!setting.nodes[0].errors.contains("guess-"))
        }
    }
}

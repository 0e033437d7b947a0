import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("The commands: cache, and the admin API")
    struct CacheCommandTests {
        private let redis: RedisServer
        private let origin: CacheOrigin

        init() async throws {
            redis = try await RedisServer()
            origin = try CacheOrigin()
        }

        private func node(_ name: String = "node1", isShared: Bool = true, token: String? = nil) async throws -> Node {
            let text = """
                access_log: { path: off }
                drain: 1s
                \(isShared ? "state: { redis: \"\(redis.url)\" }" : "")
                cache: { lag: 1m }
                upstreams:
                  app: { targets: ["\(origin.url)"], timeout: 20s }
                routes:
                  - { name: all, upstream: app, cache: { ttl: 1h, key: { query: { ignore: [utm_*] } } } }
                  - name: users
                    match: { path: "/users/{id}" }
                    upstream: app
                    cache: { ttl: 1h, stale_while_revalidate: 1h, tags: ["user-{id}"] }
                """
            return try await Node(text, name: name, adminToken: token)
        }

        private func cache(_ arguments: String...) async throws -> ChildProcess.Finished {
            try await ChildProcess.run(
                Executables.sluice, ["cache"] + arguments, environment: ["SLUICE_REDIS": redis.url])
        }

        private func stored(_ count: Int) async throws {
            try await eventually("\(count) are stored") {
                try await cache("--json").json["found"] as? Int == count
            }
        }

        /// Sends a body to the admin API.
        private func purge(_ body: String, of node: Node, _ fields: String...) throws -> RawMessage {
            let connection = try RawConnection(port: node.adminPort)
            let length = "Content-Length: \(body.utf8.count)"
            try connection.sendRequest(
                [
                    "POST /api/cache/purge HTTP/1.1", "Host: localhost", "Connection: close",
                    "Content-Type: application/json", length,
                ] + fields, body: body)
            return try connection.readResponse(to: "POST")
        }

        @Test("list and show tell what is stored; what is not, with exit status 1")
        func show() async throws {
            let node = try await node()
            origin.answer("/a", "Vary: Accept-Language", "X-Seen: yes")
            _ = try request("/a?q=1&utm_source=x", ["Accept-Language: de"], port: node.port)
            _ = try request("/a?q=1", ["Accept-Language: fr"], port: node.port)
            _ = try request("/users/7", port: node.port)
            try await stored(3)
            let table = try await cache()
            #expect(table.exit == .exited(0))
            #expect(table.standardOutput.contains(/http:\/\/gateway.test\/a\?q=1 +accept-language=de +200 +\d+/))
            #expect(table.standardOutput.contains(/\/users\/7 +200 .* (59m\d+s|1h) .*route:users user-7/), "\(table)")
            let some = try await cache("list", "--limit", "1")
            #expect(some.standardOutput.contains("2 more"))
            #expect(try await cache("list", "--containing", "/users/", "--json").objects("responses").count == 1)
            #expect(try await cache("list", "--containing", "/b").standardOutput.contains("no such cached response"))

            let shown = try await cache("show", "https://gateway.test/a?q=1&utm_source=y")
            #expect(shown.standardOutput.contains("X-Seen: yes"), "\(shown)")
            let first = try #require(try await cache("show", "/users/7", "--json").objects("responses").first)
            #expect(first["status"] as? Int == 200 && first["is_stale"] as? Bool == false)
            #expect(first["tags"] as? [String] == ["route:users", "user-7"])
            #expect((first["headers"] as? [String])?.contains { $0.hasPrefix("X-Count: 1") } == true)
            let absent = try await cache("show", "/b")
            #expect(absent.exit == .exited(1))
            #expect(absent.standardError.contains("nothing is stored of /b"))
        }

        @Test("a purge by URL, tag or route reaches all nodes long before the lag is over")
        func purge() async throws {
            let nodes = [try await node("node1"), try await node("node2")]
            func texts(_ target: String) throws -> [String] {
                try nodes.map { try request(target, port: $0.port).text }
            }
            var times = 1
            #expect(try texts("/users/7") == ["/users/7 1", "/users/7 1"])
            let orders = [["--url", "https://gateway.test/users/7"], ["--tag", "user-7"], ["--route", "users"]]
            for order in orders {
                try await stored(1)
                #expect(try texts("/users/7") == Array(repeating: "/users/7 \(times)", count: 2))
                let done = try await ChildProcess.run(
                    Executables.sluice, ["cache", "purge"] + order, environment: ["SLUICE_REDIS": redis.url])
                #expect(done.exit == .exited(0), "\(done)")
                #expect(done.standardOutput.hasPrefix("purged: "))
                times += 1
                try await eventually("both nodes serve what is new after \(order)", within: .seconds(20)) {
                    try texts("/users/7") == Array(repeating: "/users/7 \(times)", count: 2)
                }
            }
            try await stored(1)
            let gone = try await cache("purge", "--url", "/users/7", "--json")
            #expect(try gone.json["responses"] as? Int == 1)
            #expect(try await cache("purge", "--url", "/users/7").standardOutput.contains("purged: 0 responses"))
        }

        @Test("a soft purge leaves what may stand in while it is refreshed")
        func soft() async throws {
            let node = try await node()
            #expect(try request("/users/7", port: node.port).text == "/users/7 1")
            try await stored(1)
            let done = try await cache("purge", "--tag", "user-7", "--soft")
            #expect(done.standardOutput.contains("stale from now on"))
            var words: [String] = []
            try await eventually("it is refreshed") {
                let answer = try request("/users/7", port: node.port)
                words.append(answer.cacheWord)
                return answer.text == "/users/7 2"
            }
            #expect(words.contains("STALE"), "\(words)")
            #expect(!words.contains("MISS"), "\(words)")
        }

        @Test("what is being fetched when its URL is purged is not stored")
        func underWay() async throws {
            let node = try await node()
            origin.answer("/slow", CacheOrigin.Answer(delay: .seconds(3)))
            let port = node.port
            async let first = onThread { try request("/slow", port: port, timeout: .seconds(20)).text }
            try await eventually("the origin is asked") { origin.count("/slow") == 1 }
            origin.answer("/slow")
            #expect(try await cache("purge", "--url", "/slow").exit == .exited(0))
            #expect(try await first == "/slow 1")
            try await eventually("it is fetched anew") { try request("/slow", port: node.port).text == "/slow 2" }
        }

        @Test("a purge by URL reaches what a node holds although Redis has never heard of it")
        func unheard() async throws {
            let node = try await node()
            #expect(try request("/lone", port: node.port).text == "/lone 1")
            try await stored(1)
            // As if it had come while Redis was too slow to take it.
            _ = try await redis.cli("FLUSHDB")
            #expect(try request("/lone", port: node.port).cacheWord == "HIT")
            #expect(try await cache("purge", "--url", "/lone").exit == .exited(0))
            try await eventually("it is fetched anew") { try request("/lone", port: node.port).text == "/lone 2" }
        }

        @Test("an order that can't be carried out is refused")
        func refused() async throws {
            let nothing = try await cache("purge")
            #expect(nothing.exit == .exited(2))
            #expect(nothing.standardError.contains("--url, --tag or --route"))
            #expect(try await cache("purge", "--tag", "a b").exit == .exited(2))
            #expect(try await cache("list", "--limit", "0").exit == .exited(2))
        }

        @Test("the admin API purges this node and all others, and tells what the cache does", arguments: [true, false])
        func api(isShared: Bool) async throws {
            var nodes = [try await node("node1", isShared: isShared)]
            if isShared { nodes.append(try await node("node2")) }
            func texts() throws -> [String] { try nodes.map { try request("/users/7", port: $0.port).text } }
            _ = try texts()
            var times = 1
            for body in [
                #"{"url": "http://gateway.test/users/7"}"#, #"{"tag": "user-7"}"#,
                #"{"route": "users", "soft": false}"#,
                #"{"tag": "user-7", "soft": true}"#,
            ] {
                if isShared { try await stored(1) }
                let answer = try purge(body, of: nodes[0])
                #expect(answer.status == 200, "\(answer.text)")
                #expect(answer.json["cluster"] as? Bool == isShared)
                times += 1
                try await eventually("all serve what is new after \(body)") {
                    try texts() == Array(repeating: "/users/7 \(times)", count: nodes.count)
                }
            }
            let summary = try nodes[0].api("/api/cache")
            #expect(summary.status == 200 && summary.json["shared"] as? Bool == isShared)
            let memory = try #require(summary.json["memory"] as? [String: Int])
            #expect(memory["entries"] == 1 && (memory["bytes"] ?? 0) > 0)
            let routes = try #require(summary.json["routes"] as? [[String: Any]])
            #expect(routes.map { $0["route"] as? String } == ["users"])
            #expect((routes[0]["miss"] as? Int ?? 0) > 0, "\(routes)")
        }

        @Test("the admin API refuses what it does not understand, whoever has no token, and what is too large")
        func apiRefuses() async throws {
            let node = try await node(token: "letmein")
            let token = "Authorization: Bearer letmein"
            #expect(try purge(#"{"tag": "a"}"#, of: node).status == 401)
            #expect(try purge(#"{"tag": "a"}"#, of: node, token).status == 200)
            #expect(try request("/api/cache", port: node.adminPort).status == 401)
            #expect(try request("/api/cache/purge", [token], port: node.adminPort).status == 405)
            for body in [
                "", "{", "[]", "{}", #"{"soft": true}"#, #"{"tag": ""}"#, #"{"tag": "a b"}"#, #"{"tag": 5}"#,
                #"{"tag": "a", "url": "/b"}"#, #"{"tags": "a"}"#, #"{"tag": "a", "soft": "yes"}"#,
            ] {
                let answer = try purge(body, of: node, token)
                #expect(answer.status == 400, "\(body)")
                #expect(answer.text.contains("expected one of"), "\(answer.text)")
            }
            let large = #"{"tag": "\#(String(repeating: "a", count: 100_000))"}"#
            #expect(try purge(large, of: node, token).status == 413)
        }

        @Test("without Redis a purge by the admin API says that only this node was purged")
        func withoutRedis() async throws {
            let node = try await node()
            _ = try request("/users/7", port: node.port)
            try await redis.stop()
            let answer = try purge(#"{"route": "users"}"#, of: node)
            #expect(answer.status == 503)
            #expect(answer.text.contains("other nodes"))
            try await eventually("this node fetches it anew") {
                try request("/users/7", port: node.port).text == "/users/7 2"
            }
        }
    }
}

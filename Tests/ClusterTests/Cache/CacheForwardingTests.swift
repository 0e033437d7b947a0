import TestSupport
import Testing

extension Cluster {
    /// What goes on to the origin although it is stored, and what comes of that.
    @Suite("Requests that the cache passes on")
    struct CacheForwardingTests {
        private static let routes = "routes: [{ name: all, upstream: app, cache: {} }]"

        private let origin: CacheOrigin
        private let node: Node

        init() async throws {
            origin = try CacheOrigin()
            node = try await Node(Self.configuration(origin))
        }

        private static func configuration(_ origin: CacheOrigin, state: String = "") -> String {
            """
            access_log: { path: off }
            drain: 1s
            \(state)
            upstreams: { app: { targets: ["\(origin.url)"], timeout: 3s } }
            \(routes)
            """
        }

        private func get(_ target: String, _ headers: String..., method: String = "GET") throws -> RawMessage {
            try request(target, headers, method: method, port: node.port)
        }

        @Test("RFC 9111 §4.3.2: what only the origin can judge is asked of it, and changes nothing here")
        func preconditions() throws {
            origin.answer("/a", "Cache-Control: max-age=60", "ETag: \"x\"")
            _ = try get("/a")
            origin.answer("/a", status: "412 Precondition Failed")
            let refused = try get("/a", "If-Match: \"z\"")
            #expect(refused.status == 412)
            #expect(refused.cacheStatus == "sluice; fwd=request")
            #expect(origin.last?["If-Match"] == "\"z\"")
            #expect(try get("/a", "If-Unmodified-Since: \(CacheOrigin.httpDate(-3600))").status == 412)
            #expect(try get("/a", "If-Match: \"z\"", "Cache-Control: only-if-cached").status == 504)
            #expect(origin.count("/a") == 3)
            #expect(try get("/a").cacheWord == "HIT")
        }

        @Test("RFC 9111 §4.3.5: an answer to HEAD renews the stored response that it describes, and outdates any other")
        func heads() async throws {
            try await checkHeads(port: node.port)
        }

        @Test("and so it does in Redis")
        func sharedHeads() async throws {
            let redis = try await RedisServer()
            let shared = try await Node(Self.configuration(origin, state: "state: { redis: \"\(redis.url)\" }"))
            try await checkHeads(port: shared.port)
        }

        private func checkHeads(port: Int) async throws {
            func get(_ headers: String..., method: String = "GET") throws -> RawMessage {
                try request("/b", headers, method: method, port: port)
            }
            func head(_ fields: String..., body: String) throws {
                origin.answer("/b", CacheOrigin.Answer(fields: fields, body: body))
                _ = try get("Cache-Control: no-cache", method: "HEAD")
                #expect(origin.last?.method == "HEAD")
            }
            origin.answer("/b", CacheOrigin.Answer(fields: ["Cache-Control: max-age=60", "ETag: \"1\""], body: "one"))
            _ = try get()
            // Of the same length, so that its text tells it from a new one. Redis may not have it yet when asked.
            try await eventually("the stored response is renewed") {
                try head("Cache-Control: max-age=600", "ETag: \"1\"", "X-Version: b", body: "new")
                return try get()["X-Version"] == "b"
            }
            let renewed = try get()
            #expect(renewed.cacheWord == "HIT")
            #expect(renewed["Cache-Control"] == "max-age=600")
            #expect(renewed.text == "one")
            try await eventually("another ETag outdates it") {
                try head("Cache-Control: max-age=600", "ETag: \"2\"", body: "two")
                return try get().text == "two"
            }
            try await eventually("another length outdates it") {
                try head("Cache-Control: max-age=600", body: "longer")
                return try get().text == "longer"
            }
        }

        @Test("RFC 9110 §9.3.3: an answer to POST that is what a GET would get serves GETs")
        func posts() async throws {
            origin.answer("/p", "Cache-Control: max-age=60", "Content-Location: /p", "X-Seen: yes")
            #expect(try get("/p", method: "POST").cacheStatus == "sluice; fwd=method")
            let answer = try get("/p")
            #expect(answer.text == "/p 1" && answer["X-Seen"] == "yes" && answer.cacheWord == "HIT")
            // A newer one takes its place, and one that says nothing of the kind makes it void.
            #expect(try get("/p", method: "POST").text == "/p 2")
            #expect(try get("/p").text == "/p 2")
            origin.answer("/p", "Cache-Control: max-age=60", "Content-Location: /q")
            _ = try get("/p", method: "POST")
            #expect(try get("/p").text == "/p 4")
        }

        @Test("and so it does in Redis, where other nodes find it")
        func sharedPosts() async throws {
            let redis = try await RedisServer()
            let state = "state: { redis: \"\(redis.url)\" }"
            let first = try await Node(Self.configuration(origin, state: state), name: "node1")
            let second = try await Node(Self.configuration(origin, state: state), name: "node2")
            let body = String(repeating: "0123456789abcdef", count: 20_000)
            let fields = ["Cache-Control: max-age=60", "Content-Location: /r"]
            for isChunked in [false, true] {
                origin.answer("/r", CacheOrigin.Answer(fields: fields, body: body, isChunked: isChunked))
                let count = origin.count("/r")
                #expect(try request("/r", method: "POST", port: first.port).text == body)
                try await eventually("it is stored") {
                    try await redis.cli("KEYS", "*cache:{http://gateway.test/r}:-:*").contains("/r")
                }
                for node in [first, second] {
                    let answer = try request("/r", port: node.port)
                    #expect(answer.text == body && answer.cacheWord == "HIT")
                }
                #expect(origin.count("/r") == count + 1)
            }
        }

        @Test("RFC 9110 §6.6.1: what comes without a date gets one, stored or not")
        func dates() throws {
            for (path, freshness) in [("/c", "max-age=60"), ("/d", "no-store")] {
                origin.answer(path, CacheOrigin.Answer(fields: ["Cache-Control: \(freshness)"], hasDate: false))
                for _ in 1...2 { #expect(try get(path)["Date"]?.hasSuffix(" GMT") ?? false, "\(path)") }
            }
            #expect(origin.count("/c") == 1 && origin.count("/d") == 2)
        }

        @Test(
            "RFC 9111 §7.3: a response that its origin calls fresh is shared with its cookie, any other with one is not"
        )
        func cookies() throws {
            origin.answer("/e", "Cache-Control: max-age=60", "Set-Cookie: theme=dark")
            for _ in 1...2 { #expect(try get("/e")["Set-Cookie"] == "theme=dark") }
            #expect(origin.count("/e") == 1)
            origin.answer("/f", "Last-Modified: \(CacheOrigin.httpDate(-86_400))", "Set-Cookie: session=1")
            for _ in 1...2 { #expect(try get("/f").cacheWord == "MISS") }
            #expect(origin.count("/f") == 2)
        }

        @Test("RFC 9111 §4.1: the order of languages selects nothing")
        func languages() throws {
            origin.answer("/g", "Cache-Control: max-age=60", "Vary: Accept-Language")
            _ = try get("/g", "Accept-Language: en, de;q=0.5")
            #expect(try get("/g", "Accept-Language: DE;q=0.5,en").cacheWord == "HIT")
            #expect(try get("/g", "Accept-Language: de, en;q=0.5").cacheWord == "MISS")
        }
    }
}

import Foundation
import TestSupport
import Testing

extension Cluster {
    /// One node without Redis: what RFC 9111 wants of its cache.
    @Suite("The response cache of a node")
    struct NodeCacheTests {
        private let origin: CacheOrigin
        private let node: Node

        init() async throws {
            origin = try CacheOrigin()
            node = try await Node(
                """
                access_log: { path: off }
                drain: 1s
                upstreams:
                  app: { targets: ["\(origin.url)"], timeout: 3s }
                routes:
                  - { name: plain, upstream: app, cache: {} }
                  - name: ttl
                    match: { path: "/ttl/**" }
                    upstream: app
                    cache:
                      ttl: 1m
                      max_object: 64KiB
                      stale_if_error: 1h
                      key: { query: { ignore: [utm_*] }, sort: true }
                      bypass: { headers: { X-Preview: "~." }, cookies: [session] }
                  - { name: forced, match: { path: "/forced/**" }, upstream: app, cache: { force_ttl: 1m } }
                  - name: stale
                    match: { path: "/stale/**" }
                    upstream: app
                    cache: { stale_while_revalidate: 1m }
                """)
        }

        private func get(_ target: String, _ headers: String..., method: String = "GET") throws -> RawMessage {
            try request(target, headers, method: method, port: node.port)
        }

        @Test("RFC 9111 §4.2: a fresh response is used again, with its age and the word that says so")
        func fresh() throws {
            origin.answer("/a", "Cache-Control: max-age=60", "X-Odd: one", "X-Odd: two")
            let first = try get("/a")
            #expect(first.cacheWord == "MISS")
            #expect(first.cacheStatus.contains("fwd=uri-miss; fwd-status=200; stored"))
            let second = try get("/a")
            #expect(second.cacheWord == "HIT")
            #expect(second.cacheStatus.hasPrefix("sluice; hit; ttl="))
            #expect(second["Age"] == "0" || second["Age"] == "1")
            #expect(second.text == first.text)
            #expect(second.values("X-Odd") == ["one", "two"])
            #expect(origin.count("/a") == 1)
        }

        @Test(
            "RFC 9111 §3: what may not be stored is not",
            arguments: [
                "Cache-Control: no-store, max-age=60", "Cache-Control: private, max-age=60", "X-Nothing: said",
                "Vary: *\r\nCache-Control: max-age=60", "Set-Cookie: a=b\r\nCache-Control: max-age=0\r\nETag: \"1\"",
                "CDN-Cache-Control: no-store\r\nCache-Control: max-age=60", "Cache-Control: s-maxage=0, max-age=60",
            ])
        func notStored(_ fields: String) throws {
            origin.answer("/b", CacheOrigin.Answer(fields: fields.components(separatedBy: "\r\n")))
            for _ in 1...2 { #expect(try get("/b").cacheWord == "MISS") }
            #expect(origin.count("/b") == 2)
        }

        @Test("RFC 9111 §3.5: a response to a request with Authorization is shared only if it says that it may be")
        func authorization() throws {
            origin.answer("/c", "Cache-Control: max-age=60")
            for _ in 1...2 { _ = try get("/c", "Authorization: Bearer a") }
            #expect(origin.count("/c") == 2)
            origin.answer("/d", "Cache-Control: max-age=60, public")
            for _ in 1...2 { _ = try get("/d", "Authorization: Bearer a") }
            #expect(origin.count("/d") == 1)
        }

        @Test("RFC 9111 §4.1: Vary selects, however the client writes its values, and its change makes older ones void")
        func vary() throws {
            origin.answer("/e", "Cache-Control: max-age=60", "Vary: Accept-Language")
            let german = try get("/e", "Accept-Language: de").text
            let english = try get("/e", "Accept-Language: en").text
            #expect(german != english)
            #expect(try get("/e", "Accept-Language: DE").text == german)
            #expect(try get("/e", "Accept-Language: en").text == english)
            #expect(try get("/e").cacheWord == "MISS")
            #expect(origin.count("/e") == 3)
            let other = try get("/e", "Accept-Language: it")
            #expect(other.cacheStatus == "sluice; fwd=vary-miss; fwd-status=200; stored")
            origin.answer("/e", "Cache-Control: max-age=60", "Vary: Accept")
            _ = try get("/e", "Accept-Language: fr", "Accept: text/html")
            #expect(try get("/e", "Accept-Language: de", "Accept: text/html").cacheWord == "HIT")
        }

        @Test("RFC 9111 §4.3: a stale response is validated, and a 304 renews its fields")
        func validation() async throws {
            origin.answer("/f", "Cache-Control: no-cache", "ETag: \"1\"", "X-Version: a")
            let first = try get("/f")
            origin.answer("/f", "Cache-Control: no-cache", "ETag: \"1\"", "X-Version: b")
            let second = try get("/f")
            #expect(second.status == 200)
            #expect(second.text == first.text)
            #expect(second["X-Version"] == "b")
            #expect(second.cacheWord == "REVALIDATED")
            // RFC 9211 §2.1: what was asked for is no hit.
            #expect(second.cacheStatus.hasPrefix("sluice; fwd=stale; fwd-status=304; ttl="))
            #expect(origin.last?["If-None-Match"] == "\"1\"")
            origin.answer("/f", "Cache-Control: no-cache", "ETag: \"2\"")
            #expect(try get("/f").text == "/f 3")
        }

        @Test("RFC 9110 §13: the client's own validators are answered from the cache")
        func conditional() throws {
            let modified = CacheOrigin.httpDate(-3600)
            origin.answer("/g", "Cache-Control: max-age=60", "ETag: W/\"x\"", "Last-Modified: \(modified)")
            #expect(try get("/g", "If-None-Match: \"y\"").status == 200)
            let known = try get("/g", "If-None-Match: \"y\", \"x\"")
            #expect(known.status == 304)
            #expect(known["ETag"] == "W/\"x\"" && known["Content-Length"] == nil)
            #expect(try get("/g", "If-Modified-Since: \(modified)").status == 304)
            #expect(try get("/g", "If-Modified-Since: \(CacheOrigin.httpDate(-7200))").status == 200)
            #expect(origin.count("/g") == 1)
            #expect(origin.last?["If-None-Match"] == nil)
        }

        @Test("RFC 9110 §14: ranges are served from the whole, and HEAD from GET")
        func ranges() throws {
            origin.answer(
                "/h", CacheOrigin.Answer(fields: ["Cache-Control: max-age=60", "ETag: \"h\""], body: "0123456789"))
            _ = try get("/h")
            let part = try get("/h", "Range: bytes=2-4")
            #expect(part.status == 206)
            #expect(part.text == "234")
            #expect(part["Content-Range"] == "bytes 2-4/10")
            #expect(try get("/h", "Range: bytes=-3").text == "789")
            #expect(try get("/h", "Range: bytes=20-").status == 416)
            #expect(try get("/h", "Range: bytes=2-4", "If-Range: \"other\"").text == "0123456789")
            #expect(try get("/h", "Range: bytes=2-4", "If-Range: \"h\"").text == "234")
            let head = try get("/h", method: "HEAD")
            #expect(head["Content-Length"] == "10")
            #expect(head.body.isEmpty)
            #expect(origin.count("/h") == 1)
        }

        @Test("RFC 9111 §5.2.1: what requests ask of a cache is done")
        func requestDirectives() throws {
            #expect(try get("/i", "Cache-Control: only-if-cached").status == 504)
            #expect(origin.count("/i") == 0)
            origin.answer("/i", "Cache-Control: max-age=60")
            _ = try get("/i")
            #expect(try get("/i", "Cache-Control: only-if-cached").cacheWord == "HIT")
            let asked = try get("/i", "Cache-Control: no-cache")
            #expect(asked.text == "/i 2")
            #expect(asked.cacheStatus == "sluice; fwd=request; fwd-status=200; stored")
            #expect(try get("/i", "Pragma: no-cache").text == "/i 3")
            #expect(try get("/i", "Cache-Control: max-age=0").text == "/i 4")
            #expect(try get("/i", "Cache-Control: min-fresh=100").text == "/i 5")
            #expect(try get("/i").text == "/i 5")
        }

        @Test("RFC 9111 §4.4: what changes a resource makes its stored responses void, and those that it names")
        func invalidation() throws {
            for path in ["/j", "/k", "/l"] { origin.answer(path, "Cache-Control: max-age=60") }
            for path in ["/j", "/k", "/l"] { _ = try get(path) }
            origin.answer("/j", "Cache-Control: max-age=60", "Location: /k", "Content-Location: http://gateway.test/l")
            #expect(try get("/j", method: "DELETE").cacheStatus.contains("fwd=method"))
            for path in ["/j", "/k", "/l"] { #expect(try get(path).cacheWord == "MISS", "\(path)") }
            origin.answer("/j", "Cache-Control: max-age=60", status: "500 No")
            _ = try get("/j", method: "DELETE")
            #expect(try get("/j").cacheWord == "HIT")
        }

        @Test("RFC 9111 §4.2.2, §5.3: Expires and heuristics count where nothing better is said")
        func otherFreshness() throws {
            origin.answer("/m", "Expires: \(CacheOrigin.httpDate(60))")
            for _ in 1...2 { _ = try get("/m") }
            #expect(origin.count("/m") == 1)
            origin.answer("/n", "Last-Modified: \(CacheOrigin.httpDate(-86_400))")
            for _ in 1...2 { _ = try get("/n") }
            #expect(origin.count("/n") == 1)
            origin.answer("/o", "Expires: 0", "Last-Modified: \(CacheOrigin.httpDate(-86_400))")
            for _ in 1...2 { _ = try get("/o") }
            #expect(origin.count("/o") == 2)
        }

        @Test(
            "a route's ttl holds where the origin says nothing, and force_ttl whatever it says, but not against no-store"
        )
        func routeTimes() throws {
            for _ in 1...2 { _ = try get("/ttl/a") }
            #expect(origin.count("/ttl/a") == 1)
            origin.answer("/ttl/b", "Cache-Control: max-age=0")
            for _ in 1...2 { _ = try get("/ttl/b") }
            #expect(origin.count("/ttl/b") == 2)
            origin.answer("/forced/a", "Cache-Control: no-cache, max-age=0")
            for _ in 1...2 { _ = try get("/forced/a") }
            #expect(origin.count("/forced/a") == 1)
            origin.answer("/forced/b", "Cache-Control: no-store")
            for _ in 1...2 { _ = try get("/forced/b") }
            #expect(origin.count("/forced/b") == 2)
        }

        @Test("the key leaves out what it is told to, and requests that are to bypass the cache do")
        func keys() throws {
            _ = try get("/ttl/k?b=2&a=1&utm_source=x")
            #expect(try get("/ttl/k?a=1&utm_medium=y&b=2").cacheWord == "HIT")
            #expect(try get("/ttl/k?a=2&b=1").cacheWord == "MISS")
            #expect(try get("/ttl/k?a=1&b=2", "X-Preview: 1").cacheWord == "BYPASS")
            #expect(try get("/ttl/k?a=1&b=2", "Cookie: theme=dark; session=1").cacheWord == "BYPASS")
            #expect(try get("/ttl/k?a=1&b=2", "Cookie: theme=dark").cacheWord == "HIT")
        }

        @Test("a body past max_object is passed on whole and not kept, whether its length is told or not")
        func tooLarge() throws {
            let body = String(repeating: "x", count: 200_000)
            origin.answer("/ttl/big", CacheOrigin.Answer(body: body))
            origin.answer("/ttl/chunked", CacheOrigin.Answer(body: body, isChunked: true))
            for path in ["/ttl/big", "/ttl/chunked"] {
                for _ in 1...2 { #expect(try get(path).text.count == body.count) }
                #expect(origin.count(path) == 2)
            }
        }

        @Test("a large body is served whole and in parts, to many at once, and to those who leave halfway")
        func largeHits() async throws {
            let body = (0..<100_000).map { "\($0)," }.joined()
            origin.answer("/large", CacheOrigin.Answer(fields: ["Cache-Control: max-age=60"], body: body))
            #expect(try get("/large").text == body)
            #expect(try get("/large", "Range: bytes=100000-100009").text == String(body.dropFirst(100_000).prefix(10)))
            #expect(try get("/large", method: "HEAD")["Content-Length"] == "\(body.count)")
            let port = node.port
            for _ in 1...20 {
                let leaving = try RawConnection(port: port)
                try leaving.sendRequest(["GET /large HTTP/1.1", "Host: gateway.test"])
                _ = try leaving.readHead()
            }
            let texts = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 1...20 { group.addTask { try await onThread { try request("/large", port: port).text } } }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(texts == [body])
            #expect(origin.count("/large") == 1)
        }

        @Test("a response that is cut off is never stored, and its client sees that it is cut off")
        func cutOff() throws {
            origin.answer("/p", CacheOrigin.Answer(fields: ["Cache-Control: max-age=60"], body: "0123456789", cut: 4))
            #expect(throws: (any Error).self) { try get("/p") }
            origin.answer("/p", "Cache-Control: max-age=60")
            #expect(try get("/p").text == "/p 2")
        }

        @Test("RFC 5861 §3: a stale response is served at once while it is refreshed")
        func staleWhileRevalidate() async throws {
            origin.answer("/stale/a", "Cache-Control: max-age=1")
            _ = try get("/stale/a")
            try await eventually("it is stale") { try get("/stale/a").cacheWord == "STALE" }
            try await eventually("it has been refreshed") { try get("/stale/a").text == "/stale/a 2" }
        }

        @Test("RFC 5861 §4: a stale response stands in for an origin that fails, which is not asked each time")
        func staleIfError() async throws {
            origin.answer("/ttl/e", "Cache-Control: max-age=1")
            _ = try get("/ttl/e")
            origin.answer("/ttl/e", status: "503 Ill")
            try await eventually("it is stale") { try get("/ttl/e").cacheWord == "STALE" }
            let asked = origin.count("/ttl/e")
            for _ in 1...5 {
                let answer = try get("/ttl/e")
                #expect(answer.status == 200 && answer.text == "/ttl/e 1")
            }
            #expect(origin.count("/ttl/e") <= asked + 1)
            origin.setDown(true)
            try await Task.sleep(for: .milliseconds(2100))
            #expect(try get("/ttl/e").text == "/ttl/e 1")
        }

        @Test("of a hundred requests at once for a missing entry the origin sees one, and all get its answer")
        func collapsing() async throws {
            origin.answer(
                "/q", CacheOrigin.Answer(fields: ["Cache-Control: max-age=60"], delay: .milliseconds(500)))
            let port = node.port
            let texts = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 1...100 { group.addTask { try await onThread { try request("/q", port: port).text } } }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(texts == ["/q 1"])
            #expect(origin.count("/q") == 1)
        }

        @Test("requests for what can't be stored don't wait for each other")
        func hitForMiss() async throws {
            origin.answer("/r", CacheOrigin.Answer(fields: ["Cache-Control: no-store"], delay: .milliseconds(400)))
            _ = try get("/r")
            let port = node.port
            let started = ContinuousClock.now
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 1...10 { group.addTask { _ = try await onThread { try request("/r", port: port) } } }
                try await group.waitForAll()
            }
            // One after the other they would take four seconds.
            #expect(ContinuousClock.now - started < .seconds(3))
            #expect(origin.count("/r") == 11)
        }

        @Test("no two URLs share an entry by accident, however they are spelt")
        func keyAttacks() throws {
            let targets = ["/s|h.x=1", "/s%7Ch.x=1", "/s?a={b}", "/s?a=%7Bb%7D", "/s?a=%(7B)b}", "/s/", "/s//x", "/s"]
            var bodies: [String] = []
            for target in targets {
                origin.answer(String(target.split(separator: "?")[0]), "Cache-Control: max-age=60")
                bodies.append(try get(target).text)
            }
            #expect(Set(bodies).count == targets.count)
            let long = "/s?" + String(repeating: "x", count: 8000)
            #expect(try get(long + "1").text != (try get(long + "2").text))
        }
    }
}

/// Runs what blocks on a thread of its own.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
    }
}

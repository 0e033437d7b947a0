import Foundation
import TestSupport
import Testing

extension Cluster {
    /// What clients, origins and Redis may do to the cache of a node, without its serving what it must not.
    @Suite("The response cache and its adversaries")
    struct CacheFaultTests {
        private let redis: RedisServer
        private let origin: CacheOrigin
        private let node: Node

        init() async throws {
            redis = try await RedisServer()
            origin = try CacheOrigin()
            node = try await Node(
                """
                access_log: { path: off }
                drain: 1s
                state: { redis: "\(redis.url)" }
                cache: { lag: 300ms }
                upstreams:
                  app: { targets: ["\(origin.url)"], timeout: 3s, breaker: off }
                  guarded: { targets: ["\(origin.url)"], breaker: { failures: 3, error_rate: 0%, open: 30s } }
                routes:
                  - { name: plain, upstream: app, cache: {} }
                  - { name: guarded, match: { path: "/guarded/**" }, upstream: guarded, cache: {} }
                """)
        }

        private func get(_ target: String, _ headers: String..., method: String = "GET") throws -> RawMessage {
            try request(target, headers, method: method, port: node.port)
        }

        @Test("RFC 5861 §4: a stale response stands in while the breaker is open, and the origin is left alone")
        func openBreaker() async throws {
            origin.answer("/guarded/a", "Cache-Control: max-age=1, stale-if-error=600")
            #expect(try get("/guarded/a").text == "/guarded/a 1")
            origin.answer("/guarded/b", status: "500 Ill")
            try await eventually("the breaker is open") { try get("/guarded/b").status == 503 }
            let asked = origin.count("/guarded/a")
            try await eventually("it is stale") { try get("/guarded/a").cacheWord == "STALE" }
            #expect(try get("/guarded/a").text == "/guarded/a 1")
            #expect(origin.count("/guarded/a") == asked)
            #expect(try get("/guarded/c").status == 503)
        }

        @Test("what was fetched while Redis was slow is stored when it no longer is")
        func slowRedis() async throws {
            origin.answer("/slow", CacheOrigin.Answer(fields: ["Cache-Control: max-age=60"], delay: .milliseconds(500)))
            _ = try await redis.cli("CLIENT", "PAUSE", "250", "ALL")
            #expect(try get("/slow").text == "/slow 1")
            try await eventually("it is stored, and nobody is waited for") {
                let keys = try await redis.cli("KEYS", "*{http://gateway.test/slow}*")
                return keys.contains("slow}:-") && !keys.contains("fill")
            }
        }

        @Test("a Redis that is full stores nothing and is in nobody's way")
        func fullRedis() async throws {
            _ = try await redis.cli("CONFIG", "SET", "maxmemory", "1")
            origin.answer("/full", "Cache-Control: max-age=60")
            for _ in 1...5 {
                let answer = try get("/full")
                #expect(answer.status == 200 && answer.text.hasPrefix("/full "))
            }
            _ = try await redis.cli("CONFIG", "SET", "maxmemory", "0")
            origin.answer("/room", "Cache-Control: max-age=60")
            try await eventually("it stores again") {
                _ = try get("/room")
                return try await redis.cli("KEYS", "*cache:{http://gateway.test/room}:-").contains("room")
            }
        }

        @Test(
            "a response whose length is in doubt is never stored",
            arguments: [
                "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabcde",
                "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 5\r\n\r\nabc",
                "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
                "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nx",
            ])
        func doubtfulLength(_ answer: String) async throws {
            let liar = try TestOrigin { _ in [.text(answer), .close] }
            try await node.reload(
                """
                access_log: { path: off }
                state: { redis: "\(redis.url)" }
                upstreams: { liar: { targets: ["http://127.0.0.1:\(liar.port)"], timeout: 3s, breaker: off } }
                routes: [{ name: plain, upstream: liar, cache: {} }]
                """)
            for _ in 1...3 {
                let word = try? get("/lie").cacheWord
                #expect(word == nil || word == "MISS")
            }
            #expect(try await redis.cli("KEYS", "*cache:{http://gateway.test/lie}:*").isEmpty)
        }

        @Test("what the key leaves out can't be used to spoil an entry for others")
        func unkeyed() throws {
            origin.answer("/u", "Cache-Control: max-age=60")
            _ = try get("/u", "X-Forwarded-Host: evil.test", "X-Forwarded-Proto: gopher")
            let seen = try #require(origin.last)
            #expect(seen["X-Forwarded-Host"] == "gateway.test")
            #expect(seen["X-Forwarded-Proto"] == "http")
            let other = try get("/u")
            #expect(other.status == 200 && other.text == "/u 1")
            let connection = try RawConnection(port: node.port, timeout: .seconds(10))
            try connection.sendRequest(["GET /u HTTP/1.1", "Host: other.test", "Connection: close"])
            #expect(try connection.readResponse(to: "GET").text == "/u 2")
        }

        @Test("RFC 9110 §9.3.1: a GET's content selects nothing, so its answer is not for others")
        func contentOfGet() throws {
            origin.answer("/fat", "Cache-Control: max-age=60")
            for content in [
                "Content-Length: 5\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            ] {
                let connection = try RawConnection(port: node.port, timeout: .seconds(10))
                try connection.send("GET /fat HTTP/1.1\r\nHost: gateway.test\r\nConnection: close\r\n" + content)
                #expect(try connection.readResponse(to: "GET").status == 200)
            }
            let answer = try get("/fat")
            #expect(answer.cacheWord == "MISS" && answer.text == "/fat 3")
        }

        @Test("RFC 9111 §3.1: what concerns the proxy that asked is neither stored nor passed on")
        func proxyFields() throws {
            origin.answer(
                "/p", "Cache-Control: max-age=60", "Proxy-Authenticate: Basic", "Proxy-Authentication-Info: x",
                "Connection: X-Hop", "X-Hop: 1", "X-End: 2")
            for word in ["MISS", "HIT"] {
                let answer = try get("/p")
                #expect(answer.cacheWord == word && answer["X-End"] == "2")
                for name in ["Proxy-Authenticate", "Proxy-Authentication-Info", "X-Hop"] {
                    #expect(answer[name] == nil, "\(name)")
                }
            }
        }

        @Test(
            "RFC 9110 §5.6.7: a validator counts in all three forms of a date",
            arguments: ["Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37 GMT"])
        func dates(_ date: String) throws {
            origin.answer("/dated", "Cache-Control: max-age=60", "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT")
            _ = try get("/dated")
            #expect(try get("/dated", "If-Modified-Since: \(date)").status == 304)
            #expect(origin.count("/dated") == 1)
        }

        @Test("RFC 9110 §13.1.5: a range counts only while what it belongs to is stored")
        func ifRange() throws {
            origin.answer("/r", "Cache-Control: max-age=60", "ETag: \"one\"", body: "0123456789")
            _ = try get("/r")
            let part = try get("/r", "Range: bytes=2-4", "If-Range: \"one\"")
            #expect(part.status == 206 && part.text == "234" && part["Content-Range"] == "bytes 2-4/10")
            for other in ["\"two\"", "W/\"one\"", CacheOrigin.httpDate()] {
                let whole = try get("/r", "Range: bytes=2-4", "If-Range: \(other)")
                #expect(whole.status == 200 && whole.text == "0123456789", "\(other)")
            }
            #expect(origin.count("/r") == 1)
        }

        @Test("a partial or an empty answer never passes for the whole")
        func partial() throws {
            origin.answer("/h", "Cache-Control: max-age=60")
            #expect(try get("/h", method: "HEAD").text == "")
            #expect(try get("/h").text.hasPrefix("/h "))
            origin.answer(
                "/206", "Cache-Control: max-age=60", "Content-Range: bytes 0-2/9", status: "206 Partial Content",
                body: "012")
            _ = try get("/206")
            origin.answer("/206", "Cache-Control: max-age=60", body: "012345678")
            #expect(try get("/206").text == "012345678")
        }
    }
}

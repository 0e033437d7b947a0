import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("Shaping of requests and responses")
    struct HeadShapingTests {
        private let origin: TestOrigin
        private let node: Node

        init() async throws {
            origin = try TestOrigin { request in
                let fields = [
                    "Server: old", "X-Internal-A: 1", "x-InterNal-b: 2", "X-Old: v", "X-Twice: 1", "X-Twice: 2",
                    "Set-Cookie: sid=1; Path=/", "Set-Cookie: track=2", "Cache-Control: max-age=60",
                ]
                return [.text("HTTP/1.1 200 OK\r\n\(fields.joined(separator: "\r\n"))\r\nContent-Length: 2\r\n\r\nok")]
            }
            node = try await Node(
                """
                access_log: { path: off }
                authenticators: { keys: { api_key: {} } }
                upstreams: { app: { targets: ["\(origin.url)"] } }
                routes:
                  - match: { path: "/api/users/{id}" }
                    request:
                      path: "/v2/people/{id}/x-{query.kind | default(any)}"
                      headers:
                        set: { X-Tenant: "{header.X-Org | lower}", X-From: "{client.ip} {method} {node}", Via: gateway }
                        add: { X-Multi: b }
                        rename: { X-Ask: X-Asked }
                        remove: [X-Secret, X-Debug-*]
                      query: { set: { v: "2" }, add: { who: "{header.X-Who}" }, remove: [debug, utm_*], rename: { q: search } }
                      cookies: { remove: [tracking], set: { lang: "{query.lang | default(en)}" } }
                    response: &out
                      headers:
                        set: { X-Served-By: "{node}", X-For: "{id | upper}" }
                        remove: [Server, X-Internal-*, X-Cache]
                        rename: { X-Old: X-New }
                      cookies: { remove: [track], set: { region: { value: "eu west", path: /, max_age: 1h, http_only: true } } }
                    upstream: app
                  - { match: { path: "/strip/**" }, request: { path: "/**" }, upstream: app }
                  - { match: { path: "/deep/**" }, request: { path: "/a/**", method: PUT }, upstream: app }
                  - { match: { path: "/need" }, request: { path: "/x/{query.q}" }, upstream: app }
                  - { match: { path: "/cached" }, cache: {}, response: { headers: { set: { X-Query: "{query.q}" }, remove: [x-twice] } }, upstream: app }
                  - match: { path: "/tenant" }
                    cache: { force_ttl: 60s }
                    request: { path: "/other", headers: { set: { X-Tenant: "{header.X-Org}" } } }
                    upstream: app
                  - { match: { path: "/locked" }, auth: keys, response: { headers: { set: { X-Served-By: "{node}", WWW-Authenticate: x, Content-Type: x } } }, upstream: app }

                """)
        }

        private func last() throws -> RawMessage { try #require(origin.requests.last?.message) }

        @Test("the service gets what the route makes of the request, and the rest as it came")
        func request() throws {
            let answer = try ask(
                "/api/users/J%C3%B6rg%2F1?debug=1&q=a%20b&utm_source=x&z=%41&z=2",
                [
                    "X-Org: ACME", "X-Tenant: forged", "x-secret: 1", "X-Debug-Trace: 1", "X-Multi: a", "X-aSk: y",
                    "Cookie: a=1; tracking=2", "Cookie: b=3", "X-KEEP: v1", "x-keep: v2",
                ])
            #expect(answer.status == 200)
            let seen = try last()
            #expect(
                seen.startLine
                    == "GET /v2/people/J%C3%B6rg%2F1/x-any?search=a%20b&z=%41&z=2&v=2 HTTP/1.1")
            #expect(seen.values("X-Tenant") == ["acme"])
            #expect(seen.values("X-From") == ["127.0.0.1 GET node1"])
            #expect(seen.values("Via") == ["gateway"])
            #expect(seen.values("X-Multi") == ["a", "b"])
            #expect(seen["X-Asked"] == "y" && seen["X-Ask"] == nil)
            #expect(seen["X-Secret"] == nil && seen["X-Debug-Trace"] == nil)
            #expect(seen.values("Cookie") == ["a=1; b=3; lang=en"])
            #expect(seen.headers.filter { $0.name.lowercased() == "x-keep" }.map(\.name) == ["X-KEEP", "x-keep"])
        }

        @Test("a value that is missing: its field is not sent, also not the client's own")
        func missing() throws {
            #expect(try ask("/api/users/7", ["X-Tenant: forged"]).status == 200)
            #expect(try last()["X-Tenant"] == nil)
            #expect(try last().startLine == "GET /v2/people/7/x-any?v=2 HTTP/1.1")
            let refused = try ask("/need")
            #expect(refused.status == 400)
            #expect((refused.json["detail"] as? String)?.contains("{query.q}") == true)
        }

        @Test("no value leaves the place it stands in")
        func injection() throws {
            _ = try ask("/api/users/a%0D%0AX-Evil:%201?kind=..%2F..%2Fadmin%3Fx&lang=a%3B%20b%0D%0A")
            let seen = try last()
            #expect(seen.startLine.hasPrefix("GET /v2/people/a%0D%0AX-Evil:%201/x-..%2F..%2Fadmin%3Fx?"))
            #expect(seen["X-Evil"] == nil)
            #expect(seen.values("Cookie") == ["lang=a%3B%20b%0D%0A"])
            for dots in ["..", ".", "%2e%2E"] {
                let before = origin.requests.count
                #expect(try ask("/need?q=\(dots)").status == 400)
                #expect(origin.requests.count == before)
            }
            #expect(try ask("/need?q=..%2Fx").status == 200)
            #expect(try last().startLine == "GET /x/..%2Fx?q=..%2Fx HTTP/1.1")
        }

        @Test("** stands for the rest, and a method for another")
        func rest() throws {
            for (asked, sent) in [
                ("/strip/a/b?c=1", "GET /a/b?c=1"), ("/strip", "GET /"), ("/strip/", "GET /"),
                ("/deep/x/", "PUT /a/x/"),
                ("/deep", "PUT /a"), ("/deep/a%2Fb", "PUT /a/a%2Fb"),
            ] {
                #expect(try ask(asked).status == 200)
                #expect(try last().startLine == "\(sent) HTTP/1.1", "\(asked)")
            }
            #expect(try ask("/deep/x", method: "HEAD").status == 200)
            #expect(try last().startLine == "HEAD /a/x HTTP/1.1")
        }

        @Test("the client gets what the route makes of the response")
        func response() throws {
            let answer = try ask("/api/users/ab")
            #expect(answer["Server"] == nil && answer["X-Internal-A"] == nil && answer["X-Internal-B"] == nil)
            #expect(answer["X-New"] == "v" && answer["X-Old"] == nil)
            #expect(answer["X-Served-By"] == "node1" && answer["X-For"] == "AB")
            #expect(answer.values("X-Twice") == ["1", "2"])
            #expect(
                answer.values("Set-Cookie") == ["sid=1; Path=/", "region=eu%20west; Path=/; Max-Age=3600; HttpOnly"])
            #expect(String(decoding: answer.body, as: UTF8.self) == "ok")
        }

        @Test("also of a response from the cache, each with its own request's values, and of the gateway's own replies")
        func everywhere() throws {
            for (query, result) in [("1", "MISS"), ("1", "HIT")] {
                let answer = try ask("/cached?q=\(query)")
                #expect(answer["X-Cache"] == result && answer["X-Query"] == query && answer["X-Twice"] == nil)
            }
            let locked = try ask("/locked")
            #expect(locked.status == 401 && locked["X-Served-By"] == "node1")
            #expect(locked.values("Content-Type") == ["application/problem+json"])
            #expect(locked.values("WWW-Authenticate").count == 1 && locked["WWW-Authenticate"] != "x")
        }

        @Test("callers that the service can tell apart by a template do not share what is cached")
        func cacheKey() throws {
            for (tenant, result) in [("a", "MISS"), ("b", "MISS"), ("a", "HIT")] {
                let answer = try ask("/tenant", ["X-Org: \(tenant)"])
                #expect(answer["X-Cache"] == result, "\(tenant)")
                if result == "MISS" {
                    #expect(try last()["X-Tenant"] == tenant && last().startLine == "GET /other HTTP/1.1")
                }
            }
        }

        private func ask(
            _ target: String, _ headers: [String] = [], method: String = "GET"
        ) throws -> RawMessage {
            try ClusterTests.request(target, headers, method: method, port: node.port)
        }
    }
}

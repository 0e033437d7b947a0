import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("Routing and forwarding through a node")
    struct RoutingTests {
        private let upstream: DemoUpstream
        private let node: Node

        init() async throws {
            upstream = try await DemoUpstream()
            node = try await Node(Self.configuration(upstream, trusted: ""))
        }

        private static func configuration(_ upstream: DemoUpstream, trusted: String) -> String {
            """
            access_log: { path: off }
            drain: 1s
            trusted_proxies: [\(trusted)]
            upstreams: { app: { targets: ["\(upstream.url)"] } }
            authenticators: { keys: { api_key: {} } }
            routes:
              - { name: api, match: { path: "/api/**", methods: [GET, POST] }, upstream: app }
              - { name: me, match: { path: /api/users/me }, upstream: app }
              - { name: user, match: { path: "/api/users/{id}" }, upstream: app }
              - { name: admin, match: { path: "/admin/**" }, auth: keys, upstream: app }
              - { name: hosted, match: { hosts: ["*.tenant.test"], path: "/api/**" }, auth: keys, upstream: app }
            """
        }

        private func served(_ route: String) throws -> Double {
            try node.metric("sluice_requests_total", #"route="\#(route)""#)
        }

        @Test("the most specific route serves, wherever it stands in the file")
        func specificity() throws {
            for path in ["/api/users/me", "/api/users/7", "/api/users/7/orders"] {
                #expect(try request(path, port: node.port).status == 200)
            }
            #expect(try [served("me"), served("user"), served("api")] == [1, 1, 1])
        }

        @Test("no route is 404, a wrong method 405 with Allow, OPTIONS tells the methods")
        func methods() throws {
            #expect(try request("/elsewhere", port: node.port).status == 404)
            let wrong = try request("/api/x", method: "DELETE", port: node.port)
            #expect(wrong.status == 405)
            let allowed = Set((wrong["Allow"] ?? "").components(separatedBy: ", "))
            #expect(allowed.isSuperset(of: ["GET", "HEAD", "POST"]) && !allowed.contains("DELETE"))
            #expect(wrong["Content-Type"] == "application/problem+json")
            let options = try request("/api/x", method: "OPTIONS", port: node.port)
            #expect(options.status == 204)
            #expect(options["Allow"]?.contains("POST") == true)
        }

        @Test(
            "no spelling of a path gets around the route that guards it",
            arguments: ["/admin/x", "/api/../admin/x", "/api/%2e%2e/admin/x", "/%61dmin/x", "/api/./../admin/x"])
        func normalisation(_ path: String) throws {
            #expect(try request(path, port: node.port).status == 401)
        }

        @Test("what the upstream sees is the path that was matched")
        func forwardedPath() throws {
            let response = try request("/admin/../api/%75sers/7?a=1&b=%2F", port: node.port)
            #expect(response.status == 200)
            #expect(response.json["path"] as? String == "/api/users/7?a=1&b=%2F")
        }

        @Test("a host's route is preferred to one for any host")
        func hosts() throws {
            let connection = try RawConnection(port: node.port)
            try connection.sendRequest(["GET /api/x HTTP/1.1", "Host: a.Tenant.test:8080"])
            #expect(try connection.readResponse().status == 401)
            try connection.sendRequest(["GET /api/x HTTP/1.1", "Host: tenant.test"])
            #expect(try connection.readResponse().status == 200)
        }

        private static let claims = [
            "X-Forwarded-For: 203.0.113.9", "X-Forwarded-Proto: https", "X-Forwarded-Host: www.example",
            "Forwarded: for=203.0.113.9;proto=https", "X-Request-ID: id-of-the-proxy", "Via: 1.1 proxy",
            "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ]

        @Test("what a stranger claims about the client is replaced")
        func untrusted() throws {
            let seen = try request("/api/x", Self.claims, port: node.port)
            #expect(seen.echoed("X-Forwarded-For") == ["127.0.0.1"])
            #expect(seen.echoed("X-Forwarded-Proto") == ["http"])
            #expect(seen.echoed("X-Forwarded-Host") == ["gateway.test"])
            #expect(seen.echoed("Forwarded") == [#"for=127.0.0.1;host="gateway.test";proto=http"#])
            #expect(seen.echoed("X-Request-ID") == [seen["X-Request-ID"] ?? ""])
            #expect(seen["X-Request-ID"]?.wholeMatch(of: /[0-9a-f]{32}/) != nil)
            #expect(seen.echoed("Via") == ["1.1 proxy, 1.1 sluice"])
            #expect(seen.echoed("Host") == ["gateway.test"])
            #expect(seen.echoed("traceparent").count == 1)
        }

        @Test("what a trusted proxy says about the client is continued")
        func trusted() async throws {
            let trusting = try await Node(Self.configuration(upstream, trusted: "127.0.0.0/8"))
            let seen = try request("/api/x", Self.claims, port: trusting.port)
            #expect(seen.echoed("X-Forwarded-For") == ["203.0.113.9, 127.0.0.1"])
            #expect(seen.echoed("X-Forwarded-Proto") == ["https"])
            #expect(seen.echoed("X-Forwarded-Host") == ["www.example"])
            let forwarded = seen.echoed("Forwarded").first ?? ""
            #expect(forwarded.hasPrefix("for=203.0.113.9;proto=https, for=127.0.0.1"))
            #expect(seen.echoed("X-Request-ID") == ["id-of-the-proxy"])
            #expect(seen["X-Request-ID"] == "id-of-the-proxy")
            #expect(seen.echoed("traceparent") == ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"])
        }

        @Test("fields that belong to one connection stay on it")
        func hopByHop() throws {
            let connection = try RawConnection(port: node.port)
            let seen = try connection.exchange(
                "/api/x",
                [
                    "Connection: keep-alive, X-Private", "X-Private: 1", "Keep-Alive: timeout=5", "TE: trailers",
                    "Proxy-Connection: keep-alive", "Upgrade: websocket", "X-Public: 2",
                ])
            #expect(seen.status == 200)
            for name in ["X-Private", "Keep-Alive", "Proxy-Connection", "Upgrade", "TE"] {
                #expect(seen.echoed(name).isEmpty, "\(name)")
            }
            #expect(!seen.echoed("Connection").contains { $0.contains("X-Private") })
            #expect(seen.echoed("X-Public") == ["2"])
        }

        @Test("bodies arrive whole, with a length and in chunks, and HEAD has none")
        func bodies() throws {
            let connection = try RawConnection(port: node.port)
            try connection.sendRequest(
                ["POST /api/x HTTP/1.1", "Host: a", "Content-Length: 200000"],
                body: String(repeating: "b", count: 200_000))
            #expect(try connection.readResponse().json["body_bytes"] as? Int == 200_000)
            try connection.sendRequest(
                ["POST /api/x HTTP/1.1", "Host: a", "Transfer-Encoding: chunked"],
                body: "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n")
            #expect(try connection.readResponse().json["body_bytes"] as? Int == 11)
            #expect(try connection.exchange("/api/x", method: "HEAD").status == 200)
            #expect(try connection.exchange("/api/x").json["method"] as? String == "GET")
        }
    }
}

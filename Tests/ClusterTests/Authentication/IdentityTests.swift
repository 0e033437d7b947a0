import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("Identity to upstreams, security headers and content types")
    struct IdentityTests {
        private static let secret = "0123456789abcdef0123456789abcdef"
        private let origin: TestOrigin
        private let upstream: DemoUpstream
        private let node: Node

        init() async throws {
            origin = try TestOrigin { _ in
                let fields = "X-Frame-Options: SAMEORIGIN\r\nCache-Control: max-age=60\r\n"
                return [.text("HTTP/1.1 200 OK\r\n\(fields)Content-Length: 2\r\n\r\nok")]
            }
            upstream = try await DemoUpstream()
            node = try await Node(
                """
                access_log: { path: off }
                trusted_proxies: [127.0.0.1]
                authenticators:
                  idp: { jwt: { secret: "\(Self.secret)", query: token } }
                  links: { api_key: { query: key } }
                consumers: [{ id: acme, plan: gold, keys: ["sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"] }]
                plans: { gold: { limits: [1000/second] } }
                identity: { headers: { X-User: "{claims.sub}", X-Tenant: "{claims.org.tenant}", X-Plan: "{consumer.plan}" }, credential: strip }
                security_headers: true
                upstreams: { app: { targets: ["\(upstream.url)"] }, origin: { targets: ["\(origin.url)"] } }
                routes:
                  - { match: { path: "/open" }, upstream: app }
                  - { match: { path: "/locked" }, auth: { any: [idp, links] }, upstream: app }
                  - match: { path: "/kept" }
                    auth: idp
                    identity: { credential: keep }
                    security_headers: false
                    upstream: app
                  - { match: { path: "/framed" }, upstream: origin }
                  - { match: { path: "/cached" }, cache: {}, upstream: origin }
                  - match: { path: "/typed" }
                    content_types: [application/json, "image/*"]
                    security_headers: { hsts: { max_age: 1h, subdomains: false }, csp: "default-src 'self'", frame_options: off }
                    upstream: app

                """)
        }

        private func token(_ claims: String) async throws -> String {
            let minted = try await sluice("token", "--secret", Self.secret, "--subject", "acme", "--claims", claims)
            return minted.standardOutput.trimmingCharacters(in: .whitespacesAndNewlines)
        }

        @Test("claims reach the upstream in fields that the client can't set, and the credential does not")
        func claims() async throws {
            let bearer = "Authorization: Bearer \(try await token(#"{"org":{"tenant":"t1"}}"#))"
            let own = ["X-User: root", "X_User: root", "x-tenant: other", "X-Plan: platinum"]
            let locked = try request("/locked", [bearer] + own, port: node.port)
            #expect(locked.status == 200, "\(locked.text)")
            #expect(locked.echoed("X-User") == ["acme"] && locked.echoed("X_User") == [])
            #expect(locked.echoed("X-Tenant") == ["t1"] && locked.echoed("X-Plan") == ["gold"])
            #expect(locked.echoed("Authorization") == [])
            let open = try request("/open", own, port: node.port)
            for name in ["X-User", "X_User", "X-Tenant", "X-Plan"] { #expect(open.echoed(name) == [], "\(name)") }
            let kept = try request("/kept", [bearer] + own, port: node.port)
            #expect(kept.echoed("Authorization").count == 1 && kept.echoed("X-User") == ["root"])
        }

        @Test("a key in the query is taken out of it")
        func query() throws {
            for (target, path) in [
                ("/locked?a=1&key=foo&b=2", "/locked?a=1&b=2"), ("/locked?key=foo", "/locked"),
                ("/locked?key=foo&key=bar&keys=1", "/locked?keys=1"),
            ] {
                let answer = try request(target, port: node.port)
                #expect(answer.status == 200 && answer.json["path"] as? String == path, "\(answer.text)")
            }
        }

        @Test("claims can't end a field", arguments: [#"a\r\nX-Admin: yes"#, #"a\u0000b"#])
        func injection(value: String) async throws {
            let bearer = "Authorization: Bearer \(try await token("{\"org\":{\"tenant\":\"\(value)\"}}"))"
            let answer = try request("/locked", [bearer], port: node.port)
            #expect(answer.status == 403)
        }

        @Test("security headers are on all responses, once, and HSTS only over TLS")
        func security() throws {
            for (target, frames) in [("/open", "DENY"), ("/framed", "SAMEORIGIN"), ("/locked", "DENY")] {
                let answer = try request(target, port: node.port)
                #expect(answer.values("X-Frame-Options") == [frames], "\(target) \(answer.head)")
                #expect(answer.values("X-Content-Type-Options") == ["nosniff"])
                #expect(answer["Referrer-Policy"] == "strict-origin-when-cross-origin")
                #expect(answer["Strict-Transport-Security"] == nil)
            }
            let secure = try request("/open", ["X-Forwarded-Proto: https"], port: node.port)
            #expect(secure["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains")
            for _ in 0..<3 {
                let cached = try request("/cached", port: node.port)
                #expect(cached.values("X-Frame-Options") == ["SAMEORIGIN"], "\(cached.head)")
                #expect(cached.values("X-Content-Type-Options") == ["nosniff"])
            }
            let typed = try request("/typed", ["X-Forwarded-Proto: https"], port: node.port)
            #expect(typed["Strict-Transport-Security"] == "max-age=3600" && typed["X-Frame-Options"] == nil)
            #expect(typed["Content-Security-Policy"] == "default-src 'self'")
            #expect(try request("/kept", port: node.port)["X-Content-Type-Options"] == nil)
        }

        @Test("content of other types is 415, and requests without content pass")
        func types() throws {
            func status(_ fields: String...) throws -> Int {
                let connection = try RawConnection(port: node.port, timeout: .seconds(10))
                try connection.sendRequest(["POST /typed HTTP/1.1", "Host: a", "Content-Length: 2"] + fields)
                try connection.send("{}")
                return try connection.readResponse(to: "POST").status
            }
            #expect(try status("Content-Type: application/json") == 200)
            #expect(try status("Content-Type: Application/JSON ; charset=utf-8") == 200)
            #expect(try status("Content-Type: image/png") == 200)
            #expect(try status("Content-Type: text/plain") == 415)
            #expect(try status("Content-Type: image/") == 415)
            #expect(try status() == 415)
            #expect(try status("Content-Type: application/json", "Content-Type: text/xml") == 415)
            #expect(try request("/typed", port: node.port).status == 200)
        }
    }
}

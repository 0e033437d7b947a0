import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("Who is let in")
    struct AccessTests {
        private static let secret = "0123456789abcdef0123456789abcdef"
        private let upstream: DemoUpstream
        private let node: Node

        init() async throws {
            upstream = try await DemoUpstream()
            node = try await Node(
                """
                access_log: { path: off }
                authenticators:
                  idp:
                    jwt:
                      secret: "\(Self.secret)"
                      scopes_claim: permissions
                      roles_claim: realm_access.roles
                      consumer_claim: org.id
                      required_claims: [jti]
                      max_age: 1h
                upstreams: { app: { targets: ["\(upstream.url)"] } }
                routes:
                  - match: { path: "/orders/**" }
                    auth:
                      any: [idp]
                      scopes: [orders.read]
                      methods:
                        POST: { scopes: [orders.write] }
                        DELETE: { roles: [admin, owner], claims: { tenant: [a, b] }, consumers: [acme] }
                    upstream: app
                  - { match: { path: "/near" }, addresses: { allow: [127.0.0.0/8] }, upstream: app }
                  - { match: { path: "/far" }, addresses: { allow: ["::/0", 10.0.0.0/8] }, upstream: app }
                  - { match: { path: "/shut" }, addresses: { deny: 127.0.0.1 }, upstream: app }

                """)
        }

        private func token(_ claims: String) async throws -> String {
            let minted = try await sluice("token", "--secret", Self.secret, "--subject", "x", "--claims", claims)
            return minted.standardOutput.trimmingCharacters(in: .whitespacesAndNewlines)
        }

        @Test("scopes, roles, claims and consumers, by method")
        func rules() async throws {
            let org = #""jti":"1","org":{"id":"acme"}"#
            let table: [(claims: String, method: String, status: Int)] = [
                ("{\(org),\"permissions\":[\"orders.read\"]}", "GET", 200),
                ("{\(org),\"permissions\":[\"orders.read\"]}", "HEAD", 200),
                ("{\(org),\"permissions\":\"orders.read\"}", "POST", 403),
                ("{\(org),\"permissions\":\"orders.read orders.write\"}", "POST", 200),
                ("{\(org),\"scope\":\"orders.read\"}", "GET", 403),
                (
                    "{\(org),\"permissions\":[\"orders.read\"],\"tenant\":\"b\",\"realm_access\":{\"roles\":[\"owner\"]}}",
                    "DELETE", 200
                ),
                (
                    "{\(org),\"permissions\":[\"orders.read\"],\"tenant\":\"c\",\"realm_access\":{\"roles\":[\"owner\"]}}",
                    "DELETE", 403
                ),
                (
                    "{\(org),\"permissions\":[\"orders.read\"],\"tenant\":\"b\",\"realm_access\":{\"roles\":[\"user\"]}}",
                    "DELETE", 403
                ),
                ("{\"org\":{\"id\":\"acme\"},\"permissions\":[\"orders.read\"]}", "GET", 401),
                ("{\"jti\":\"1\",\"permissions\":[\"orders.read\"]}", "GET", 401),
                ("{\(org),\"iat\":1000,\"permissions\":[\"orders.read\"]}", "GET", 401),
                ("{\(org),\"iat\":9000000000,\"permissions\":[\"orders.read\"]}", "GET", 401),
            ]
            for row in table {
                let token = try await token(row.claims)
                let answer = try request(
                    "/orders/7", ["Authorization: Bearer \(token)"], method: row.method, port: node.port)
                #expect(answer.status == row.status, "\(row.method) \(row.claims): \(answer.text)")
                if answer.status == 401 { #expect(answer["WWW-Authenticate"]?.contains("invalid_token") == true) }
                if answer.status == 403 { #expect(answer["WWW-Authenticate"]?.contains("insufficient_scope") == true) }
            }
        }

        @Test("two Authorization fields are one too many: the upstream might believe the other one")
        func ambiguous() async throws {
            let token = try await token(#"{"jti":"1","org":{"id":"acme"},"permissions":["orders.read"]}"#)
            let answer = try request(
                "/orders/7", ["Authorization: Bearer \(token)", "Authorization: Bearer x"], port: node.port)
            #expect(answer.status == 400)
        }

        @Test("addresses are let in or turned away by block")
        func addresses() throws {
            #expect(try request("/near", port: node.port).status == 200)
            #expect(try request("/far", port: node.port).status == 403)
            #expect(try request("/shut", port: node.port).status == 403)
        }
    }
}

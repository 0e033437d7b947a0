import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("CORS at the gateway")
    struct CORSTests {
        private let origin: TestOrigin
        private let node: Node

        init() async throws {
            origin = try TestOrigin { _ in
                let fields = "Access-Control-Allow-Origin: https://wrong.test\r\nVary: Accept\r\n"
                return [.text("HTTP/1.1 200 OK\r\n\(fields)Cache-Control: max-age=60\r\nContent-Length: 2\r\n\r\nok")]
            }
            node = try await Node(
                """
                access_log: { path: off }
                cors: &web
                  origins: ["https://app.test", "https://*.pages.test"]
                  methods: [GET, PUT]
                  headers: [Authorization, Content-Type]
                  expose: [X-Total]
                  credentials: true
                  max_age: 10m
                  private_network: true
                authenticators: { keys: { api_key: {} } }
                upstreams: { app: { targets: ["\(origin.url)"] } }
                routes:
                  - { match: { path: "/web", methods: [GET, PUT] }, cors: *web, upstream: app }
                  - { match: { path: "/locked" }, cors: *web, auth: { any: [keys] }, upstream: app }
                  - { match: { path: "/cached" }, cors: *web, cache: {}, upstream: app }
                  - { match: { path: "/open" }, cors: { origins: "*" }, upstream: app }
                  - { match: { path: "/none" }, upstream: app }

                """)
        }

        private func preflight(
            _ target: String, _ origin: String, method: String = "PUT", _ fields: String...
        ) throws -> RawMessage {
            let lines = ["Origin: \(origin)", "Access-Control-Request-Method: \(method)"]
            return try request(target, lines + fields, method: "OPTIONS", port: node.port)
        }

        @Test("a preflight is answered at the gateway, also where a credential is needed")
        func preflights() throws {
            for target in ["/web", "/locked"] {
                let answer = try preflight(
                    target, "https://a.pages.test", "Access-Control-Request-Headers: authorization, Content-Type",
                    "Access-Control-Request-Private-Network: true")
                #expect(answer.status == 204, "\(target)")
                #expect(answer["Access-Control-Allow-Origin"] == "https://a.pages.test")
                #expect(answer["Access-Control-Allow-Methods"] == "GET, PUT")
                #expect(answer["Access-Control-Allow-Headers"] == "authorization, Content-Type")
                #expect(answer["Access-Control-Allow-Credentials"] == "true")
                #expect(answer["Access-Control-Allow-Private-Network"] == "true")
                #expect(answer["Access-Control-Max-Age"] == "600")
                #expect(answer["Vary"]?.contains("Origin") == true)
            }
            #expect(origin.requests.isEmpty)
        }

        @Test("what is not allowed is refused, and no field allows it")
        func refused() throws {
            let answers = [
                try preflight("/web", "https://evil.test"), try preflight("/web", "https://app.test", method: "DELETE"),
                try preflight("/web", "https://app.test", "Access-Control-Request-Headers: X-Other"),
            ]
            for answer in answers {
                #expect([204, 403].contains(answer.status), "\(answer.head)")
                #expect(answer["Access-Control-Allow-Origin"] == nil)
            }
            #expect(
                try preflight("/none", "https://app.test")["Access-Control-Allow-Origin"] == "https://wrong.test",
                "a route without cors leaves it to its service")
        }

        @Test("a page reads the response, also the gateway's own, and the service's word on origins is replaced")
        func responses() throws {
            let answer = try request("/web", ["Origin: https://app.test"], port: node.port)
            #expect(answer.status == 200 && answer.values("Access-Control-Allow-Origin") == ["https://app.test"])
            #expect(answer["Access-Control-Expose-Headers"] == "X-Total")
            #expect(Set(answer.values("Vary")) == ["Accept", "Origin"])
            let locked = try request("/locked", ["Origin: https://app.test"], port: node.port)
            #expect(locked.status == 401 && locked["Access-Control-Allow-Origin"] == "https://app.test")
            for fields in [["Origin: https://evil.test"], []] {
                let other = try request("/web", fields, port: node.port)
                #expect(other.status == 200 && other["Access-Control-Allow-Origin"] == nil)
                #expect(other.values("Vary").contains("Origin"), "caches have to tell origins apart")
            }
            let open = try request("/open", ["Origin: https://any.test"], port: node.port)
            #expect(open.values("Access-Control-Allow-Origin") == ["*"] && open.values("Vary") == ["Accept"])
            #expect(
                try request("/none", ["Origin: https://any.test"], port: node.port)["Access-Control-Allow-Origin"]
                    == "https://wrong.test")
        }

        @Test("what is cached for one origin is answered to another with its own name")
        func cached() throws {
            for (name, word) in [("https://app.test", "MISS"), ("https://b.pages.test", "HIT")] {
                let answer = try request("/cached", ["Origin: \(name)"], port: node.port)
                #expect(answer["X-Cache"] == word && answer.values("Access-Control-Allow-Origin") == [name])
            }
        }
    }
}

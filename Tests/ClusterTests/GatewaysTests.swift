import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("Backends for frontends through a node")
    struct GatewaysTests {
        private let origin: TestOrigin
        private let node: Node
        private let partnerPort: Int

        init() async throws {
            origin = try TestOrigin { _ in .response("users", headers: [("Cache-Control", "max-age=60")]) }
            partnerPort = try freePort()
            node = try await Node(
                Self.configuration(origin.url, partnerPort: partnerPort), further: [partnerPort])
        }

        private static func configuration(_ url: String, partnerPort: Int) -> String {
            """
            access_log: { path: off }
            authenticators: { keys: { api_key: {} } }
            consumers: [{ id: acme, keys: ["sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"] }]
            upstreams: { app: { targets: ["\(url)"] } }
            routes:
              - { name: users, match: { hosts: [api.example.test], path: "/api/users/{id}" }, upstream: app }
              - { name: orders, match: { path: "/api/orders/**" }, upstream: app }
              - { name: home-mobile, match: { path: "/home" }, upstream: app, cors: off }
              - { name: home-web, match: { path: "/home" }, auth: none, upstream: app }
              - { name: public, match: { path: "/public" }, upstream: app }
            gateways:
              - { name: mobile, hosts: [m.example.test], routes: [users, orders, home-mobile], limit: { per: ip, rates: [3/hour] }, cors: { origins: "*" } }
              - { name: web, hosts: [app.example.test, "*.app.example.test"], routes: [users, home-web], auth: keys }
              - { name: partner, listeners: ["127.0.0.1:\(partnerPort)"], routes: [orders] }

            """
        }

        private func status(
            _ target: String, _ host: String, _ fields: [String] = [], port: Int? = nil
        ) throws -> RawMessage {
            let connection = try RawConnection(port: port ?? node.port)
            try connection.sendRequest(["GET \(target) HTTP/1.1", "Host: \(host)"] + fields)
            return try connection.readResponse()
        }

        @Test("each gateway serves its own routes at its hosts")
        func surfaces() throws {
            #expect(try status("/api/users/7", "api.example.test").status == 200, "by itself, at its own host")
            #expect(try status("/api/users/7", "m.example.test").status == 200)
            #expect(try status("/api/orders/7", "m.example.test").status == 200)
            #expect(try status("/api/orders/7", "app.example.test").status == 404, "not one of web's")
            #expect(try status("/api/orders/7", "other.test").status == 404, "served by its gateways only")
            #expect(try status("/home", "m.example.test").status == 200)
            #expect(try status("/home", "eu.app.example.test").status == 200)
            #expect(try status("/home", "other.test").status == 404)
            #expect(try status("/public", "m.example.test").status == 200, "no gateway's: everybody's")
        }

        @Test("a listener of a gateway serves that gateway and nothing else")
        func listeners() throws {
            #expect(try status("/api/orders/7", "anything.test", port: partnerPort).status == 200)
            for target in ["/public", "/home", "/api/users/7"] {
                #expect(try status(target, "m.example.test", port: partnerPort).status == 404, "\(target)")
            }
        }

        @Test("its defaults are for routes that say nothing, and its limits count over all of its routes")
        func defaults() throws {
            #expect(try status("/api/users/7", "app.example.test").status == 401)
            #expect(try status("/api/users/7", "app.example.test", ["X-API-Key: foo"]).status == 200)
            #expect(try status("/home", "app.example.test").status == 200, "auth: none is said")
            let page = try status("/api/users/7", "m.example.test", ["Origin: https://page.test"])
            #expect(page["Access-Control-Allow-Origin"] == "*")
            let home = try status("/home", "m.example.test", ["Origin: https://page.test"])
            #expect(home["Access-Control-Allow-Origin"] == nil)
            #expect(page["RateLimit-Policy"]?.contains("gateway.mobile.ip") == true)
            #expect(try status("/api/orders/7", "m.example.test").status == 200)
            #expect(try status("/api/orders/7", "m.example.test").status == 429)
            #expect(try status("/api/users/7", "api.example.test").status == 200, "not the gateway's")
        }

        @Test("metrics tell gateways apart")
        func metrics() throws {
            _ = try status("/api/users/7", "m.example.test")
            _ = try status("/api/users/7", "api.example.test")
            for name in ["mobile/users", "users"] {
                #expect(try node.metric("sluice_requests_total", #"route="\#(name)""#) == 1, "\(name)")
            }
        }

        @Test("a reload moves open connections to the gateways that there are then")
        func reload() async throws {
            let connection = try RawConnection(port: node.port)
            func home() throws -> Int {
                try connection.sendRequest(["GET /home HTTP/1.1", "Host: m.example.test"])
                return try connection.readResponse().status
            }
            #expect(try home() == 200)
            let text = Self.configuration(origin.url, partnerPort: partnerPort)
                .replacing("hosts: [m.example.test]", with: "hosts: [n.example.test]")
            try await node.reload(text, further: [partnerPort])
            #expect(try home() == 404)
        }
    }
}

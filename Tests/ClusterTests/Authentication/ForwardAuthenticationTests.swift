import Foundation
import Synchronization
import TestSupport
import Testing

extension Cluster {
    @Suite("Asking a service about each request")
    struct ForwardAuthenticationTests {
        private let service: TestOrigin
        private let upstream: DemoUpstream
        private let node: Node

        init() async throws {
            service = try TestOrigin { request in
                switch request.message["X-Key"] {
                case "good"?:
                    let fields = "X-User: alice\r\nX-Role: admin\r\nX-Secret: s\r\n"
                    return [.text("HTTP/1.1 200 OK\r\n\(fields)Content-Length: 0\r\n\r\n")]
                case "nameless"?: return [.text("HTTP/1.1 204 No Content\r\n\r\n")]
                case "login"?:
                    let fields = "Location: https://login.test/\r\nSet-Cookie: a=b\r\nX-Internal: 1\r\n"
                    return [
                        .text(
                            "HTTP/1.1 302 Found\r\n\(fields)Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nlogin")
                    ]
                case "hang"?: return [.pause(.seconds(2)), .close]
                case "broken"?: return [.text("garbage\r\n\r\n"), .close]
                default:
                    return [
                        .text("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Key\r\nContent-Length: 2\r\n\r\nno")
                    ]
                }
            }
            upstream = try await DemoUpstream()
            node = try await Node(
                """
                access_log: { path: off }
                authenticators:
                  guard:
                    forward:
                      url: "\(service.url)/check?x=1"
                      request_headers: X-Key
                      response_headers: [X-User, X-Role]
                      consumer: X-User
                      timeout: 300ms
                  loose: { forward: { url: "\(service.url)/", request_headers: X-Key, response_headers: X-Role } }
                  guest: { anonymous: { consumer: guest } }
                  keys: { api_key: {} }
                upstreams: { app: { targets: ["\(upstream.url)"] } }
                identity: { headers: { X-Consumer: "{consumer.id}" } }
                routes:
                  - { match: { path: "/strict/**" }, auth: guard, upstream: app }
                  - { match: { path: "/loose" }, auth: loose, upstream: app }
                  - { match: { path: "/open" }, auth: { any: [keys, guest] }, upstream: app }

                """)
        }

        private func answer(_ path: String, _ key: String?, _ fields: String...) throws -> RawMessage {
            try request(path, (key.map { ["X-Key: \($0)"] } ?? []) + fields, port: node.port)
        }

        @Test("2xx passes, with the service's fields and not the client's own")
        func passes() throws {
            let answer = try answer("/strict/a?b=c", "good", "X-User: mallory", "x-role: root", "X-Secret: mine")
            #expect(answer.status == 200, "\(answer.text)")
            #expect(answer.echoed("X-User") == ["alice"] && answer.echoed("X-Role") == ["admin"])
            #expect(answer.echoed("X-Consumer") == ["alice"] && answer.echoed("X-Secret") == ["mine"])
            let asked = try #require(service.requests.last?.message)
            #expect(asked.head.hasPrefix("GET /check?x=1 HTTP/1.1"))
            #expect(asked["X-Forwarded-Uri"] == "/strict/a?b=c" && asked["X-Forwarded-Method"] == "GET")
            #expect(asked["X-Forwarded-Host"] == "gateway.test" && asked["X-Forwarded-For"] == "127.0.0.1")
            #expect(asked["X-Secret"] == nil && asked["X-User"] == nil)
        }

        @Test("anything else is the client's answer, with what a login needs and nothing more")
        func refusals() throws {
            let refused = try answer("/strict/a", nil)
            #expect(refused.status == 401 && refused["WWW-Authenticate"] == "Key" && refused.text.hasSuffix("no"))
            let login = try answer("/strict/a", "login")
            #expect(login.status == 302 && login["Location"] == "https://login.test/" && login["Set-Cookie"] == "a=b")
            #expect(login["X-Internal"] == nil && login["Content-Type"] == "text/plain")
        }

        @Test("a service that hangs or talks nonsense is 503, within its time", arguments: ["hang", "broken"])
        func down(kind: String) throws {
            let began = ContinuousClock.now
            #expect(try answer("/strict/a", kind).status == 503)
            #expect(ContinuousClock.now - began < .seconds(2))
        }

        @Test("callers that the service does not name are nobody where it should, else the authenticator's")
        func nameless() throws {
            #expect(try answer("/strict/a", "nameless").status == 401)
            #expect(try answer("/loose", "nameless").echoed("X-Consumer") == ["loose"])
            #expect(try answer("/loose", "nameless", "X-Role: root").echoed("X-Role") == [])
        }

        @Test("anonymous callers are a consumer of their own, and a bad credential is not none")
        func anonymous() throws {
            #expect(try answer("/open", nil).echoed("X-Consumer") == ["guest"])
            #expect(try request("/open", ["X-API-Key: wrong"], port: node.port).status == 401)
        }
    }
}

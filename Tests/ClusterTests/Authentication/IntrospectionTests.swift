import Foundation
import Synchronization
import TestSupport
import Testing

extension Cluster {
    @Suite("Token introspection (RFC 7662)")
    struct IntrospectionTests {
        /// What the authorisation server says, as the test has it.
        private final class Script: Sendable {
            let steps = Mutex<[TestOrigin.Step]>([])
            func set(_ steps: [TestOrigin.Step]) { self.steps.withLock { $0 = steps } }
        }

        private let script = Script()
        private let server: TestOrigin
        private let upstream: DemoUpstream
        private let node: Node

        init() async throws {
            server = try TestOrigin { [script] _ in script.steps.withLock { $0 } }
            upstream = try await DemoUpstream()
            node = try await Node(
                """
                access_log: { path: off }
                authenticators:
                  idp:
                    introspection:
                      { url: "\(server.url)/introspect", client_id: gate, client_secret: "p:w", cache: 2s, timeout: 300ms, audience: api }
                upstreams: { app: { targets: ["\(upstream.url)"] } }
                routes:
                  - match: { path: "/**" }
                    auth: { any: [idp], methods: { POST: { scopes: [write] } } }
                    identity: { headers: { X-User: "{consumer.id}" } }
                    upstream: app

                """)
        }

        private static func json(_ text: String, status: String = "200 OK") -> [TestOrigin.Step] {
            [.text("HTTP/1.1 \(status)\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)")]
        }

        private func answer(_ token: String, method: String = "GET") throws -> RawMessage {
            try request("/", ["Authorization: Bearer \(token)"], method: method, port: node.port)
        }

        @Test("an active token is asked about once, and is whom the server says")
        func active() throws {
            script.set(Self.json(#"{"active":true,"sub":"alice","scope":"read","aud":["api"]}"#))
            for _ in 0..<5 {
                let answer = try answer("t&1=%")
                #expect(answer.status == 200 && answer.echoed("X-User") == ["alice"], "\(answer.text)")
            }
            #expect(try answer("t&1=%", method: "POST").status == 403)
            let asked = server.requests
            #expect(asked.count <= 4, "once for each worker at most: \(asked.count)")
            let first = try #require(asked.first?.message)
            #expect(first.head.hasPrefix("POST /introspect HTTP/1.1"))
            #expect(first["Authorization"] == "Basic \(Data("gate:p%3Aw".utf8).base64EncodedString())")
            #expect(String(decoding: first.body, as: UTF8.self) == "token_type_hint=access_token&token=t%261%3D%25")
        }

        @Test(
            "what is not active, not for us, or ended is 401",
            arguments: [
                #"{"active":false}"#, #"{"active":true,"sub":"a","aud":"other"}"#,
                #"{"active":true,"sub":"a","aud":"api","exp":1000}"#, #"{"active":true,"aud":"api"}"#,
            ])
        func refused(said: String) throws {
            script.set(Self.json(said))
            let answer = try answer("t")
            #expect(answer.status == 401 && answer["WWW-Authenticate"]?.contains("invalid_token") == true)
        }

        @Test(
            "a server that is down, hangs or talks nonsense is 503, within its time; what is known serves on",
            arguments: ["hang", "close", "error", "nonsense", "huge"])
        func down(kind: String) async throws {
            script.set(Self.json(#"{"active":true,"sub":"alice","aud":"api"}"#))
            for _ in 0..<20 { #expect(try answer("known").status == 200) }
            switch kind {
            case "hang": script.set([.pause(.seconds(2)), .close])
            case "close": script.set([.close])
            case "error": script.set(Self.json("{}", status: "500 Oops"))
            case "nonsense": script.set(Self.json(#"{"active":"true"}"#))
            default: script.set(Self.json("{\"active\":true,\"x\":\"\(String(repeating: "x", count: 100_000))\"}"))
            }
            let began = ContinuousClock.now
            #expect(try answer("new").status == 503)
            #expect(ContinuousClock.now - began < .seconds(2))
            #expect(try request("/", port: node.port).status == 401)
            script.set(Self.json(#"{"active":true,"sub":"bob","aud":"api"}"#))
            try await eventually("it is asked again") { try answer("new").status == 200 }
        }
    }
}

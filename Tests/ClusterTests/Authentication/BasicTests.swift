import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("Names and passwords (RFC 7617)")
    struct BasicTests {
        private let upstream: DemoUpstream
        private let node: Node

        /// Each user's password is "secret".
        init() async throws {
            upstream = try await DemoUpstream()
            node = try await Node(
                """
                access_log: { path: off }
                authenticators:
                  people:
                    basic:
                      realm: staff
                      users:
                        alice: "$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"
                        bob: "$6$rounds=1000$saltsalt$LAV5VE5Y7w1d73x1mFNspYWUpazfmwv2SoepNXNKJ/otop/Zok96Hr8Q13LEv0DRY/x8v0/crpIjl8NJSAqXV/"
                        carol: "$y$j75$saltsaltsalt$jyf/lxrpdyAIshWRo1x5DRC6KIE7sNRRtjcomR3PgHA"
                consumers: [{ id: alice, scopes: [admin] }]
                upstreams: { app: { targets: ["\(upstream.url)"] } }
                routes:
                  - match: { path: "/**" }
                    auth: { any: [people], methods: { DELETE: { scopes: [admin] } } }
                    identity: { headers: { X-User: "{consumer.id}" }, credential: strip }
                    upstream: app

                """)
        }

        private func answer(_ user: String, _ password: String, method: String = "GET") throws -> RawMessage {
            let credentials = Data("\(user):\(password)".utf8).base64EncodedString()
            return try request("/", ["Authorization: Basic \(credentials)"], method: method, port: node.port)
        }

        @Test("right ones pass, as their consumer, and the password goes no further")
        func right() throws {
            for user in ["alice", "bob", "carol"] {
                let answer = try answer(user, "secret")
                #expect(answer.status == 200 && answer.echoed("X-User") == [user], "\(answer.text)")
                #expect(answer.echoed("Authorization") == [])
            }
            #expect(try answer("alice", "secret", method: "DELETE").status == 200)
            #expect(try answer("bob", "secret", method: "DELETE").status == 403)
        }

        @Test("wrong ones are 401, whether it is the name or the password")
        func wrong() throws {
            for (user, password) in [
                ("alice", "Secret"), ("alice", ""), ("nobody", "secret"), ("", ""), ("alice", "secret\0"),
            ] {
                let answer = try answer(user, password)
                #expect(answer.status == 401)
                #expect(answer["WWW-Authenticate"] == #"Basic realm="staff", charset="UTF-8""#)
                #expect(answer.text.contains("The name or the password is not right."))
            }
            for value in ["Basic", "Basic !", "Basic YWxpY2U=", "Basic YWxpY2U6c2VjcmV0=="] {
                #expect(try request("/", ["Authorization: \(value)"], port: node.port).status == 401, "\(value)")
            }
            #expect(!node.errors.contains("secret"))
        }

        @Test("a file with a hash that is guessed in no time is refused, with its line")
        func weak() async throws {
            let files = try TemporaryDirectory("basic")
            try files.write(
                "users",
                "# staff\nalice:$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW\nbob:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n"
            )
            try files.write(
                "sluice.yaml",
                """
                upstreams: { a: { targets: ["http://127.0.0.1:1"] } }
                authenticators: { people: { basic: { file: users } } }
                routes: [{ auth: people, upstream: a }]
                """)
            let checked = try await sluice("check", files.file("sluice.yaml"))
            #expect(checked.exit == .exited(1))
            let told = checked.standardError + checked.standardOutput
            #expect(told.contains("line 3 of \"users\"") && told.contains("SHA-1"), "\(told)")
            #expect(!told.contains("5en6G6MezRroT3XKqkdPOmY"))
        }
    }
}

import Foundation
import Synchronization
import TestSupport
import Testing

extension Cluster {
    @Suite("Keys of an identity provider")
    struct KeySetTests {
        /// A provider that a test lets rotate, lie, hang and die.
        private final class Provider: Sendable {
            let origin: TestOrigin
            let steps: Answer

            final class Answer: Sendable {
                let value = Mutex<[TestOrigin.Step]>([])
            }

            init(_ steps: [TestOrigin.Step]) throws {
                let answer = Answer()
                answer.value.withLock { $0 = steps }
                self.steps = answer
                origin = try TestOrigin { _ in answer.value.withLock { $0 } }
            }

            func set(_ steps: [TestOrigin.Step]) { self.steps.value.withLock { $0 = steps } }
        }

        private static let keys = [
            "a": #"{"kty":"OKP","crv":"Ed25519","kid":"a","x":"7nSdmqML6mF6zD2ZyZHaIpX0YBiIbmHVkSkzvZDF9tQ"}"#,
            "b": #"{"kty":"OKP","crv":"Ed25519","kid":"b","x":"j1O7-6pNEsGRBIY3mivzqMaMhwqr5dM0bzmX_wml0vs"}"#,
        ]
        private static let privateKeys = [
            "a": """
            -----BEGIN PRIVATE KEY-----
            MC4CAQAwBQYDK2VwBCIEINDFx1k/zPZqyGJ8PnksxlUph5pPqS7/UQNzf3/H4KUP
            -----END PRIVATE KEY-----
            """,
            "b": """
            -----BEGIN PRIVATE KEY-----
            MC4CAQAwBQYDK2VwBCIEIJ/+tf8kyXkT55D/zApdpUkklKW2fazYNagkyUeOQJoN
            -----END PRIVATE KEY-----
            """,
        ]

        private static func set(_ names: String..., age: Int = 600) -> [TestOrigin.Step] {
            json("{\"keys\":[\(names.compactMap { keys[$0] }.joined(separator: ","))]}", age: age)
        }

        private static func json(_ text: String, status: String = "200 OK", age: Int = 600) -> [TestOrigin.Step] {
            [
                .text(
                    "HTTP/1.1 \(status)\r\nContent-Length: \(text.utf8.count)\r\nCache-Control: max-age=\(age)\r\n\r\n\(text)"
                )
            ]
        }

        private let upstream: DemoUpstream
        private let files: TemporaryDirectory

        init() async throws {
            upstream = try await DemoUpstream()
            files = try TemporaryDirectory("keys")
            for (name, pem) in Self.privateKeys { try files.write("\(name).pem", pem + "\n") }
        }

        private func token(_ key: String, issuer: String = "idp") async throws -> String {
            let minted = try await sluice(
                "token", "--private-key", files.file("\(key).pem"), "--key-id", key, "--subject", "alice", "--issuer",
                issuer)
            return minted.standardOutput.trimmingCharacters(in: .whitespacesAndNewlines)
        }

        private func node(_ keys: String) async throws -> Node {
            try await Node(
                """
                access_log: { path: off }
                drain: 1s
                authenticators: { idp: { jwt: { algorithms: [EdDSA], \(keys) } } }
                upstreams: { app: { targets: ["\(upstream.url)"] } }
                routes: [{ match: { path: "/**" }, auth: { any: [idp] }, upstream: app }]

                """)
        }

        private func status(_ token: String, _ node: Node) throws -> Int {
            try request("/", ["Authorization: Bearer \(token)"], port: node.port).status
        }

        @Test("a token of a key that the provider has added since is waited for, and one of a removed key is refused")
        func rotation() async throws {
            let provider = try Provider(Self.set("a"))
            let node = try await node("jwks: \"\(provider.origin.url)/keys\", issuer: idp")
            let (old, new) = (try await token("a"), try await token("b"))
            #expect(try status(old, node) == 200)
            #expect(try await status(token("a", issuer: "other"), node) == 401)
            provider.set(Self.set("b"))
            // An unknown key has the set fetched anew, once the pause after the last fetch is over.
            try await eventually("the new key is known", within: .seconds(30), every: .milliseconds(200)) {
                try status(new, node) == 200
            }
            #expect(try status(old, node) == 401, "revoked with its key, although it was verified before")
            #expect(provider.origin.requests.count <= 4, "\(provider.origin.requests.count)")
        }

        @Test("tokens of keys that nobody has do not make the provider work")
        func guessing() async throws {
            let provider = try Provider(Self.set("a"))
            let node = try await node("jwks: \"\(provider.origin.url)/keys\"")
            #expect(try await status(token("a"), node) == 200)
            let unknown = try await token("b")
            for _ in 0..<50 { #expect(try status(unknown, node) == 401) }
            #expect(provider.origin.requests.count <= 3, "\(provider.origin.requests.count)")
        }

        @Test(
            "without its provider a node starts, says 503, and verifies as soon as there are keys",
            arguments: ["hang", "garbage", "error", "empty"])
        func late(_ kind: String) async throws {
            let bad: [TestOrigin.Step] =
                switch kind {
                case "hang": [.pause(.seconds(6)), .close]
                case "garbage": Self.json("<html>")
                case "error": Self.json("{}", status: "500 Oops")
                default: Self.json(#"{"keys":[]}"#)
                }
            let provider = try Provider(bad)
            let node = try await node("jwks: \"\(provider.origin.url)/keys\"")
            let token = try await token("a")
            let refused = try request("/", ["Authorization: Bearer \(token)"], port: node.port)
            #expect(refused.status == 503 && refused["Retry-After"] != nil)
            #expect(try request("/", port: node.port).status == 401, "no token needs no key")
            provider.set(Self.set("a"))
            try await eventually("the keys are there", within: .seconds(30), every: .milliseconds(200)) {
                try status(token, node) == 200
            }
            provider.set(bad)
            #expect(try status(token, node) == 200, "the last good keys serve on")
        }

        @Test("an issuer says where its keys are, and has to be the one that was asked")
        func discovery() async throws {
            let provider = try Provider([])
            let issuer = provider.origin.url
            provider.set(
                Self.json(#"{"issuer":"\#(issuer)","jwks_uri":"\#(issuer)/k","keys":[\#(Self.keys["a"] ?? "")]}"#))
            let node = try await node("discovery: \"\(issuer)\"")
            #expect(try await status(token("a", issuer: issuer), node) == 200)
            #expect(try await status(token("a", issuer: "other"), node) == 401)
            #expect(provider.origin.requests.first?.message.head.contains("/.well-known/openid-configuration") == true)
            provider.set(Self.json(#"{"issuer":"https://other.example","jwks_uri":"\#(issuer)/k"}"#))
            let other = try await self.node("discovery: \"\(issuer)\"")
            #expect(try await status(token("a", issuer: issuer), other) == 503)
        }
    }
}

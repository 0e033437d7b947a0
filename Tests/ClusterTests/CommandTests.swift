import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("The commands: check, token, schema")
    struct CommandTests {
        private let files: TemporaryDirectory

        init() throws { files = try TemporaryDirectory("commands") }

        private func sluice(_ arguments: String...) async throws -> ChildProcess.Finished {
            try await ChildProcess.run(Executables.sluice, arguments)
        }

        @Test("check accepts a good file")
        func checkGood() async throws {
            let file = try files.write(
                "good.yaml",
                """
                upstreams: { app: { targets: ["http://127.0.0.1:9001"] } }
                routes: [{ upstream: app }]
                """)
            let finished = try await sluice("check", file)
            #expect(finished.exit == .exited(0))
            #expect(finished.standardOutput.contains("ok"))
        }

        @Test("check names all errors at once, each with its place, and fails")
        func checkBad() async throws {
            let file = try files.write(
                "bad.yaml",
                """
                upstreams:
                  app: { targets: ["http://127.0.0.1:9001"], timeot: 5s }
                routes:
                  - { upstream: ap }
                  - { upstream: app, match: { path: /x }, limit: { per: ip, rates: [100/fortnight] } }
                """)
            let finished = try await sluice("check", file)
            #expect(finished.exit == .exited(1))
            let lines = finished.standardError.split(separator: "\n")
            #expect(lines.count == 3, "\(lines)")
            #expect(lines.contains { $0.hasPrefix("\(file):2:") && $0.contains("timeot") && $0.contains("timeout") })
            #expect(lines.contains { $0.hasPrefix("\(file):4:") && $0.contains("ap") })
            #expect(lines.contains { $0.hasPrefix("\(file):5:") && $0.contains("100/fortnight") })
        }

        @Test("check says that a file is not there")
        func checkMissing() async throws {
            let finished = try await sluice("check", files.file("none.yaml"))
            #expect(finished.exit == .exited(1))
            #expect(finished.standardError.contains("none.yaml"))
        }

        @Test("run refuses a taken port with the address and what to do")
        func takenPort() async throws {
            let origin = try TestOrigin { _ in .response() }
            let file = try files.write(
                "taken.yaml",
                """
                listeners: [{ bind: "127.0.0.1:\(origin.port)" }]
                admin: { bind: "127.0.0.1:0" }
                upstreams: { app: { targets: ["http://127.0.0.1:9001"] } }
                routes: [{ upstream: app }]
                """)
            let finished = try await sluice("run", "--config", file)
            #expect(finished.exit == .exited(1))
            #expect(finished.standardError.contains("127.0.0.1:\(origin.port)"))
        }

        @Test("schema is JSON, and knows the sections")
        func schema() async throws {
            let finished = try await sluice("schema")
            #expect(finished.exit == .exited(0))
            let object = try JSONSerialization.jsonObject(with: Data(finished.standardOutput.utf8)) as? [String: Any]
            let definitions = object?["$defs"] as? [String: Any]
            let whole = definitions?["configuration"] as? [String: Any]
            let properties = whole?["properties"] as? [String: Any] ?? [:]
            #expect(Set(["listeners", "upstreams", "routes", "state"]).isSubset(of: properties.keys))
        }

        @Test("a token that was minted is accepted; none, a tampered one and one without the scope are not")
        func token() async throws {
            let secret = "a-secret-of-at-least-32-bytes-for-tests"
            let upstream = try await DemoUpstream()
            let node = try await Node(
                """
                access_log: { path: off }
                upstreams: { app: { targets: ["\(upstream.url)"] } }
                authenticators:
                  dev: { jwt: { algorithms: [HS256], secret: "\(secret)" } }
                routes:
                  - { name: open, match: { path: /any }, auth: dev, upstream: app }
                  - { name: scoped, match: { path: /scoped }, auth: { any: [dev], scopes: [write] }, upstream: app }
                """)
            let minted = try await sluice("token", "--secret", secret, "--subject", "acme", "--scope", "read")
            let token = minted.standardOutput.trimmingCharacters(in: .whitespacesAndNewlines)
            let parts = token.split(separator: ".").map(String.init)
            try #require(parts.count == 3)

            let bearer = "Authorization: Bearer "
            #expect(try request("/any", [bearer + token], port: node.port).status == 200)
            let scoped = try request("/scoped", [bearer + token], port: node.port)
            #expect(scoped.status == 403)
            #expect(scoped["WWW-Authenticate"]?.contains("insufficient_scope") == true)

            let other = try await sluice("token", "--secret", secret, "--subject", "root")
            let swapped = other.standardOutput.split(separator: ".")[1]
            for wrong in ["\(parts[0]).\(swapped).\(parts[2])", "\(parts[0]).\(parts[1]).", "x.y.z"] {
                let response = try request("/any", [bearer + wrong], port: node.port)
                #expect(response.status == 401)
                #expect(response["WWW-Authenticate"]?.hasPrefix("Bearer") == true)
                #expect(response.json["request_id"] as? String == response["X-Request-ID"])
            }
            let none = try request("/any", port: node.port)
            #expect(none.status == 401)
            #expect(none["WWW-Authenticate"]?.hasPrefix("Bearer") == true)
        }
    }
}

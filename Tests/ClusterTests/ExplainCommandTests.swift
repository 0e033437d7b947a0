import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("sluice explain")
    struct ExplainCommandTests {
        private let redis: RedisServer
        private let origin: TestOrigin
        private let node: Node
        private static let token = "letmein-please"

        init() async throws {
            redis = try await RedisServer()
            origin = try TestOrigin { _ in .response("hello", headers: [("Cache-Control", "max-age=60")]) }
            node = try await Node(
                """
                access_log: { path: off }
                state: { redis: "\(redis.url)" }
                upstreams: { app: { targets: ["\(origin.url)"] } }
                routes:
                  - { name: hello, match: { path: "/hello/{name}" }, limit: { per: ip, rates: [5/minute] }, cache: {}, upstream: app }
                  - { name: all, upstream: app }

                """, adminToken: Self.token)
        }

        private func explain(_ arguments: String..., token: String = Self.token) async throws -> (
            status: Int32, text: String, errors: String
        ) {
            let child = try ChildProcess(
                Executables.sluice, ["explain"] + arguments, environment: ["SLUICE_ADMIN_TOKEN": token])
            let exit = try await child.waitForExit()
            return (exit == .exited(0) ? 0 : 1, child.standardOutput, child.standardError)
        }

        @Test("by a file: the route, why the other lost, and each step")
        func byFile() async throws {
            let (status, text, errors) = try await explain("get", "/hello/ann?x=1", "--config", node.configurationPath)
            #expect(status == 0, "\(errors)")
            for line in [
                "route hello (/hello/{name})", "{name} = ann", "less specific than hello", "5/minute for 127.0.0.1",
            ] {
                #expect(text.contains(line), "\(line) in \(text)")
            }
            #expect(origin.requests.isEmpty)
        }

        @Test("by a running node: what is left of the limits, the breaker, and what the cache holds")
        func byNode() async throws {
            let admin = "http://127.0.0.1:\(node.adminPort)"
            let before = try await explain("GET", "http://gateway.test/hello/ann", "--admin", admin)
            #expect(before.status == 0, "\(before.errors)")
            #expect(before.text.contains("on node node1") && before.text.contains("breaker closed"))
            #expect(before.text.contains("; full") && before.text.contains("not in this node's memory"))
            _ = try request("/hello/ann", port: node.port)
            try await eventually("what it took is known") {
                let after = try await explain("GET", "http://gateway.test/hello/ann", "--admin", admin)
                return after.text.contains("of 5") && after.text.contains(": in this node's memory")
            }
            let json = try await explain("GET", "/hello/ann", "--admin", admin, "--json")
            #expect(json.text.contains("\"policy\" : \"hello.ip\"") && !json.text.contains(Self.token))
        }

        @Test("what goes wrong is told")
        func failures() async throws {
            let admin = "http://127.0.0.1:\(node.adminPort)"
            let refused = try await explain("GET", "/", "--admin", admin, token: "wrong")
            #expect(refused.status == 1 && refused.errors.contains("sluice explain: "))
            let nobody = try await explain("GET", "/", "--admin", "http://127.0.0.1:\(try freePort())")
            #expect(nobody.status == 1 && nobody.errors.contains("no node answers"))
            let neither = try await explain("GET", "/")
            #expect(neither.status == 1 && neither.errors.contains("--config FILE, or --admin"))
        }
    }
}

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

        @Test("keys, consumers and plans in Redis count, asked by a node or by --redis")
        func redis() async throws {
            let configuration = """
                access_log: { path: off }
                state: { redis: "\(redis.url)", namespace: explained }
                authenticators: { keys: { api_key: { header: X-Key } } }
                upstreams: { app: { targets: ["\(origin.url)"] } }
                routes: [{ name: all, auth: { any: [keys], scopes: [read] }, upstream: app }]

                """
            let node = try await Node(configuration, adminToken: Self.token)
            let environment = ["SLUICE_REDIS": redis.url, "SLUICE_NAMESPACE": "explained"]
            _ = try await sluice("plan", "set", "gold", "--limit", "7/minute", environment: environment)
            let made = try await sluice(
                "consumer", "create", "acme", "--plan", "gold", "--scope", "read", environment: environment)
            #expect(made.exit == .exited(0), "\(made.standardError)")
            let created = try await sluice("key", "create", "acme", "--json", environment: environment)
            let key = try #require(try created.json["key"] as? String, "\(created.standardError)")
            let arguments = [
                ["--admin", "http://127.0.0.1:\(node.adminPort)"],
                ["--config", node.configurationPath, "--redis", redis.url],
            ]
            for whom in arguments {
                let known = try await text(["explain", "GET", "/", "-H", "X-Key: \(key)"] + whom)
                #expect(known.contains("keys: the caller is acme") && known.contains("\nforwarded"), "\(known)")
                #expect(known.contains("plan.gold: 7/minute for acme; full"), "\(known)")
                let wrong = try await text(["explain", "GET", "/", "-H", "X-Key: other"] + whom)
                #expect(wrong.contains("401: no credential") && wrong.contains("The API key is not known."), "\(wrong)")
                let assumed = try await text(["explain", "GET", "/", "--as", "acme"] + whom)
                #expect(assumed.contains("taken for acme") && assumed.contains("plan.gold"), "\(assumed)")
            }
            let byFile = try await text([
                "explain", "GET", "/", "-H", "X-Key: \(key)", "--config", node.configurationPath,
            ])
            #expect(byFile.contains("Redis would be asked, as --redis URL does") && !byFile.contains(key))
        }

        private func text(_ arguments: [String]) async throws -> String {
            let child = try ChildProcess(Executables.sluice, arguments, environment: ["SLUICE_ADMIN_TOKEN": Self.token])
            _ = try await child.waitForExit()
            return child.standardOutput + child.standardError
        }

        @Test("a node has the keys of a provider; a file has not")
        func providers() async throws {
            let keys = try TestOrigin { _ in
                .response(
                    #"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"7nSdmqML6mF6zD2ZyZHaIpX0YBiIbmHVkSkzvZDF9tQ"}]}"#
                )
            }
            let files = try TemporaryDirectory("keys")
            try files.write(
                "a.pem",
                """
                -----BEGIN PRIVATE KEY-----
                MC4CAQAwBQYDK2VwBCIEINDFx1k/zPZqyGJ8PnksxlUph5pPqS7/UQNzf3/H4KUP
                -----END PRIVATE KEY-----

                """)
            let node = try await Node(
                """
                access_log: { path: off }
                authenticators: { idp: { jwt: { algorithms: [EdDSA], jwks: "\(keys.url)/keys" } } }
                upstreams: { app: { targets: ["\(origin.url)"] } }
                routes: [{ name: all, auth: { any: [idp] }, upstream: app }]

                """, adminToken: Self.token)
            func bearer(_ key: String) async throws -> String {
                let minted = try await ChildProcess.run(
                    Executables.sluice,
                    ["token", "--private-key", files.file("a.pem"), "--key-id", key, "--subject", "ann"])
                return "Authorization: Bearer " + minted.standardOutput.trimmingCharacters(in: .whitespacesAndNewlines)
            }
            let (good, other) = (try await bearer("a"), try await bearer("b"))
            let byFile = try await text(["explain", "GET", "/", "-H", good, "--config", node.configurationPath])
            #expect(
                byFile.contains("the caller is ann")
                    && byFile.contains("is not checked here, as the key set \(keys.url)/keys"))
            let admin = ["--admin", "http://127.0.0.1:\(node.adminPort)"]
            try await eventually("the node has its keys") {
                let found = try await text(["explain", "GET", "/", "-H", good] + admin)
                return found.contains("idp: the caller is ann\n") && !found.contains("not checked")
            }
            let unknown = try await text(["explain", "GET", "/", "-H", other] + admin)
            #expect(unknown.contains("its key (EdDSA, key b) is none of the 1 that this node has"), "\(unknown)")
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
            let both = try await explain("GET", "/", "--admin", admin, "--redis", redis.url)
            #expect(both.status == 1 && both.errors.contains("--redis goes with --config FILE"))
            let silent = try await explain(
                "GET", "/", "--config", node.configurationPath, "--redis", "redis://127.0.0.1:\(try freePort())")
            #expect(silent.status == 1 && silent.errors.contains("sluice explain: "))
            let certificate = try await explain(
                "GET", "/", "--config", node.configurationPath, "--certificate", "/nowhere")
            #expect(certificate.status == 1 && certificate.errors.contains("nowhere"))
        }
    }
}

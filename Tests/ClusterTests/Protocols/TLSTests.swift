import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("TLS in front and towards upstreams")
    struct TLSTests {
        private let upstream: DemoUpstream
        private let certificates: TestCertificates

        init() async throws {
            upstream = try await DemoUpstream()
            certificates = try await TestCertificates(for: ["IP:127.0.0.1", "DNS:a.test", "DNS:*.wild.test"])
        }

        private func configuration(_ url: String? = nil, tls: String = "") -> String {
            """
            access_log: { path: off }
            upstreams: { app: { targets: ["\(url ?? upstream.url)"], breaker: off\(tls) } }
            routes: [{ match: { path: "/**" }, upstream: app }]

            """
        }

        private func pair(_ files: TestCertificates) -> String {
            "{ chain: \"\(files.serverCertificate)\", key: \"\(files.serverKey)\" }"
        }

        /// Asks by a client that no one here wrote; answers its exit code and output.
        private func curl(
            _ node: Node, host: String = "127.0.0.1", ca: String? = nil, _ options: String...
        ) async throws -> (code: Int32, output: String) {
            let arguments =
                ["-sS", "-m", "10", "--cacert", ca ?? certificates.ca, "--resolve", "\(host):\(node.port):127.0.0.1"]
                + options + ["https://\(host):\(node.port)/"]
            let finished = try await ChildProcess.run("curl", arguments)
            guard case .exited(let code) = finished.exit else { throw TestFailure("curl: \(finished.exit)") }
            return (code, finished.standardOutput)
        }

        @Test("HTTP/1.1 and HTTP/2 are agreed on in the handshake, and the upstream hears of https")
        func protocols() async throws {
            let node = try await Node(configuration(), listener: "tls: { certificates: [\(pair(certificates))] }")
            for (option, version) in [("--http1.1", "1.1"), ("--http2", "2")] {
                let answer = try await curl(node, option, "-w", "version=%{http_version} %{http_code}")
                #expect(answer.code == 0)
                #expect(answer.output.contains("version=\(version) 200"), "\(answer.output)")
                #expect(answer.output.contains("X-Forwarded-Proto: https"))
            }
            for version in ["1.2", "1.3"] {
                let answer = try await curl(node, "--tlsv\(version)", "--tls-max", version, "-o", "/dev/null")
                #expect(answer.code == 0, "TLS \(version)")
            }
        }

        @Test("which certificate is shown, the name decides that the client asks for")
        func names() async throws {
            let other = try await TestCertificates(for: ["DNS:b.test"])
            let node = try await Node(
                configuration(), listener: "tls: { certificates: [\(pair(certificates)), \(pair(other))] }")
            for host in ["127.0.0.1", "a.test", "x.wild.test"] {
                #expect(try await curl(node, host: host).code == 0, "\(host)")
                #expect(try await curl(node, host: host, ca: other.ca).code != 0, "\(host)")
            }
            #expect(try await curl(node, host: "b.test", ca: other.ca).code == 0)
            #expect(try await curl(node, host: "b.test").code != 0)
        }

        @Test("a client's certificate is told to the upstream, and cannot be made up")
        func clientCertificate() async throws {
            let tls = "certificates: [\(pair(certificates))], client_ca: \"\(certificates.ca)\", client_auth: optional"
            let node = try await Node(configuration(), listener: "tls: { \(tls) }")
            let forged = ["-H", "X-Client-Cert-Subject: CN=forged", "-H", "Client-Cert: :AAAA:"]
            let shown = try await curl(
                node, forged[0], forged[1], forged[2], forged[3], "--cert", certificates.clientCertificate, "--key",
                certificates.clientKey)
            #expect(shown.output.contains("X-Client-Cert-Subject: CN=client"), "\(shown.output)")
            #expect(shown.output.contains("X-Client-Cert-SAN: client"))
            #expect(shown.output.contains("Client-Cert: :MII"))
            #expect(!shown.output.contains("forged"))
            let anonymous = try await curl(node, forged[0], forged[1], forged[2], forged[3])
            #expect(anonymous.code == 0)
            #expect(!anonymous.output.lowercased().contains("client-cert"), "\(anonymous.output)")
        }

        @Test("a client's certificate is a credential, which limits and scopes go by")
        func certificateIdentity() async throws {
            let tls = "certificates: [\(pair(certificates))], client_ca: \"\(certificates.ca)\", client_auth: optional"
            let node = try await Node(
                """
                access_log: { path: off }
                authenticators: { machines: { mtls: {} } }
                consumers: [{ id: client, scopes: [a] }]
                upstreams: { app: { targets: ["\(upstream.url)"] } }
                routes:
                  - { match: { path: "/a" }, auth: { any: [machines], scopes: [a] }, limit: { per: consumer, rates: [2/hour] }, upstream: app }
                  - { match: { path: "/b" }, auth: { any: [machines], scopes: [b] }, upstream: app }

                """, listener: "tls: { \(tls) }")
            let own = ["--cert", certificates.clientCertificate, "--key", certificates.clientKey]
            func status(_ target: String, _ options: [String]) async throws -> String {
                let url = "https://127.0.0.1:\(node.port)\(target)"
                let fixed = ["-sS", "--cacert", certificates.ca, "-o", "/dev/null", "-w", "%{http_code}", url]
                return try await ChildProcess.run("curl", options + fixed).standardOutput
            }
            #expect(try await status("/a", []) == "401")
            for _ in 0..<2 { #expect(try await status("/a", own) == "200") }
            #expect(try await status("/a", own) == "429")
            #expect(try await status("/b", own) == "403")
        }

        @Test("where a certificate is asked of clients, nobody comes in without a good one")
        func required() async throws {
            let stranger = try await TestCertificates()
            let tls = "certificates: [\(pair(certificates))], client_ca: \"\(certificates.ca)\", client_auth: required"
            let node = try await Node(configuration(), listener: "tls: { \(tls) }")
            #expect(try await curl(node).code != 0)
            let wrong = try await curl(node, "--cert", stranger.clientCertificate, "--key", stranger.clientKey)
            #expect(wrong.code != 0)
            let right = try await curl(node, "--cert", certificates.clientCertificate, "--key", certificates.clientKey)
            #expect(right.code == 0)
            try await eventually("failed handshakes are counted") {
                try node.metric("sluice_tls_handshake_failures_total") >= 2
            }
        }

        @Test("a renewed certificate is shown after a reload")
        func renewal() async throws {
            let node = try await Node(configuration(), listener: "tls: { certificates: [\(pair(certificates))] }")
            let renewed = try await TestCertificates()
            #expect(try await curl(node, ca: renewed.ca).code != 0)
            for (old, new) in [
                (certificates.serverCertificate, renewed.serverCertificate),
                (certificates.serverKey, renewed.serverKey),
            ] {
                try Data(renewed.bytes(new)).write(to: URL(fileURLWithPath: old))
            }
            try await node.reload(configuration())
            #expect(try await curl(node, ca: renewed.ca).code == 0)
            #expect(try await curl(node).code != 0)
        }

        @Test("an upstream may choose its protocol in the handshake", arguments: ["h2", "http/1.1"])
        func negotiation(_ offered: String) async throws {
            let secure = try await Node(
                configuration(), listener: "tls: { certificates: [\(pair(certificates))], alpn: [\(offered)] }")
            let front = try await Node(
                configuration(
                    "https://127.0.0.1:\(secure.port)", tls: ", protocol: auto, tls: { ca: \"\(certificates.ca)\" }"),
                name: "front")
            for _ in 0..<3 {
                let answer = try request("/", port: front.port)
                #expect(answer.status == 200)
                let via = offered == "h2" ? "1.1 sluice, 2.0 sluice" : "1.1 sluice, 1.1 sluice"
                #expect(answer.echoed("Via") == [via])
            }
        }

        @Test("an upstream's certificate is checked against its CA and the name that is asked for")
        func upstreams() async throws {
            let certificates = try await TestCertificates(for: ["DNS:a.test"])
            let secure = try await Node(configuration(), listener: "tls: { certificates: [\(pair(certificates))] }")
            let url = "https://127.0.0.1:\(secure.port)"
            for scheme in ["https", "h2"] {
                let target = url.replacingOccurrences(of: "https", with: scheme)
                for (tls, status) in [
                    ("ca: \"\(certificates.ca)\"", 502), ("ca: \"\(certificates.ca)\", verify: chain", 200),
                    ("ca: \"\(certificates.ca)\", server_name: a.test", 200),
                    ("ca: \"\(certificates.ca)\", server_name: other.test", 502), ("verify: none", 200),
                    ("server_name: a.test", 502),
                ] {
                    let node = try await Node(configuration(target, tls: ", tls: { \(tls) }"), name: "front")
                    #expect(try request("/", port: node.port).status == status, "\(scheme) \(tls)")
                    if status == 502 {
                        #expect(try node.metric("sluice_upstream_failures_total", "kind=\"handshake_failed\"") > 0)
                    }
                }
            }
        }
    }
}

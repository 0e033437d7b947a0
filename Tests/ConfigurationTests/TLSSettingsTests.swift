import Testing

@testable import Configuration

/// Mistakes in what is said of TLS, with what is said about each.
let tlsMistakes: [Mistake] = [
    .listener("{}", "33: listeners[0].tls: the key \"certificates\" is missing; it holds \(certificates)"),
    .listener(
        "{ certificates: [] }", "49: listeners[0].tls.certificates: expected \(certificates), found an empty list"),
    .listener(
        "{ certificates: [{ chain: absent.pem }] }",
        "50: listeners[0].tls.certificates[0]: the key \"key\" is missing; it holds the path of a key file in PEM",
        "59: listeners[0].tls.certificates[0].chain: cannot read the file \"absent.pem\": No such file or directory; paths are relative to the configuration file"
    ),
    .listener(
        "{ certificate: [] }", "33: listeners[0].tls: the key \"certificates\" is missing; it holds \(certificates)",
        "35: listeners[0].tls: unknown key \"certificate\"; did you mean \"certificates\"?"),
    .upstream(
        "{ targets: [\"http://a\", \"h2c://b\"], tls: { verify: none } }",
        "47: upstreams.a.tls: no target of this upstream uses TLS; write https:// or grpcs:// in its URLs"),
    .upstream(
        "{ targets: [\"grpcs://a\"], tls: { ca: absent.pem, verify: ful } }",
        "43: upstreams.a.tls.ca: cannot read the file \"absent.pem\": No such file or directory; paths are relative to the configuration file",
        "63: upstreams.a.tls.verify: \"ful\": expected one of full, chain, none; did you mean \"full\"?"),
]

private let certificates = "a list, each entry a certificate such as { chain: cert.pem, key: key.pem }"

extension Mistake {
    /// A listener's TLS; it starts in column 33.
    fileprivate static func listener(_ tls: String, _ told: String...) -> Mistake {
        Mistake(
            text: smallest + "listeners: [{ bind: \":80\", tls: \(tls) }]\n",
            told: told.map { "gateway.yaml:5:" + $0 })
    }
}

@Suite("What a configuration says of TLS")
struct TLSSettingsTests {
    private let files = ["cert.pem": "-----BEGIN CERTIFICATE-----\n", "key.pem": "-----BEGIN PRIVATE KEY-----\n"]

    private func listener(_ keys: String) -> String {
        smallest + "listeners: [{ bind: \":1\", tls: { certificates: [{ chain: cert.pem, key: key.pem }]\(keys) } }]\n"
    }

    private func told(_ keys: String) -> [String] { descriptions(listener(keys), files: files) }

    @Test("a listener has TLS by a certificate and its key, read with the file")
    func defaults() throws {
        let tls = try #require(try parse(listener(""), files: files).listeners[0].tls)
        let certificate = try #require(tls.certificates.first)
        #expect(certificate.chain == Array("-----BEGIN CERTIFICATE-----\n".utf8) && certificate.hosts == [])
        #expect(certificate.key == Secret("-----BEGIN PRIVATE KEY-----\n"))
        #expect(tls == ListenerTLSSettings(certificates: [certificate]))
        #expect(tls.clientCA == nil && tls.clientAuthentication == .none)
        #expect(tls.allowsTLS12 && tls.protocols == ["h2", "http/1.1"])
        #expect(tls.handshakeTimeoutMicroseconds == 10_000_000)
        #expect(try parse(smallest).listeners[0].tls == nil)
    }

    @Test("all of a listener's keys are read")
    func everything() throws {
        let full = try parse(fullFile, environment: fullEnvironment, files: fullFiles)
        #expect(full.listeners[0].tls == nil)
        let tls = try #require(full.listeners[1].tls)
        #expect(tls.certificates.map(\.hosts) == [[], ["api.example.com", "*.example.org"]])
        #expect(tls.clientCA == Array((fullFiles["main.pem"] ?? "").utf8) && tls.clientAuthentication == .optional)
        #expect(!tls.allowsTLS12 && tls.protocols == ["http/1.1"])
        #expect(tls.handshakeTimeoutMicroseconds == 3_000_000)
    }

    @Test("with a CA for clients their certificates are required, unless the file says otherwise")
    func clientAuthentication() throws {
        func read(_ keys: String) throws -> ListenerTLSSettings.ClientAuthentication? {
            try parse(listener(keys), files: files).listeners[0].tls?.clientAuthentication
        }
        #expect(try read(", client_ca: cert.pem") == .required)
        #expect(try read(", client_ca: cert.pem, client_auth: none") == ListenerTLSSettings.ClientAuthentication.none)
        #expect(try read(", client_auth: none") == ListenerTLSSettings.ClientAuthentication.none)
        #expect(
            told(", client_auth: optional") == [
                "gateway.yaml:5:98: listeners[0].tls.client_auth: client certificates need a CA to be checked against; "
                    + "add client_ca, or set client_auth: none"
            ])
    }

    @Test("a version is read with and without quotes", arguments: ["1.2", "\"1.2\"", "1.3"])
    func versions(version: String) throws {
        let tls = try parse(listener(", minimum_version: \(version)"), files: files).listeners[0].tls
        #expect(tls?.allowsTLS12 == version.contains("1.2"))
    }

    @Test(
        "what can't be used is told with what can",
        arguments: [
            (", minimum_version: 1.1", "minimum_version: \"1.1\": expected one of 1.2, 1.3"),
            (", alpn: [h3]", "alpn[0]: \"h3\": expected one of h2, http/1.1"),
            (", alpn: []", "alpn: expected a list, each entry one of h2, http/1.1, found an empty list"),
            (", client_ca: key.pm", "client_ca: cannot read the file \"key.pm\": No such file or directory"),
            (", client_ca: empty.pem", "client_ca: the file \"empty.pem\" is not in PEM"),
            (", client_auth: always", "client_auth: \"always\": expected one of none, optional, required"),
            (", handshake_timeout: 10", "handshake_timeout: \"10\": expected a duration from 100ms to 5m"),
        ])
    func mistakes(keys: String, expected: String) throws {
        let found = descriptions(listener(keys), files: files.merging(["empty.pem": ""]) { first, _ in first })
        #expect(found.count == 1)
        #expect(found.first?.contains("listeners[0].tls.\(expected)") == true, "\(found)")
    }

    @Test(
        "hosts of certificates are names, perhaps with one wildcard in front", arguments: ["a b", "*.", "*", "a.*.b"])
    func hosts(host: String) {
        let text = listener("").replacing("key.pem }", with: "key.pem, hosts: [\"\(host)\"] }")
        let found = descriptions(text, files: files)
        #expect(found.count == 1)
        #expect(
            found.first?.hasSuffix(
                "certificates[0].hosts[0]: \"\(host)\": expected a host name such as api.example.com or *.example.com")
                == true, "\(found)")
    }

    @Test("an upstream says whom it trusts, and how it is known")
    func upstream() throws {
        let full = try parse(fullFile, environment: fullEnvironment, files: fullFiles)
        let tls = try #require(full.upstreams["greeter"]).tls
        let pem = Array((fullFiles["main.pem"] ?? "").utf8)
        #expect(tls.ca == pem && tls.certificate == pem && tls.key == Secret(pem))
        #expect(tls.serverName == "greeter.internal" && tls.verification == .chain)
        #expect(full.upstreams["orders"]?.tls == ClientTLSSettings())
    }

    @Test("no dump shows a key")
    func keysAreMute() throws {
        var dumped = ""
        dump(try parse(listener(""), files: files), to: &dumped)
        #expect(!dumped.contains("PRIVATE KEY"))
    }
}

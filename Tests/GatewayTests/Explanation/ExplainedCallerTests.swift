import Configuration
import Credentials
import Foundation
import JSON
import TestSupport
import Testing

@testable import Gateway

@Suite("Explaining who calls")
struct ExplainedCallerTests {
    private static let secret = Array("a-secret-of-at-least-32-bytes-for-tests".utf8)
    private let explainer: Explainer

    init() throws {
        explainer = try Explainer(try Self.configuration())
    }

    /// Ann's password is "secret".
    private static func configuration(state: String = "") throws -> GatewayConfiguration {
        try GatewayConfiguration.parse(
            text: """
                \(state)
                upstreams: { app: { targets: ["http://127.0.0.1:9001"] } }
                authenticators:
                  people: { basic: { users: { ann: "$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW" } } }
                  keys: { api_key: { header: X-Key } }
                  idp: { jwt: { jwks: "https://idp.test/keys?tenant=1", algorithms: [EdDSA], issuer: idp, audience: api } }
                  cards: { mtls: { by: common_name } }
                  opaque: { introspection: { url: "https://idp.test/introspect", client_id: gw, client_secret: s3cret } }
                  bouncer: { forward: { url: "http://auth.test/check", request_headers: [Cookie, X-Trace] } }
                  signed: { signature: { keys: [{ id: k, algorithm: hmac-sha256, secret: "0123456789abcdef0123456789abcdef" }] } }
                  nobody: { anonymous: { consumer: guest } }
                consumers: [{ id: ann, plan: gold, scopes: [read] }]
                plans: { gold: { limits: [50/second] } }
                routes:
                  - { name: basic, match: { path: /basic }, auth: { any: [people] }, limit: [{ per: consumer, rates: [9/minute] }], upstream: app }
                  - { name: keys, match: { path: /keys }, auth: { any: [keys] }, upstream: app }
                  - { name: idp, match: { path: /idp }, auth: { any: [idp], scopes: [read] }, upstream: app }
                  - { name: cards, match: { path: /cards }, auth: { any: [cards] }, upstream: app }
                  - { name: opaque, match: { path: /opaque }, auth: { any: [opaque], scopes: [admin] }, limit: [{ per: consumer, rates: [9/minute] }], upstream: app }
                  - { name: bouncer, match: { path: /bouncer }, auth: { any: [bouncer] }, upstream: app }
                  - { name: signed, match: { path: /signed }, auth: { any: [signed] }, upstream: app }
                  - { name: either, match: { path: /either }, auth: { any: [opaque, people, nobody] }, upstream: app }
                  - { name: both, match: { path: /both }, auth: { all: [people, cards] }, upstream: app }
                  - name: pages
                    match: { path: /pages, methods: [GET, PUT] }
                    cors: { origins: ["https://app.test"], methods: [GET, PUT], headers: [X-A], credentials: true }
                    upstream: app

                """, file: "gateway.yaml", environment: [:], readFile: { _ in [] })
    }

    private func explain(
        _ path: String, _ headers: String..., as consumer: String? = nil, certificate: String? = nil,
        method: String = "GET"
    ) async throws -> Explanation {
        try await explainer.explain(
            ExplainedRequest(method: method, url: path, headers: headers, as: consumer, certificate: certificate))
    }

    private static func steps(_ explanation: Explanation, _ phase: String = "authenticate") -> [String] {
        explanation.route?.steps.filter { $0.phase == phase }.map(\.detail) ?? []
    }

    private static func basic(_ credentials: String) -> String {
        "Authorization: Basic \(Data(credentials.utf8).base64EncodedString())"
    }

    @Test("a name and a password are checked against the configured hash")
    func passwords() async throws {
        let good = try await explain("/basic", Self.basic("ann:secret"))
        #expect(good.outcome == "forwarded" && Self.steps(good) == ["people: the caller is ann"])
        #expect(good.route?.limits.map(\.policy) == ["basic.consumer", "plan.gold"])
        for wrong in ["ann:Secret", "bob:secret", "ann"] {
            let bad = try await explain("/basic", Self.basic(wrong))
            #expect(bad.outcome == "401: no credential, or none that is good")
            #expect(Self.steps(bad) == ["people: refused", "people: The name or the password is not right."])
        }
        #expect(Self.steps(try await explain("/basic")) == ["people: refused"])
    }

    private static func token(_ claims: String) throws -> String {
        let signer = try JWTSigner(
            privateKeyPEM: Array(
                """
                -----BEGIN PRIVATE KEY-----
                MC4CAQAwBQYDK2VwBCIEINDFx1k/zPZqyGJ8PnksxlUph5pPqS7/UQNzf3/H4KUP
                -----END PRIVATE KEY-----

                """.utf8), keyID: "a")
        let members = try #require(try JSONReader.read(Array(claims.utf8)).object).members
        return "Authorization: Bearer \(try signer.sign(members))"
    }

    @Test("of a token whose keys a provider has, all but the signature is checked, and who would be asked is told")
    func providers() async throws {
        let good = try await explain(
            "/idp", try Self.token(#"{"sub":"ann","iss":"idp","aud":"api","exp":4000000000,"scope":"read"}"#))
        #expect(good.outcome == "forwarded" && good.route?.consumer == "ann")
        let note =
            "idp: the signature (EdDSA, key a) is not checked here, as the key set https://idp.test/keys would be asked for keys; "
            + "all else of the token is good"
        #expect(Self.steps(good) == ["idp: the caller is ann", note])
        for (claims, detail) in [
            (#"{"sub":"ann","iss":"idp","aud":"api","exp":1}"#, "The token has expired."),
            (#"{"sub":"ann","iss":"other","aud":"api","exp":4000000000}"#, "The token's issuer is not accepted."),
            (#"{"sub":"ann","iss":"idp","aud":"b","exp":4000000000}"#, "The token is meant for another audience."),
        ] {
            let bad = try await explain("/idp", try Self.token(claims))
            #expect(bad.outcome.hasPrefix("401") && Self.steps(bad) == ["idp: refused", "idp: \(detail)"])
        }
        let without = try await explain(
            "/idp", try Self.token(#"{"sub":"eve","iss":"idp","aud":"api","exp":4000000000}"#))
        #expect(without.outcome == "403: the caller may not do this")
        #expect(Self.steps(without).last == "The credential lacks a scope that this route needs; it needs: read.")
        #expect(
            Self.steps(try await explain("/idp", "Authorization: Bearer nonsense")).last
                == "idp: The token is not a well-formed JWT.")
    }

    @Test("where a service would be asked, it is named with what it would be asked, and the rest is shown")
    func services() async throws {
        let opaque = try await explain("/opaque", "Authorization: Bearer abc")
        #expect(
            Self.steps(opaque) == [
                "opaque: not decided here; what follows holds if the caller passes",
                "opaque: https://idp.test/introspect would be asked whether the token is active, by POST as gw",
                "what the route asks of callers (scopes, roles, claims) is not judged",
            ])
        #expect(opaque.outcome == "forwarded" && opaque.route?.consumer == nil)
        #expect(opaque.route?.limits.map(\.subject) == [nil])
        #expect(try await explain("/opaque").outcome.hasPrefix("401"), "nobody is asked about no token")
        let bouncer = try await explain("/bouncer", "Cookie: session=1", "X-Other: 2")
        #expect(
            Self.steps(bouncer).last
                == "bouncer: http://auth.test/check would be asked, by GET with X-Forwarded-Method: GET, "
                + "X-Forwarded-Host: localhost, X-Forwarded-Uri: /bouncer, Cookie")
        let text = String(decoding: try bouncer.json(), as: UTF8.self)
        #expect(!text.contains("session=1"))
    }

    @Test("who the caller is can be said, and what a consumer of that id has counts")
    func assumed() async throws {
        let assumed = try await explain("/opaque", as: "ann")
        #expect(assumed.outcome == "forwarded" && assumed.route?.consumer == "ann")
        #expect(assumed.route?.limits.map(\.policy) == ["opaque.consumer", "plan.gold"])
        #expect(Self.steps(assumed).first == "opaque: the caller is taken for ann")
    }

    @Test("a client's certificate can be shown")
    func certificates() async throws {
        let certificates = try await TestCertificates()
        let pem = String(decoding: try certificates.bytes(certificates.clientCertificate), as: UTF8.self)
        let shown = try await explain("/cards", certificate: pem)
        #expect(shown.route?.consumer == "client" && Self.steps(shown).last?.contains("subject is CN=client;") == true)
        let without = try await explain("/cards")
        #expect(without.outcome.hasPrefix("401"))
        #expect(Self.steps(without).last == "cards: the client has shown no certificate; --certificate FILE says which")
        await #expect(throws: ExplainedRequest.Mistake.self) { try await explain("/cards", certificate: "nonsense") }
        let both = try await explain("/both", Self.basic("ann:secret"), certificate: pem)
        #expect(both.route?.consumer == "ann" && both.outcome == "forwarded")
        #expect(try await explain("/both", Self.basic("ann:secret")).outcome.hasPrefix("401"))
    }

    @Test("of several authenticators the first that finds its credential decides, and anybody is for those without any")
    func several() async throws {
        #expect(try await explain("/either", Self.basic("ann:secret")).route?.consumer == "ann")
        #expect(try await explain("/either").route?.consumer == "guest")
        #expect(try await explain("/either", Self.basic("ann:wrong")).outcome.hasPrefix("401"))
        let twice = try await explain("/either", Self.basic("ann:secret"), "Authorization: Bearer a")
        #expect(twice.outcome == "400: more than one Authorization field")
    }

    @Test("signatures are checked, but for their nonce and for content that there isn't")
    func signatures() async throws {
        let base = "\"@method\": GET\n\"@authority\": localhost\n\"@path\": /signed\n\"@signature-params\": "
        let created = Int(Date().timeIntervalSince1970)
        let parameters = "(\"@method\" \"@authority\" \"@path\");created=\(created);keyid=\"k\";nonce=\"n\""
        let key = Array("0123456789abcdef0123456789abcdef".utf8)
        let signed = hmac(Array((base + parameters).utf8), key: key)
        let good = try await explain("/signed", "Signature-Input: s=\(parameters)", "Signature: s=:\(signed):")
        #expect(good.route?.consumer == "k" && Self.steps(good).last?.contains("its nonce") == true, "\(good)")
        let bad = try await explain("/signed", "Signature-Input: s=\(parameters)", "Signature: s=:AAAA:")
        #expect(bad.outcome.hasPrefix("401"))
    }

    private func hmac(_ message: [UInt8], key: [UInt8]) -> String {
        // The signature of a token of HS256 is over its header and payload, so this is done by OpenSSL.
        let hex = key.map { String(format: "%02x", $0) }.joined()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", "hexkey:\(hex)", "-binary"]
        let (input, output) = (Pipe(), Pipe())
        (process.standardInput, process.standardOutput) = (input, output)
        try? process.run()
        input.fileHandleForWriting.write(Data(message))
        try? input.fileHandleForWriting.close()
        return output.fileHandleForReading.readDataToEndOfFile().base64EncodedString()
    }

    @Test("a key that the configuration doesn't have may be in Redis, unless there is none")
    func keysElsewhere() async throws {
        let local = try await explain("/keys", "X-Key: anything")
        #expect(local.outcome.hasPrefix("401") && Self.steps(local).last == "keys: The API key is not known.")
        let shared = try Explainer(try Self.configuration(state: #"state: { redis: "redis://127.0.0.1:1" }"#))
        let open = try await shared.explain(ExplainedRequest(method: "GET", url: "/keys", headers: ["X-Key: anything"]))
        #expect(
            Self.steps(open).last
                == "keys: the key is none of the configuration's; Redis would be asked, as --redis URL does")
    }

    @Test("a preflight gets what the route behind it says of the page's origin")
    func preflights() async throws {
        let asked = [
            "Origin: https://app.test", "Access-Control-Request-Method: PUT", "Access-Control-Request-Headers: x-a",
        ]
        let allowed = try await explainer.explain(ExplainedRequest(method: "OPTIONS", url: "/pages", headers: asked))
        #expect(allowed.outcome == "204: the gateway answers the preflight of PUT" && allowed.route?.name == "pages")
        #expect(Self.steps(allowed, "cors").contains("Access-Control-Allow-Origin: https://app.test"))
        #expect(Self.steps(allowed, "cors").contains("Access-Control-Allow-Headers: x-a"))
        let foreign = try await explain(
            "/pages", "Origin: https://evil.test", "Access-Control-Request-Method: PUT", method: "OPTIONS")
        #expect(foreign.outcome == "403: the gateway refuses the preflight of PUT")
        #expect(Self.steps(foreign, "cors") == ["This route may not be called by pages of this origin."])
        let plain = try await explain("/pages", method: "OPTIONS")
        #expect(plain.outcome.hasPrefix("204: the gateway answers OPTIONS"))
        let page = try await explain("/pages", "Origin: https://app.test")
        #expect(Self.steps(page, "cors") == ["pages of https://app.test may read the response, with credentials"])
    }
}

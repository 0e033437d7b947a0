import JSON
import Testing

@testable import Credentials

@Suite("JWT verifier: claims and configuration")
struct JWTVerifierTests {
    private static let now = 1_700_000_000

    @Test("what each kind of key signs, its verifier accepts")
    func signedTokensVerify() throws {
        let signers = try [
            JWTSigner(secret: TestKeys.secret), JWTSigner(privateKeyPEM: TestKeys.rsaPrivate),
            JWTSigner(privateKeyPEM: TestKeys.p256Private),
        ]
        #expect(signers.map(\.algorithm) == [.hs256, .rs256, .es256])
        for signer in signers {
            for round in 0..<20 {
                let token = try signer.sign([
                    .init("sub", .string("user-\(round)")), .init("exp", number(Self.now + 60)),
                ])
                let verified = try #require(
                    try allKeysVerifier().verify(bytes(token), nowSeconds: Self.now).token, "\(signer.algorithm)")
                #expect(verified.subject == "user-\(round)")
            }
        }
    }

    /// RFC 7519: valid before `exp`, valid from `nbf` on; the leeway widens both.
    @Test(
        "times are judged to the second, with leeway",
        arguments: [
            (exp: "1000", nbf: "0", leeway: 0, now: 999, failure: nil),
            (exp: "1000", nbf: "0", leeway: 0, now: 1000, failure: .expired),
            (exp: "1000", nbf: "0", leeway: 30, now: 1029, failure: nil),
            (exp: "1000", nbf: "0", leeway: 30, now: 1030, failure: .expired),
            (exp: "1000.5", nbf: "0", leeway: 0, now: 1000, failure: nil),
            (exp: "1000.5", nbf: "0", leeway: 0, now: 1001, failure: .expired),
            (exp: "1e3", nbf: "0", leeway: 0, now: 1000, failure: .expired),
            (exp: "-1", nbf: "-5", leeway: 0, now: 0, failure: .expired),
            (exp: "9000", nbf: "1000", leeway: 0, now: 1000, failure: nil),
            (exp: "9000", nbf: "1000", leeway: 0, now: 999, failure: .notYetValid),
            (exp: "9000", nbf: "1000", leeway: 30, now: 970, failure: nil),
            (exp: "9000", nbf: "1000", leeway: 30, now: 969, failure: .notYetValid),
            (exp: "9000", nbf: "1000.5", leeway: 0, now: 1000, failure: .notYetValid),
            (exp: "1e99", nbf: "0", leeway: 0, now: 1, failure: .malformed),
            (exp: "\"1000\"", nbf: "0", leeway: 0, now: 1, failure: .malformed),
            (exp: "null", nbf: "0", leeway: 0, now: 1, failure: .malformed),
            (exp: "1000", nbf: "true", leeway: 0, now: 1, failure: .malformed),
        ] as [(exp: String, nbf: String, leeway: Int, now: Int, failure: JWTFailure?)])
    func times(exp: String, nbf: String, leeway: Int, now: Int, failure: JWTFailure?) throws {
        let verdict = try verify(#"{"exp":\#(exp),"nbf":\#(nbf)}"#, now: now) { $0.leewaySeconds = leeway }
        #expect(verdict.failure == failure)
    }

    @Test("a token without expiry is refused unless that is allowed")
    func missingExpiry() throws {
        #expect(try verify("{}").failure == .missingExpiry)
        #expect(try verify("{}") { $0.requiresExpiry = false }.failure == nil)
    }

    @Test(
        "the issuer must be the configured one, byte by byte",
        arguments: [
            (#""iss":"https://idp/""#, nil), (#""iss":"https://idp""#, .wrongIssuer),
            (#""iss":"HTTPS://idp/""#, .wrongIssuer),
            (#""x":1"#, .wrongIssuer), (#""iss":["https://idp/"]"#, .malformed), (#""iss":null"#, .malformed),
        ] as [(String, JWTFailure?)])
    func issuer(claim: String, failure: JWTFailure?) throws {
        #expect(try verify("{\"exp\":2000000000,\(claim)}") { $0.issuer = "https://idp/" }.failure == failure)
    }

    @Test(
        "one configured audience must be among the token's",
        arguments: [
            (#""aud":"api""#, nil), (#""aud":["web","admin"]"#, nil), (#""aud":"web""#, .wrongAudience),
            (#""aud":[]"#, .wrongAudience), (#""x":1"#, .wrongAudience), (#""aud":1"#, .malformed),
            (#""aud":["api",1]"#, .malformed),
        ] as [(String, JWTFailure?)])
    func audience(claim: String, failure: JWTFailure?) throws {
        #expect(try verify("{\"exp\":2000000000,\(claim)}") { $0.audiences = ["api", "admin"] }.failure == failure)
    }

    @Test("scopes come from `scope` and `scp`, as a list or as words")
    func scopes() throws {
        let token = try #require(
            try verify(#"{"exp":2000000000,"sub":"u","scope":"users.read  users.write","scp":["admin"]}"#).token)
        #expect(token.scopes == ["users.read", "users.write", "admin"])
        #expect(token.hasScope("admin"))
        #expect(!token.hasScope("users"))
        #expect(try verify(#"{"exp":2000000000,"scope":7}"#).failure == .malformed)
    }

    @Test(
        "a payload that is no JSON object is refused",
        arguments: ["", "[]", "1", "{", #"{"exp":2000000000,"exp":2000000000}"#, #"{"exp":2000000000,"sub":7}"#])
    func payloads(payload: String) throws {
        #expect(try verify(payload).failure == .malformed)
    }

    @Test("every failure has a challenge that quotes its own detail")
    func challenges() {
        for failure in JWTFailure.allCases {
            #expect(failure.challenge == #"Bearer error="invalid_token", error_description="\#(failure.detail)""#)
            #expect(failure.challenge.utf8.allSatisfy { (0x20..<0x7F).contains($0) })
        }
        #expect(Set(JWTFailure.allCases.map(\.detail)).count == JWTFailure.allCases.count)
    }

    @Test("a configuration that could never verify, or that contradicts itself, is refused")
    func configurations() throws {
        let secret = try JWTKey.secret(TestKeys.secret)
        let rsa = try JWTKey.publicKey(pem: TestKeys.rsaPublic, id: "a")
        let p256 = try JWTKey.publicKey(pem: TestKeys.p256Public, id: "a")
        expectRefusal(.init(algorithms: [], keys: [secret]), "no algorithm")
        expectRefusal(.init(algorithms: [.rs256], keys: []), "RS256 is allowed but has no key")
        expectRefusal(.init(algorithms: [.hs256, .es256], keys: [secret]), "ES256 is allowed but has no key")
        expectRefusal(.init(algorithms: [.hs256], keys: [secret, rsa]), "allow RS256 or RS384")
        expectRefusal(.init(algorithms: [.rs256, .es256], keys: [rsa, p256]), "two keys have the kid \"a\"")
        expectRefusal(.init(algorithms: [.hs256], keys: Array(repeating: secret, count: 33)), "32 at most")
        expectRefusal(.init(algorithms: [.hs256], keys: [secret], leewaySeconds: -1), "leeway")
    }

    private func expectRefusal(_ configuration: JWTVerifier.Configuration, _ reason: String) {
        let error = #expect(throws: CredentialError.self) { try JWTVerifier(configuration) }
        #expect(error?.reason.contains(reason) == true, "\(String(describing: error))")
    }

    private func number(_ value: Int) -> JSONValue { .number(JSONNumber(value)) }

    private func verify(
        _ payload: String, now: Int = JWTVerifierTests.now,
        _ adjust: (inout JWTVerifier.Configuration) -> Void = { _ in }
    ) throws -> JWTVerdict {
        var configuration = JWTVerifier.Configuration(algorithms: [.hs256], keys: [try .secret(TestKeys.secret)])
        adjust(&configuration)
        let token = try JWTSigner(secret: TestKeys.secret).sign(headerMembers: [], payload: bytes(payload))
        return try JWTVerifier(configuration).verify(bytes(token), nowSeconds: now)
    }
}

import JSON
import Testing

@testable import Credentials

@Suite("JWT verifier: types, ages, required claims, scopes and roles")
struct JWTClaimRuleTests {
    private static let now = 1_700_000_000

    private func verify(
        _ claims: String, header: [JSONObject.Member] = [], _ adjust: (inout JWTVerifier.Configuration) -> Void
    ) throws -> JWTVerdict {
        var configuration = JWTVerifier.Configuration(algorithms: [.hs256], keys: [try .secret(TestKeys.secret)])
        adjust(&configuration)
        let payload = bytes("{\"exp\":2000000000\(claims.isEmpty ? "" : ",")\(claims)}")
        let token = try JWTSigner(secret: TestKeys.secret).sign(headerMembers: header, payload: payload)
        return try JWTVerifier(configuration).verify(bytes(token), nowSeconds: Self.now)
    }

    /// Like `JWTSigner`, with a header of its own.
    private func verify(header: String, types: [String]) throws -> JWTFailure? {
        let key = try HMACKey(secret: TestKeys.secret)
        let signed = Base64URL.encode(bytes(header)) + bytes(".") + Base64URL.encode(bytes(#"{"exp":2000000000}"#))
        let code = try #require(signed.withUnsafeBytes { key.authenticationCode($0) })
        var configuration = JWTVerifier.Configuration(algorithms: [.hs256], keys: [try .secret(TestKeys.secret)])
        configuration.types = types
        let token = signed + bytes(".") + Base64URL.encode(code)
        return try JWTVerifier(configuration).verify(token, nowSeconds: Self.now).failure
    }

    @Test(
        "typ is compared as media types are, and must be there where it is asked for (RFC 8725 section 3.11)",
        arguments: [
            (#"{"alg":"HS256","typ":"at+jwt"}"#, ["at+jwt"], nil),
            (#"{"alg":"HS256","typ":"application/AT+JWT"}"#, ["at+jwt"], nil),
            (#"{"alg":"HS256","typ":"JWT"}"#, ["at+jwt"], .wrongType),
            (#"{"alg":"HS256","typ":"JWT"}"#, ["at+jwt", "jwt"], nil), (#"{"alg":"HS256"}"#, ["at+jwt"], .wrongType),
            (#"{"alg":"HS256"}"#, [], nil), (#"{"alg":"HS256","typ":1}"#, [], .malformed),
        ] as [(String, [String], JWTFailure?)])
    func types(header: String, types: [String], failure: JWTFailure?) throws {
        #expect(try verify(header: header, types: types) == failure)
    }

    @Test(
        "a token of the future, and one that is too old, are refused",
        arguments: [
            (#""iat":1700000000"#, nil, 0, nil), (#""iat":1700000001"#, nil, 0, .issuedInFuture),
            (#""iat":1700000030"#, nil, 30, nil), (#""iat":1700000031"#, nil, 30, .issuedInFuture),
            (#""iat":1699999941"#, 60, 0, nil), (#""iat":1699999940"#, 60, 0, .tooOld),
            (#""iat":1699999911"#, 60, 30, nil), ("", 60, 0, .missingClaim), (#""iat":"x""#, nil, 0, .malformed),
        ] as [(String, Int?, Int, JWTFailure?)])
    func ages(claim: String, age: Int?, leeway: Int, failure: JWTFailure?) throws {
        let verdict = try verify(claim) {
            $0.maximumAgeSeconds = age
            $0.leewaySeconds = leeway
        }
        #expect(verdict.failure == failure)
    }

    @Test(
        "required claims are there, wherever they are",
        arguments: [
            (#""jti":"1","org":{"id":0}"#, nil), (#""jti":"1""#, .missingClaim),
            (#""jti":null,"org":{"id":1}"#, .missingClaim),
            (#""jti":false,"org.id":"x""#, nil),
        ] as [(String, JWTFailure?)])
    func required(claims: String, failure: JWTFailure?) throws {
        #expect(try verify(claims) { $0.requiredClaims = ["jti", "org.id"] }.failure == failure)
    }

    @Test("scopes and roles come from where the configuration says")
    func paths() throws {
        let claims = #""scope":"a","permissions":["b","c d"],"realm_access":{"roles":["admin","a b"]},"roles":["r"]"#
        let named = try #require(
            try verify(claims) {
                $0.scopesClaim = "permissions"
                $0.rolesClaim = "realm_access.roles"
            }.token)
        #expect(named.scopes == ["b", "c", "d"] && named.roles == ["admin", "a b"])
        let unnamed = try #require(try verify(claims) { _ in }.token)
        #expect(unnamed.scopes == ["a"] && unnamed.roles == ["r"])
        #expect(try verify(#""roles":{"x":1}"#) { _ in }.token?.roles == [])
        #expect(try verify(#""roles":{"x":1}"#) { $0.rolesClaim = "roles" }.failure == .malformed)
    }

    @Test("RFC 7638 section 3.1: the thumbprint of its key, which a token may name it by")
    func thumbprint() throws {
        let jwk = """
            {"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECP\
            ebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgn\
            Yb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-c\
            sFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}
            """
        let key = try #require(try JWKSet(bytes(jwk)).keys.first)
        #expect(key.isNamed("2011-04-29") && key.isNamed("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"))
        #expect(!key.isNamed("2011-04-30"))
    }

    @Test(
        "keys under which anyone could sign are refused",
        arguments: [
            (#"{"kty":"RSA","n":"N","e":"AQ"}"#, "exponent"), (#"{"kty":"RSA","n":"N","e":"AQAA"}"#, "exponent"),
            (#"{"kty":"OKP","crv":"Ed25519","x":"AQ\#(String(repeating: "A", count: 41))"}"#, "small order"),
            (#"{"kty":"OKP","crv":"Ed25519","x":"7P\#(String(repeating: "_", count: 39))38"}"#, "small order"),
        ])
    func weak(jwk: String, reason: String) throws {
        let modulus = String(repeating: "z", count: 341) + "w"
        let error = #expect(throws: CredentialError.self) {
            try JWKSet(bytes(jwk.replacing("\"N\"", with: "\"\(modulus)\"")))
        }
        #expect(error?.reason.contains(reason) == true, "\(String(describing: error))")
    }
}

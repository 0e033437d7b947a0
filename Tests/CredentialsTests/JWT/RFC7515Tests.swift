import JSON
import Testing

@testable import Credentials

/// The examples of RFC 7515 appendix A: what other implementations agree on.
@Suite("RFC 7515 examples")
struct RFC7515Tests {
    private static let payload =
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    static let hs256 =
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\(payload).dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    static let rs256 =
        "eyJhbGciOiJSUzI1NiJ9.\(payload)."
        + "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdb"
        + "F9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383"
        + "LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWy"
        + "wlVmtVrBp0igcN_IoypGlUPQGe77Rw"
    static let es256 =
        "eyJhbGciOiJFUzI1NiJ9.\(payload)."
        + "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    static let expiry = 1_300_819_380

    @Test("A.1, A.2 and A.3 verify", arguments: [hs256, rs256, es256])
    func examplesVerify(token: String) throws {
        let verdict = try allKeysVerifier().verify(bytes(token), nowSeconds: Self.expiry - 1)
        let verified = try #require(verdict.token)
        #expect(verified.issuer == "joe")
        #expect(verified.expiry == Self.expiry)
        #expect(verified.subject == nil)
        #expect(verified.claims["http://example.com/is_root"] == .bool(true))
    }

    @Test("A.5, the unsecured token, is refused")
    func unsecured() throws {
        let verdict = try allKeysVerifier().verify(bytes("eyJhbGciOiJub25lIn0.\(Self.payload)."), nowSeconds: 0)
        #expect(verdict.failure == .unsupportedAlgorithm)
    }
}

func allKeysVerifier() throws -> JWTVerifier {
    try JWTVerifier(
        .init(
            algorithms: [.hs256, .rs256, .es256],
            keys: [
                .secret(TestKeys.secret), .publicKey(pem: TestKeys.rsaPublic), .publicKey(pem: TestKeys.p256Public),
            ]))
}

extension JWTVerdict {
    var token: VerifiedToken? {
        if case .valid(let token) = self { return token }
        return nil
    }

    var failure: JWTFailure? {
        if case .invalid(let failure) = self { return failure }
        return nil
    }
}

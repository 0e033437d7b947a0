import JSON
import Testing

@testable import Credentials

@Suite("All algorithms of RFC 7518 and RFC 8037")
struct JWTAlgorithmTests {
    private static let secret = [UInt8](repeating: 7, count: 64)

    /// Key pairs made for these tests; they protect nothing.
    private static let pairs: [KeyFamily: (private: String, public: String)] = [
        .p384: (
            """
            -----BEGIN PRIVATE KEY-----
            MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDAYL6T+bII+rf4oLOKp
            pndX7rnCpYT589U4ZnQvwcGNlMB6Hma2U1O9LlwWsDM5TqGhZANiAATSCPJyWppO
            Tym4r8EW6fu35lHNSw1TNcphg08XVqqHBIwV9wkImeUKwkkoTeguE+B3ciGcTBey
            Sod7tDc87MlAJIiesoe2dY6Tll8tExHgfj6x/ukTccUjg1OVrZMHbfE=
            -----END PRIVATE KEY-----
            """,
            """
            -----BEGIN PUBLIC KEY-----
            MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE0gjyclqaTk8puK/BFun7t+ZRzUsNUzXK
            YYNPF1aqhwSMFfcJCJnlCsJJKE3oLhPgd3IhnEwXskqHe7Q3POzJQCSInrKHtnWO
            k5ZfLRMR4H4+sf7pE3HFI4NTla2TB23x
            -----END PUBLIC KEY-----
            """
        ),
        .p521: (
            """
            -----BEGIN PRIVATE KEY-----
            MIHuAgEAMBAGByqGSM49AgEGBSuBBAAjBIHWMIHTAgEBBEIBr/6ZSyav6pBG/j/t
            79O14UjGShTqYEDGTZGJgeHBM1NF1OcB0gh95i27SUsmTRBFZPakfbBY0vihJdA/
            sdJBvOuhgYkDgYYABAFpRbiwa63PVvx9BYNDacRLVi8xC/OMNulIIA9eqOknxNmv
            7QpARy0xesUEvo7ZnGtvAsZwQV3IR6BcOQ1taVmGdAA3UK7xr24y8gG/9sNQPzgg
            7KZsm4yk68Q8/b0XNOS/ninqVmlHfN7QGsgpoOgvBTaQDVpvhYqFlnONkawxob49
            Ow==
            -----END PRIVATE KEY-----
            """,
            """
            -----BEGIN PUBLIC KEY-----
            MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQBaUW4sGutz1b8fQWDQ2nES1YvMQvz
            jDbpSCAPXqjpJ8TZr+0KQEctMXrFBL6O2ZxrbwLGcEFdyEegXDkNbWlZhnQAN1Cu
            8a9uMvIBv/bDUD84IOymbJuMpOvEPP29FzTkv54p6lZpR3ze0BrIKaDoLwU2kA1a
            b4WKhZZzjZGsMaG+PTs=
            -----END PUBLIC KEY-----
            """
        ),
        .ed25519: (
            """
            -----BEGIN PRIVATE KEY-----
            MC4CAQAwBQYDK2VwBCIEINDFx1k/zPZqyGJ8PnksxlUph5pPqS7/UQNzf3/H4KUP
            -----END PRIVATE KEY-----
            """,
            """
            -----BEGIN PUBLIC KEY-----
            MCowBQYDK2VwAyEA7nSdmqML6mF6zD2ZyZHaIpX0YBiIbmHVkSkzvZDF9tQ=
            -----END PUBLIC KEY-----
            """
        ),
    ]

    private func pair(_ algorithm: JWTAlgorithm) throws -> (signer: JWTSigner, key: JWTKey) {
        switch algorithm.family {
        case .secret:
            (try JWTSigner(secret: Self.secret, algorithm: algorithm), try .secret(Self.secret))
        case .rsa:
            (
                try JWTSigner(privateKeyPEM: TestKeys.rsaPrivate, algorithm: algorithm),
                try .publicKey(pem: TestKeys.rsaPublic)
            )
        case .p256:
            (
                try JWTSigner(privateKeyPEM: TestKeys.p256Private, algorithm: algorithm),
                try .publicKey(pem: TestKeys.p256Public)
            )
        case let family:
            (
                try JWTSigner(
                    privateKeyPEM: Array((Self.pairs[family]?.private ?? "").utf8), algorithm: algorithm),
                try .publicKey(pem: Array((Self.pairs[family]?.public ?? "").utf8))
            )
        }
    }

    @Test("what one signs it verifies, and no other algorithm does", arguments: JWTAlgorithm.allCases)
    func roundTrip(_ algorithm: JWTAlgorithm) throws {
        let (signer, key) = try pair(algorithm)
        let token = Array(
            try signer.sign([.init("sub", .string("alice")), .init("exp", .number(JSONNumber(100)))]).utf8)
        let verifier = try JWTVerifier(.init(algorithms: [algorithm], keys: [key]))
        #expect(verifier.verify(token, nowSeconds: 1).token?.subject == "alice")
        for index in [token.count - 2, token.count / 2] {
            var forged = token
            forged[index] = forged[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(verifier.verify(forged, nowSeconds: 1).token == nil)
        }
        for other in JWTAlgorithm.allCases where other != algorithm && other.family == algorithm.family {
            let strict = try JWTVerifier(.init(algorithms: [other], keys: [key]))
            #expect(strict.verify(token, nowSeconds: 1).failure == .unsupportedAlgorithm)
            var bound = key
            bound.algorithm = other
            let both = try JWTVerifier(.init(algorithms: [algorithm, other], keys: [bound]))
            #expect(both.verify(token, nowSeconds: 1).failure == .badSignature, "the key is for \(other)")
        }
    }

    @Test("a secret shorter than its hash is refused when it is configured")
    func shortSecret() throws {
        let key = try JWTKey.secret([UInt8](repeating: 1, count: 40))
        #expect(throws: CredentialError.self) { try JWTVerifier(.init(algorithms: [.hs384], keys: [key])) }
        _ = try JWTVerifier(.init(algorithms: [.hs256], keys: [key]))
    }

    /// RFC 8037 appendix A.4: its payload is a sentence and no claims, which is found after the signature was good.
    @Test("the signature of RFC 8037's example is good")
    func rfc8037() throws {
        let set = try JWKSet(
            Array(#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#.utf8))
        let verifier = try JWTVerifier(.init(algorithms: [.edDSA], keys: set.keys))
        let signed = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
        let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        #expect(verifier.verify(Array((signed + signature).utf8), nowSeconds: 1).failure == .malformed)
        let damaged = signed + "A" + signature.dropFirst()
        #expect(verifier.verify(Array(damaged.utf8), nowSeconds: 1).failure == .badSignature)
    }
}

@Suite("Key sets (RFC 7517)")
struct JWKSetTests {
    private func set(_ keys: String...) throws -> JWKSet {
        try JWKSet(Array("{\"keys\":[\(keys.joined(separator: ","))]}".utf8))
    }

    /// RFC 7515 appendix A.2 and A.3.
    private let rsa = #"""
        {"kty":"RSA","kid":"r","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}
        """#
    private let p256 = #"""
        {"kty":"EC","kid":"e","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}
        """#

    @Test("keys of the RFCs' examples verify what their private halves have signed")
    func examples() throws {
        let verifier = try JWTVerifier(.init(algorithms: [.rs256, .es256], keys: try set(rsa, p256).keys))
        for (pem, id) in [(TestKeys.rsaPrivate, "r"), (TestKeys.p256Private, "e")] {
            let token = try JWTSigner(privateKeyPEM: pem, keyID: id).sign([.init("exp", .number(JSONNumber(100)))])
            #expect(verifier.verify(Array(token.utf8), nowSeconds: 1).token != nil, "\(id)")
        }
    }

    @Test("keys for other ends are passed over, and damaged ones are told")
    func others() throws {
        let mixed = try set(
            rsa, p256.replacing("\"kty\"", with: "\"use\":\"enc\",\"kty\""), #"{"kty":"XYZ"}"#, "5",
            #"{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"}"#, #"{"kty":"oct","k":"AAAA"}"#)
        #expect(mixed.keys.map(\.id) == ["r"])
        #expect(mixed.notes.count == 1 && mixed.notes[0].contains("keys[4]"), "\(mixed.notes)")
    }

    @Test(
        "what is no set, or of no use, is an error",
        arguments: [
            "", "[]", "{}", #"{"keys":{}}"#, #"{"keys":[]}"#, #"{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}"#,
        ])
    func useless(_ text: String) {
        #expect(throws: CredentialError.self) { try JWKSet(Array(text.utf8)) }
    }

    @Test("a point that is not on the curve is no key")
    func offCurve() throws {
        let off = p256.replacing("x_FEzRu9m36HLN", with: "y_FEzRu9m36HLN")
        #expect(throws: CredentialError.self) { try set(off) }
    }
}

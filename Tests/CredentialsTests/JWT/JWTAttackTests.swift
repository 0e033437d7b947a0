import JSON
import Testing

@testable import Credentials

/// What RFC 8725 warns of, and bytes no issuer would send.
@Suite("JWT verifier: attacks")
struct JWTAttackTests {
    private static let now = RFC7515Tests.expiry - 1

    @Test(
        "no change of any one byte of a token verifies",
        arguments: [RFC7515Tests.hs256, RFC7515Tests.rs256, RFC7515Tests.es256])
    func tampering(token: String) throws {
        let verifier = try allKeysVerifier()
        let original = bytes(token)
        let others = bytes("AQgw7_-.=e")
        for index in original.indices {
            for other in others + [original[index] ^ 1, original[index] ^ 0x80] where other != original[index] {
                var forged = original
                forged[index] = other
                #expect(verifier.verify(forged, nowSeconds: Self.now).failure != nil, "byte \(index) as \(other)")
            }
        }
    }

    @Test(
        "no shortened or lengthened token verifies",
        arguments: [RFC7515Tests.hs256, RFC7515Tests.rs256, RFC7515Tests.es256])
    func truncation(token: String) throws {
        let verifier = try allKeysVerifier()
        let original = bytes(token)
        for count in 0..<original.count {
            #expect(verifier.verify(Array(original.prefix(count)), nowSeconds: Self.now).failure != nil)
        }
        for suffix in ["=", "A", ".", " ", "\n", ".A"] {
            #expect(verifier.verify(original + bytes(suffix), nowSeconds: Self.now).failure != nil)
        }
    }

    @Test("a public key is never taken for a shared secret")
    func algorithmConfusion() throws {
        let forged = try JWTSigner(secret: TestKeys.rsaPublic).sign([.init("exp", .number(JSONNumber(2_000_000_000)))])
        let key = try JWTKey.publicKey(pem: TestKeys.rsaPublic)
        let strict = try JWTVerifier(.init(algorithms: [.rs256], keys: [key]))
        #expect(strict.verify(bytes(forged), nowSeconds: 1).failure == .unsupportedAlgorithm)
        let mixed = try JWTVerifier(.init(algorithms: [.rs256, .hs256], keys: [key, .secret(TestKeys.secret)]))
        #expect(mixed.verify(bytes(forged), nowSeconds: 1).failure == .badSignature)
    }

    @Test(
        "an algorithm that is not allowed, or not spelled exactly, is refused",
        arguments: ["none", "None", "NONE", "hs256", "HS512", "PS256", "", "HS256 "])
    func algorithms(name: String) throws {
        let header = Base64URL.encode(bytes(#"{"alg":"\#(name)"}"#))
        let token = header + bytes(".e30.")
        #expect(try allKeysVerifier().verify(token, nowSeconds: 1).failure == .unsupportedAlgorithm)
    }

    @Test(
        "headers that demand more than is understood are refused, also when signed",
        arguments: [
            (.init("crit", .array([.string("exp")])), .unsupportedExtension),
            (.init("crit", .array([])), .unsupportedExtension),
            (.init("b64", .bool(false)), .unsupportedExtension), (.init("b64", .bool(true)), nil),
            (.init("kid", .null), .malformed), (.init("kid", .number(JSONNumber(1))), .malformed),
            (.init("jku", .string("https://evil.example/keys")), nil),
        ] as [(JSONObject.Member, JWTFailure?)])
    func headers(member: JSONObject.Member, failure: JWTFailure?) throws {
        let signer = try JWTSigner(secret: TestKeys.secret)
        let token = try signer.sign(headerMembers: [member], payload: bytes(#"{"exp":2000000000}"#))
        #expect(try allKeysVerifier().verify(bytes(token), nowSeconds: 1).failure == failure)
    }

    @Test(
        "a header that is no JSON object with an algorithm is refused",
        arguments: ["", "[]", "{}", #"{"alg":1}"#, #"{"alg":"HS256","alg":"HS256"}"#])
    func malformedHeaders(header: String) throws {
        let token = Base64URL.encode(bytes(header)) + bytes(".e30.AAAA")
        #expect(try allKeysVerifier().verify(token, nowSeconds: 1).failure == .malformed)
    }

    @Test("a token gets the key it names, and no other")
    func keySelection() throws {
        let old = [UInt8](repeating: 1, count: 32)
        let new = [UInt8](repeating: 2, count: 32)
        let verifier = try JWTVerifier(
            .init(algorithms: [.hs256], keys: [.secret(old, id: "old"), .secret(new, id: "new")]))
        func failure(_ secret: [UInt8], _ keyID: String?) throws -> JWTFailure? {
            let token = try JWTSigner(secret: secret, keyID: keyID).sign([
                .init("exp", .number(JSONNumber(2_000_000_000)))
            ])
            return verifier.verify(bytes(token), nowSeconds: 1).failure
        }
        #expect(try failure(old, "old") == nil)
        #expect(try failure(new, "new") == nil)
        #expect(try failure(new, nil) == nil)
        #expect(try failure(new, "old") == .badSignature)
        #expect(try failure(new, "other") == .unknownKey)
        #expect(try failure([UInt8](repeating: 3, count: 32), nil) == .badSignature)
    }

    @Test("16 KiB of token are judged, one byte more is too large")
    func sizeBound() throws {
        let verifier = try allKeysVerifier()
        let token = [UInt8](repeating: 0x41, count: CompactToken.maximumBytes)
        #expect(verifier.verify(token, nowSeconds: 1).failure == .malformed)
        #expect(verifier.verify(token + [0x41], nowSeconds: 1).failure == .tooLarge)
    }

    @Test("random bytes are refused and never crash")
    func fuzz() throws {
        let verifier = try allKeysVerifier()
        var generator = SystemRandomNumberGenerator()
        let alphabet = bytes("eyJhbGciOiJIUzI1NiJ9..._-=ABCxyz019{}\"") + [0, 0x80, 0xFF]
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...200, using: &generator)
            let token = (0..<count).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &generator)] }
            #expect(verifier.verify(token, nowSeconds: 1).failure != nil)
        }
    }

    @Test("random headers and payloads under a genuine signature never crash")
    func signedFuzz() throws {
        let verifier = try allKeysVerifier()
        let signer = try JWTSigner(secret: TestKeys.secret)
        var generator = SystemRandomNumberGenerator()
        let seed = bytes(#"{"iss":"joe","exp":2000000000.5,"aud":["a","b"],"scope":"x y","nbf":0}"#)
        for _ in 0..<5_000 {
            var payload = seed
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                payload[Int.random(in: 0..<payload.count, using: &generator)] = UInt8.random(
                    in: 0...255, using: &generator)
            }
            let token = try signer.sign(headerMembers: [], payload: payload)
            if let verified = verifier.verify(bytes(token), nowSeconds: 1).token { #expect(verified.expiry != nil) }
        }
    }
}

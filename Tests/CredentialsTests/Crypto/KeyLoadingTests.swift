import Testing

@testable import Credentials

@Suite("Loading keys")
struct KeyLoadingTests {
    @Test("public keys and certificates are read, and know their family")
    func publicKeys() throws {
        #expect(try PublicKey(pem: TestKeys.rsaPublic).family == .rsa)
        #expect(try PublicKey(pem: TestKeys.p256Public).family == .p256)
        #expect(try PublicKey(pem: TestKeys.p384Public).family == .p384)
        #expect(try PublicKey(pem: TestKeys.ed25519Public).family == .ed25519)
        #expect(try PublicKey(pem: TestKeys.p256Certificate).family == .p256)
        #expect(try PublicKey(pem: bytes("A comment\r\n") + TestKeys.p256Public).family == .p256)
    }

    @Test("private keys are read in their new and older forms")
    func privateKeys() throws {
        #expect(try PrivateKey(pem: TestKeys.rsaPrivate).family == .rsa)
        #expect(try PrivateKey(pem: TestKeys.p256Private).family == .p256)
        #expect(try PrivateKey(pem: TestKeys.p256PrivateSEC1).family == .p256)
    }

    @Test(
        "what can't verify is refused with the reason",
        arguments: [
            (TestKeys.rsa1024Public, "1024 bits"), (TestKeys.secp256k1Public, "secp256k1"),
            (TestKeys.x25519Public, "not supported"), (TestKeys.rsaPKCS1Public, "-RSAPublicKey_in"),
            (TestKeys.p256Private, "openssl pkey -in KEY -pubout"), ([], "found none"), (bytes("hello"), "found none"),
            (bytes("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"), "can't be read"),
            (Array(TestKeys.p256Public.prefix(100)), "can't be read"),
            (bytes("-----BEGIN DH PARAMETERS-----\n"), "found `DH PARAMETERS`"),
            ([UInt8](repeating: 0x41, count: PEM.maximumBytes + 1), "256 KiB"),
        ])
    func publicKeyRefusals(pem: [UInt8], reason: String) {
        let error = #expect(throws: CredentialError.self) { try PublicKey(pem: pem) }
        #expect(error?.reason.contains(reason) == true, "\(String(describing: error))")
    }

    @Test("an encrypted private key is refused without asking for its passphrase")
    func encryptedPrivateKey() {
        let error = #expect(throws: CredentialError.self) { try PrivateKey(pem: TestKeys.encryptedPrivate) }
        #expect(error?.reason.contains("encrypted") == true)
        #expect(throws: CredentialError.self) { try PrivateKey(pem: TestKeys.p256Public) }
    }

    @Test("raw and DER forms of an ECDSA signature are the same numbers")
    func signatureForms() throws {
        var generator = SystemRandomNumberGenerator()
        for round in 0..<200 {
            var raw = (0..<64).map { _ in UInt8.random(in: 0...255, using: &generator) }
            // Leading zeros and the sign bit are where the two forms differ.
            for index in 0..<(round % 4) { raw[index] = 0; raw[32 + index] = 0 }
            let der = try #require(ECDSASignature.der(fromRaw: raw, coordinateBytes: 32))
            #expect(ECDSASignature.raw(fromDER: der, coordinateBytes: 32) == raw)
        }
        #expect(ECDSASignature.der(fromRaw: [UInt8](repeating: 1, count: 63), coordinateBytes: 32) == nil)
        #expect(ECDSASignature.der(fromRaw: [UInt8](repeating: 1, count: 65), coordinateBytes: 32) == nil)
        #expect(ECDSASignature.raw(fromDER: [0x30, 0x00], coordinateBytes: 32) == nil)
    }
}

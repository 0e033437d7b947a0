import Testing

@testable import Credentials

@Suite("Digests and secrets")
struct DigestTests {
    @Test("SHA-256 gives the digests of FIPS 180-4, over and over from one hasher")
    func knownDigests() throws {
        let hasher = try SHA256Hasher()
        for _ in 0..<3 {
            #expect(
                hasher.digest(bytes("abc")).hexadecimal
                    == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
            #expect(
                hasher.digest([]).hexadecimal == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        }
    }

    @Test("a digest reads its own hexadecimal text, and nothing shorter, longer or foreign")
    func hexadecimal() throws {
        let digest = try SHA256Hasher().digest(bytes("abc"))
        #expect(Digest(hexadecimal: digest.hexadecimal) == digest)
        #expect(Digest(hexadecimal: digest.hexadecimal.uppercased()) == digest)
        #expect(Digest(hexadecimal: String(digest.hexadecimal.dropLast())) == nil)
        #expect(Digest(hexadecimal: digest.hexadecimal + "0") == nil)
        #expect(Digest(hexadecimal: "g" + digest.hexadecimal.dropFirst()) == nil)
        #expect(Digest(hexadecimal: digest.hexadecimal + "é") == nil)
    }

    @Test("HMAC gives the code of RFC 4231 case 7, and only that code verifies")
    func knownCode() throws {
        let key = try HMACKey(secret: [UInt8](repeating: 0xAA, count: 131))
        let message = bytes(
            "This is a test using a larger than block-size key and a larger than block-size data. "
                + "The key needs to be hashed before being used by the HMAC algorithm.")
        let code = try #require(message.withUnsafeBytes { key.authenticationCode($0) })
        #expect(
            Digest { $0.copyBytes(from: code) }.hexadecimal
                == "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2")
        #expect(message.withUnsafeBytes { key.verifies(code, of: $0) })
        #expect(!message.withUnsafeBytes { key.verifies(Array(code.dropLast()), of: $0) })
        #expect(!message.withUnsafeBytes { key.verifies([], of: $0) })
    }

    @Test("a secret shorter than its hash is refused, and the error says what to do")
    func shortSecret() throws {
        _ = try HMACKey(secret: [UInt8](repeating: 1, count: 32))
        let error = #expect(throws: CredentialError.self) { try HMACKey(secret: [UInt8](repeating: 1, count: 31)) }
        #expect(error?.reason.contains("31 bytes") == true)
        #expect(error?.reason.contains("openssl rand") == true)
    }

    @Test("equal bytes are equal, others are not")
    func constantTime() {
        #expect(constantTimeEquals(bytes("same"), bytes("same")))
        #expect(!constantTimeEquals(bytes("same"), bytes("samf")))
        #expect(!constantTimeEquals(bytes("same"), bytes("sam")))
        #expect(constantTimeEquals([], []))
    }

    @Test("random bytes come in the asked number and differ each time")
    func randomness() throws {
        #expect(try randomBytes(32).count == 32)
        #expect(try randomBytes(32) != randomBytes(32))
        #expect(try randomBytes(0).isEmpty)
    }
}

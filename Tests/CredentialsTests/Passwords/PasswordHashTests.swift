import Testing

@testable import Credentials

@Suite("Hashes of passwords")
struct PasswordHashTests {
    /// All of the password "secret".
    static let hashes = [
        "$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
        "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
        "$6$rounds=1000$saltsalt$LAV5VE5Y7w1d73x1mFNspYWUpazfmwv2SoepNXNKJ/otop/Zok96Hr8Q13LEv0DRY/x8v0/crpIjl8NJSAqXV/",
        "$5$rounds=1000$saltsalt$eKLZU9t9OoPWrqOQsoTIKG0aYkZ5rGOoOQhiIvoSWX2",
        "$y$j75$saltsaltsalt$jyf/lxrpdyAIshWRo1x5DRC6KIE7sNRRtjcomR3PgHA",
    ]

    @Test("each kind verifies its password, and no other", arguments: PasswordHashTests.hashes)
    func verifies(hash: String) throws {
        let hash = try PasswordHash(hash)
        #expect(hash.verifies(bytes("secret")))
        for other in ["Secret", "secret ", "", "secre"] { #expect(!hash.verifies(bytes(other))) }
        #expect(!hash.verifies(bytes("secret") + [0]), "which to C would be the same")
        #expect(!hash.verifies([0]))
    }

    @Test("Argon2id verifies its password, where its library is installed")
    func argon2id() throws {
        let text = "$argon2id$v=19$m=256,t=2,p=1$c2FsdHNhbHQ$+Th5iEV2OIaGwZw2I3sdIGQs8rJgJILnQXTojT5S6pw"
        do throws(CredentialError) {
            let hash = try PasswordHash(text)
            #expect(hash.verifies(bytes("secret")) && !hash.verifies(bytes("other")))
        } catch {
            #expect(error.reason.contains("apt install libargon2-1"))
        }
    }

    @Test(
        "what is guessed in no time is refused, with what to do",
        arguments: [
            ("{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=", "SHA-1"), ("$apr1$abc$def", "MD5"), ("$1$abc$def", "MD5"),
            ("secret", "in clear"), ("", "in clear"), ("rqXexS6ZhobKA", "in clear"), ("$2y$04$short", "damaged"),
            ("$argon2i$v=19$m=16,t=2,p=1$c2FsdHNhbHQ$AAAA", "Argon2id"), ("$9$x", "another kind"),
        ])
    func refused(hash: String, reason: String) {
        let error = #expect(throws: CredentialError.self) { try PasswordHash(hash) }
        #expect(error?.reason.contains(reason) == true && error?.reason.contains("htpasswd -nB") == true)
        if hash.count > 6 { #expect(error?.reason.contains(hash) == false, "it might be a password") }
    }
}

@Suite("Base64")
struct Base64Tests {
    @Test(
        "one text for each byte string",
        arguments: ["", "Zg==", "Zm8=", "Zm9v", "+/+/", "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTA=="])
    func canonical(text: String) throws {
        let decoded = try #require(Base64.decode(bytes(text)))
        #expect(Base64.encode(decoded) == bytes(text))
    }

    @Test(
        "anything else is refused",
        arguments: ["Zg", "Zg=", "Zh==", "Z===", "====", "-_-_", "Zm9v\n", "Zm 9", "Zg==Zg=="])
    func refused(text: String) {
        #expect(Base64.decode(bytes(text)) == nil)
    }
}

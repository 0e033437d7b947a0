import Testing

@testable import Credentials

@Suite("Base64url")
struct Base64URLTests {
    @Test("what is encoded decodes to the same bytes, at every length")
    func roundTrip() {
        var generator = SystemRandomNumberGenerator()
        for count in 0..<130 {
            let original = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            #expect(decode(Base64URL.encode(original)) == original)
        }
    }

    @Test(
        "the known spellings come out",
        arguments: [
            ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("\u{FF}\u{3FF}", "w7_Pvw"),
        ])
    func knownSpellings(text: String, encoded: String) {
        #expect(Base64URL.encode(bytes(text)) == bytes(encoded))
        #expect(decode(bytes(encoded)) == bytes(text))
    }

    @Test(
        "every other spelling is refused",
        arguments: ["Zg==", "Zg=", "Z", "Zm9vY", "Zh", "Zm9", "Zm 9v", "Zm9v\n", "+w", "/w", "Zm9v.", "Z\u{0}", "é"])
    func refusals(text: String) {
        #expect(decode(bytes(text)) == nil)
    }

    private func decode(_ text: [UInt8]) -> [UInt8]? {
        text.withUnsafeBytes { Base64URL.decode($0) }
    }
}

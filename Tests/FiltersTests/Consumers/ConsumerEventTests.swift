import Credentials
import Testing

@testable import Filters

@Suite("Events of consumers")
struct ConsumerEventTests {
    private static let digits = String(repeating: "0a", count: 32)

    @Test("they name what has changed, and the version")
    func read() throws {
        let key = try #require(ConsumerEvent(Array("key \(Self.digits) 7".utf8)))
        let digest = try #require(Digest(hexadecimal: Self.digits))
        #expect(key.version == 7 && key.subject == .key(digest))
        #expect(ConsumerEvent(Array("consumer acme 8".utf8))?.subject == .consumer("acme"))
        #expect(ConsumerEvent(Array("plan gold 9".utf8))?.subject == .plan("gold"))
    }

    @Test(
        "other messages are none",
        arguments: [
            "", "key", "key 12 7", "key \(digits)", "key \(digits) x", "consumer a b 7", "plan gold",
            "cache purge http://x/",
            "limits a:b", "breaker x", "planet x 7", "consumer acme 99999999999999999999",
        ])
    func others(_ text: String) { #expect(ConsumerEvent(Array(text.utf8)) == nil) }
}

import Policies
import Testing

@Suite("CORS")
struct CORSRulesTests {
    @Test(
        "an origin matches its pattern as a whole",
        arguments: [
            ("https://app.example.com", "https://app.example.com", true),
            ("https://app.example.com", "HTTPS://App.example.com", true),
            ("https://app.example.com", "http://app.example.com", false),
            ("https://app.example.com", "https://app.example.com.evil.test", false),
            ("https://app.example.com", "https://app.example.com:8443", false),
            ("https://*.example.com", "https://a.example.com", true),
            ("https://*.example.com", "https://a.b.example.com", true),
            ("https://*.example.com", "https://example.com", false),
            ("https://*.example.com", "https://evilexample.com", false),
            ("https://*.example.com", "https://evil.test/.example.com", false),
            ("https://*.example.com", "https://evil.test#.example.com", false),
            ("https://*.example.com", "https://.example.com", false),
            ("https://*.example.com:8443", "https://a.example.com:8443", true),
            ("https://*.example.com", "null", false),
        ])
    func origins(pattern: String, origin: String, isMatch: Bool) throws {
        #expect(try #require(OriginPattern(pattern)).matches(origin.utf8) == isMatch)
    }

    @Test(
        "what is no origin is no pattern",
        arguments: [
            "", "example.com", "https://", "https://a/", "https://a.*.b", "https://**", "https://*", "https://u@a",
        ])
    func patterns(_ text: String) { #expect(OriginPattern(text) == nil) }

    @Test("methods are compared exactly, names of fields without regard to case")
    func names() {
        var rules = CORSRules()
        rules.headers = .listed(["Content-Type"])
        rules.methods = ["GET"]
        #expect(rules.allows(header: "content-type".utf8) && !rules.allows(header: "x-a".utf8))
        #expect(rules.allows(method: "GET".utf8) && !rules.allows(method: "get".utf8))
    }
}

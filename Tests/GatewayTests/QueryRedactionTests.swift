import HTTPWire
import Testing

@testable import Gateway

@Suite("Query strings in logs")
struct QueryRedactionTests {
    @Test(
        "values of secret parameters are not shown, however their names are written",
        arguments: [
            ("a=1&token=abc&b=2", "a=1&token=REDACTED&b=2"), ("TOKEN=x", "TOKEN=REDACTED"),
            ("t%6Fken=x&c", "t%6Fken=REDACTED&c"), ("tokens=x", "tokens=x"), ("token", "token"), ("", ""),
            ("&&a=b", "&&a=b"), ("token=a=b&token=c", "token=REDACTED&token=REDACTED"),
        ])
    func redaction(query: String, expected: String) {
        let result = ByteBuilder(capacity: 64)
        Array(query.utf8).withUnsafeBufferPointer { QueryRedaction.append($0, hiding: ["token"], to: result) }
        #expect(result.bytes.text == expected)
    }
}

import JSON
import Testing

@Suite("JSON written in code")
struct JSONLiteralTests {
    private func text(_ value: JSONValue) -> String { String(decoding: JSONWriter.write(value), as: UTF8.self) }

    @Test("literals make the value they look like")
    func literals() {
        #expect(text(["b": [1, "x", true], "a": [:]]) == #"{"a":{},"b":[1,"x",true]}"#)
    }

    @Test(
        "decimals have three places at most",
        arguments: [
            (0, "0"), (1.5, "1.500"), (-0.25, "-0.250"), (12.0004, "12"), (-0.0001, "0"), (0.0625, "0.063"),
            (.infinity, "null"), (.nan, "null"), (1e13, "null"),
        ] as [(Double, String)])
    func decimals(value: Double, expected: String) {
        #expect(text(.decimal(value)) == expected)
    }
}

import Testing

@testable import JSON

@Suite("JSON kept as it came")
struct RawJSONTests {
    private func json(_ text: String) throws -> RawJSON { try RawJSON(checking: Array(text.utf8)) }
    private func text(_ value: RawJSON?) -> String? { value.map { String(decoding: $0.bytes, as: UTF8.self) } }

    @Test("parts are passed on byte by byte: numbers keep their digits, members their order")
    func exact() throws {
        let order = try json(" {\"z\":1.10, \"a\" : 12345678901234567890123, \"e\":1E400,\"s\":\"\\u00e9\\n\"} ")
        #expect(text(order) == "{\"z\":1.10, \"a\" : 12345678901234567890123, \"e\":1E400,\"s\":\"\\u00e9\\n\"}")
        #expect(text(order["z"]) == "1.10" && text(order["a"]) == "12345678901234567890123")
        #expect(text(order["e"]) == "1E400" && text(order["s"]) == "\"\\u00e9\\n\"" && order["s"]?.text == "é\n")
    }

    @Test(
        "paths lead through members, places and stars",
        arguments: [
            ("items.0.id", "7"), ("items.1.id", "null"), ("items.*.id", "[7,null]"), ("items.2.id", nil),
            ("items.-1", nil), ("user.name", "\"Ann\""), ("user.0", nil), ("user.name.x", nil), ("a b", "true"),
            ("items.*.x", "[]"), ("user.*", nil), ("é", "1"),
        ] as [(String, String?)])
    func paths(path: String, found: String?) throws {
        let value = try json(
            "{\"items\": [ {\"id\":7} , {\"id\": null}], \"user\":{\"name\":\"Ann\"}, \"a b\": true, \"\\u00e9\": 1}")
        let steps = path.split(separator: ".").map(String.init)
        #expect(text(value.value(at: steps[...])) == found)
    }

    @Test("of members with the same name the last one counts")
    func duplicates() throws { #expect(try text(json("{\"a\":1,\"a\":2}")["a"]) == "2") }

    @Test("within a text strings lose their quotes, and lists of them are joined")
    func texts() throws {
        let told = try ["\"a\\\"b\"", "1.0", "true", "null", "[1,\"b\",3.50]", "{\"a\":1}", "[[1]]", "[]"].map {
            try json($0).text
        }
        #expect(told == ["a\"b", "1.0", "true", nil, "1,b,3.50", "{\"a\":1}", "[[1]]", ""])
    }

    @Test("what is made of values is JSON again")
    func made() throws {
        #expect(text(.array([.string("a\"\n"), .number(3), .null])) == "[\"a\\\"\\u000a\",3,null]")
    }

    @Test(
        "what is not JSON is refused",
        arguments: [
            "", " ", "{", "[1,]", "{\"a\":1,}", "{a:1}", "{\"a\" 1}", "01", "1.", "1e", "-", "+1", ".5", "tru", "nul",
            "\"a", "\"\\x\"", "\"\\u12g4\"", "\"a\nb\"", "[1] 2", "NaN", "'a'", "{\"a\":}", "[", "\u{FEFF}1", "[1 2]",
        ])
    func refused(text: String) { #expect(throws: JSONFailure.self) { try json(text) } }

    @Test("bytes that are no UTF-8, and nesting beyond the bound, are refused")
    func bounds() throws {
        #expect(throws: JSONFailure.self) { try RawJSON(checking: [0x22, 0xC3, 0x28, 0x22]) }
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(try json(nested(64)).isArray)
        #expect(throws: JSONFailure.self) { try json(nested(65)) }
        #expect(throws: JSONFailure.self) { try json(String(repeating: "[", count: 1_000_000)) }
    }

    @Test("it accepts what the strict reader accepts")
    func agrees() throws {
        let samples = ["{\"a\":[1,2,{\"b\":\"\\ud83d\\ude00\"}]}", "-0.5e-3", "[true,false,null]", "\"\"", "{}", "0"]
        for sample in samples {
            let value = try JSONReader.read(Array(sample.utf8))
            #expect(try JSONReader.read(Array(json(sample).bytes)) == value)
        }
    }
}

import Foundation
import Testing

@testable import JSON

@Suite("JSON reader")
struct JSONReaderTests {
    @Test("a text of every kind of value is read as written")
    func readsEveryKind() throws {
        let value = try JSONReader.read(
            bytes(
                #" { "b" : [ 1 , -2.50e+3, true, false, null, "\u00e9\ud83d\ude00\n\/\\\"" ] , "a" : { } , "" : "é" } "#
            ))
        let object = try #require(value.object)
        #expect(object.members.map(\.name) == ["", "a", "b"])
        #expect(object[""] == .string("é"))
        #expect(object["a"] == .object(JSONObject()))
        #expect(object["c"] == nil)
        let elements = try #require(object["b"]?.array)
        #expect(elements[0].number?.integer == 1)
        #expect(elements[1].number?.text == "-2.50e+3")
        #expect(elements[2...4] == [.bool(true), .bool(false), .null])
        #expect(elements[5].string == "é😀\n/\\\"")
    }

    @Test(
        "what the grammar does not allow is refused",
        arguments: [
            "", " ", "{", "[", "[1,]", "{,}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{a:1}"#, "01", "-", "1.", ".5",
            "1e",
            "+1", "0x10", "NaN", "Infinity", "tru", "truee", "nul", "1 2", "[1 2]", "'a'", "\"a", "\"\\", "\"\\x\"",
            "\"\\u12\"", "\"\\u12G4\"", "\"\u{1}\"", "\"a\tb\"", "\u{FEFF}1", "//\n1", "[1]]", "\"\\ud800\"",
            "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"\\ud800x\"",
        ])
    func refusals(text: String) {
        #expect(throws: JSONFailure.self) { try JSONReader.read(bytes(text)) }
    }

    @Test(
        "a member name that comes twice is refused, however it is spelled",
        arguments: [#"{"a":1,"a":1}"#, #"{"a":1,"b":2,"\u0061":3}"#, #"[{"x":{"é":1,"\u00e9":2}}]"#])
    func duplicateNames(text: String) {
        #expect(throws: JSONFailure.self) { try JSONReader.read(bytes(text)) }
    }

    @Test("names that only look alike are different names")
    func equivalentNames() throws {
        let object = try #require(
            try JSONReader.read(bytes("{\"\u{E9}\":1,\"e\u{301}\":2,\"\u{212A}\":3,\"K\":4}")).object)
        #expect(object.members.count == 4)
        #expect(object["\u{E9}"]?.number?.integer == 1)
        #expect(object["e\u{301}"]?.number?.integer == 2)
        #expect(object["K"]?.number?.integer == 4)
    }

    @Test(
        "strings that are not UTF-8 are refused",
        arguments: [[0xFF], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xE2, 0x82], [0x80]]
            as [[UInt8]])
    func invalidUTF8(content: [UInt8]) {
        #expect(throws: JSONFailure.self) { try JSONReader.read([0x22] + content + [0x22]) }
        #expect(throws: JSONFailure.self) { try JSONReader.read([0x22, 0x5C, 0x6E] + content + [0x22]) }
    }

    @Test("depth 16 is read, depth 17 is not")
    func depthBound() throws {
        func nested(_ depth: Int) -> [UInt8] {
            bytes(String(repeating: "[", count: depth) + String(repeating: "]", count: depth))
        }
        _ = try JSONReader.read(nested(16))
        #expect(throws: JSONFailure.self) { try JSONReader.read(nested(17)) }
        #expect(throws: JSONFailure.self) { try JSONReader.read(nested(8000)) }
    }

    @Test("a caller may set other bounds, and the message names them")
    func ownBounds() throws {
        let text = bytes(String(repeating: "[", count: 40) + String(repeating: "]", count: 40))
        _ = try JSONReader.read(text, maximumBytes: 80, maximumDepth: 40)
        #expect(throws: JSONFailure.self) { try JSONReader.read(text, maximumBytes: 79, maximumDepth: 40) }
        #expect(throws: JSONFailure.self) { try JSONReader.read(text, maximumBytes: 80, maximumDepth: 39) }
    }

    @Test("16 KiB are read, one byte more is not")
    func sizeBound() throws {
        let text = [UInt8](repeating: 0x20, count: JSONReader.defaultMaximumBytes - 1) + [0x31]
        #expect(try JSONReader.read(text).number?.integer == 1)
        #expect(throws: JSONFailure.self) { try JSONReader.read([0x20] + text) }
    }

    @Test("whatever is accepted, Foundation reads too; random edits never crash")
    func agreesWithFoundation() throws {
        let seed = bytes(#"{"iss":"joe","exp":1300819380.5,"n":[1,{"é":null,"k":"\u00e9\\"},true],"s":"\ud83d\ude00"}"#)
        var generator = SystemRandomNumberGenerator()
        // No "e": Foundation refuses exponents beyond those of a Double, which are valid JSON.
        let alphabet = bytes(#"{}[]",:\u0123.-+ tfn"#) + [0x00, 0x80, 0xC3, 0xFF]
        var accepted = 0
        for _ in 0..<20_000 {
            var text = seed
            for _ in 0..<Int.random(in: 0...3, using: &generator) {
                let index = Int.random(in: 0..<text.count, using: &generator)
                text[index] = alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
            }
            guard let value = try? JSONReader.read(text) else { continue }
            accepted += 1
            #expect(throws: Never.self) {
                try JSONSerialization.jsonObject(with: Data(text), options: .fragmentsAllowed)
            }
            #expect(try JSONReader.read(JSONWriter.write(value)) == value)
        }
        #expect(accepted > 1000)
    }
}

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

import JSON
import Policies
import Testing

/// `{header.NAME}` by name, all else missing.
struct FixedValues: TemplateValues {
    var headers: [String: String] = [:]

    func withValue(of reference: RequestReference, _ body: (UnsafeBufferPointer<UInt8>, ValueCoding) -> Void) {
        guard case .header(let name) = reference, var value = headers[name] else { return }
        value.withUTF8 { body($0, .plain) }
    }
}

func reshape(_ text: String, _ steps: [JSONStep], headers: [String: String] = [:]) throws -> String {
    var output: [UInt8] = []
    try Array(text.utf8).withUnsafeBufferPointer {
        try JSONReshaping(steps).apply(to: $0, from: FixedValues(headers: headers), into: &output)
    }
    return String(decoding: output, as: UTF8.self)
}

func path(_ text: String) throws -> JSONPath { try JSONPath(text) }

private func literal(_ text: String) -> JSONTemplate { .literal(Array(text.utf8)) }

@Suite("Reshaping JSON")
struct JSONReshapingTests {
    @Test(
        "a text that no step touches stays as it is",
        arguments: [
            "{}", " [1, 2.50,-0e+7 ,\"\\u00e9\\n\" ]\n", "{ \"a\" : { \"b\":[ {} , [] , null ] } , \"c\":1E400 }", "7",
            "\"é€😀\"", "{\"a\":123456789012345678901234567890.10}", "{\"a\":1,\"a\":2}",
        ])
    func identity(text: String) throws {
        #expect(try reshape(text, []) == text)
        #expect(try reshape(text, [.remove(path("nothing.here"))]) == text || text.contains("\"a\":1,\"a\""))
    }

    @Test(
        "a step changes what it names and nothing else",
        arguments: [
            ("{\"fullName\": \"Ada\", \"n\": 1.0}", "{\"name\":\"Ada\",\"n\": 1.0}", ["rename fullName name"]),
            ("{\"name\":1,\"x\":2,\"fullName\":3}", "{\"x\":2,\"name\":3}", ["rename fullName name"]),
            ("{\"a\":{\"b\":1,\"c\":2}}", "{\"a\":{\"z\":1,\"c\":2}}", ["rename a.b z"]),
            ("[{\"a\":1},{\"b\":2},3]", "[{\"z\":1},{\"b\":2},3]", ["rename a z"]),
            ("{\"a\": 1, \"internal\": [1], \"b\":2}", "{\"a\": 1,\"b\":2}", ["remove internal"]),
            ("{\"internal\":1}", "{}", ["remove internal"]),
            ("{\"i\":[{\"p\":1,\"q\":2},{\"p\":3}]}", "{\"i\":[{\"q\":2},{}]}", ["remove i.*.p"]),
            ("{\"i\":[{\"p\":1,\"q\":2},{\"p\":3}]}", "{\"i\":[{\"q\":2},{}]}", ["remove i[].p"]),
            ("{\"i\":[{\"p\":1,\"q\":2},{\"p\":3}]}", "{\"i\":[{\"q\":2},{}]}", ["remove i.p"]),
            ("{\"i\":[1,2,3]}", "{\"i\":[1,3]}", ["remove i.1"]),
            ("{\"i\":[1,2,3]}", "{\"i\":[2,3]}", ["remove i[0]"]),
            ("{\"a/b\":{\"c~d\":1,\"e\":2}}", "{\"a/b\":{\"e\":2}}", ["remove /a~1b/c~0d"]),
            ("{\"a.b\":1,\"c\":2}", "{\"c\":2}", ["remove a\\.b"]),
            ("{\"\\u0061\":1,\"b\":2}", "{\"b\":2}", ["remove a"]),
            (
                "{\"a\":{\"zip\":\"1\",\"x\":2},\"n\":3}", "{\"a\":{\"x\":2},\"n\":3,\"postcode\":\"1\"}",
                ["move a.zip postcode"]
            ),
            ("{\"a\":1}", "{\"b\":{\"c\":1}}", ["move a b.c"]),
            ("{\"a\":1,\"b\":null}", "{\"b\":{\"c\":1}}", ["move a b.c"]),
            ("{\"a\":1,\"b\":\"text\"}", "{\"a\":1,\"b\":\"text\"}", ["move a b.c"]),
            ("{\"a\":1,\"b\":{\"c\":7}}", "{\"b\":{\"c\":1}}", ["move a b.c"]),
            (
                "{\"i\":[{\"p\":{\"v\":1}},{\"p\":{\"v\":2}}]}", "{\"i\":[{\"p\":{},\"c\":1},{\"p\":{},\"c\":2}]}",
                ["move i.*.p.v i.*.c"]
            ),
            ("[{\"a\":{\"b\":1}}]", "[{\"a\":{},\"c\":1}]", ["move a.b c"]),
            ("{\"a\":{\"b\":[1, 2]}}", "{\"a\":{\"b\":[1, 2]},\"c\":[1, 2]}", ["copy a.b c"]),
            ("{\"id\":1,\"x\":2,\"name\":\"n\"}", "{\"id\":1,\"name\":\"n\"}", ["keep id name"]),
            ("[{\"id\":1,\"x\":2},5,{\"y\":1}]", "[{\"id\":1},{}]", ["keep id"]),
            (
                "{\"a\":{\"b\":1,\"c\":2},\"i\":[{\"b\":1,\"c\":2}],\"s\":1}", "{\"a\":{\"b\":1},\"i\":[{\"c\":2}]}",
                ["keep a.b i.*.c s.t"]
            ),
            ("{\"a\":1}", "{\"data\":{\"a\":1}}", ["wrap data"]), ("[1, 2]", "{\"data\":[1, 2]}", ["wrap data"]),
            ("{\"data\": [1, 2]}", "[1, 2]", ["unwrap data"]), ("{\"a\":{\"b\":1}}", "{\"b\":1}", ["unwrap a"]),
            ("{\"a\":1}", "{\"a\":1}", ["unwrap data"]),
            (
                "{\"a\":1,\"b\":true,\"c\":\"x\",\"d\":null}", "{\"a\":\"1\",\"b\":\"true\",\"c\":\"x\",\"d\":null}",
                ["string *"]
            ),
            (
                "{\"a\":\"1.50\",\"b\":\"x\",\"c\":\"1e5\",\"d\":\"01\"}",
                "{\"a\":1.50,\"b\":\"x\",\"c\":1e5,\"d\":\"01\"}", ["number *"]
            ),
            ("[\"true\",\"0\",1,\"yes\",false]", "[true,false,true,\"yes\",false]", ["boolean []"]),
            ("{\"t\":\"a\",\"u\":[1],\"n\":null}", "{\"t\":[\"a\"],\"u\":[1],\"n\":[]}", ["array *"]),
            ("{\"a\":1,\"a\":2,\"b\":3}", "{\"z\":2,\"b\":3}", ["rename a z"]),
            ("{\"a\":1,\"b\":3,\"a\":2}", "{\"b\":3}", ["remove a"]),
            ("{\"a\":1,\"b\":3,\"a\":2}", "{\"a\":2}", ["keep a"]),
        ] as [(String, String, [String])])
    func steps(text: String, expected: String, written: [String]) throws {
        #expect(try reshape(text, try written.map(step)) == expected)
    }

    @Test("values are put where the path leads, and templates are escaped")
    func values() throws {
        #expect(try reshape("{}", [.set(path("a.b"), literal("[1]"))]) == "{\"a\":{\"b\":[1]}}")
        #expect(try reshape("{\"a\":7}", [.set(path("a"), literal("null"))]) == "{\"a\":null}")
        #expect(try reshape("{\"a\":7}", [.set(path("a.b"), literal("1"))]) == "{\"a\":7}")
        #expect(try reshape("[{},{\"a\":1}]", [.set(path("a"), literal("2"))]) == "[{\"a\":2},{\"a\":2}]")
        #expect(try reshape("{\"i\":[1,2]}", [.set(path("i.1"), literal("9"))]) == "{\"i\":[1,9]}")
        let fallback = [JSONStep.fallback(try path("a"), literal("2"))]
        #expect(try reshape("[{},{\"a\":1},{\"a\":null}]", fallback) == "[{\"a\":2},{\"a\":1},{\"a\":2}]")
        let template = try Template(TemplateText("v {header.x}")) { _ in RequestReference.header("x") }
        let set = [JSONStep.set(try path("a"), .text(template))]
        #expect(try reshape("{}", set, headers: ["x": "a\"b\n"]) == "{\"a\":\"v a\\\"b\\u000a\"}")
        #expect(try reshape("{}", set) == "{}")
        let object = JSONTemplate.object([
            .init(name: JSONTemplate.quoted("n"), value: .text(template)),
            .init(name: JSONTemplate.quoted("m"), value: literal("1")),
        ])
        #expect(try reshape("{}", [.set(path("o"), object)]) == "{\"o\":{\"m\":1}}")
        #expect(
            try reshape("{}", [.set(path("o"), object), .rename(path("o.m"), to: Array("z".utf8))])
                == "{\"o\":{\"z\":1}}", "what a step has put is there for the next one")
    }

    @Test("map treats each element as a body of its own")
    func map() throws {
        let steps = [JSONStep.map(try path("items"), [.wrap(Array("item".utf8)), .set(try path("n"), literal("1"))])]
        #expect(
            try reshape("{\"items\":[1,{}],\"x\":[2]}", steps)
                == "{\"items\":[{\"item\":1,\"n\":1},{\"item\":{},\"n\":1}],\"x\":[2]}")
    }

    @Test(
        "what is not JSON is told with its place",
        arguments: [
            ("", 0), ("{", 1), ("{\"a\"}", 4), ("{\"a\":}", 5), ("[1,]", 3), ("[1 2]", 3), ("{\"a\":1,}", 7), ("01", 1),
            ("1.", 2), ("-", 1), ("tru", 0), ("nul", 0), ("\"a", 2), ("\"\\x\"", 1), ("\"\\u12G4\"", 1),
            ("\"\u{1}\"", 1),
            ("{} {}", 3), ("[1]]", 3), ("NaN", 0), ("'a'", 0), ("{a:1}", 1), ("\u{FEFF}{}", 0), ("+1", 0), ("[1}", 2),
            ("\"1\n\"", 2),
        ])
    func malformed(text: String, offset: Int) throws {
        let failure = #expect(throws: JSONFailure.self) { _ = try reshape(text, []) }
        #expect(failure?.offset == offset, "\(failure?.reason ?? "")")
    }

    @Test("invalid UTF-8, in names too, is refused")
    func invalidUTF8() throws {
        let bad: [[UInt8]] = [
            [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xFF], [0xE2, 0x82], [0x80], [0xF8, 0x88],
        ]
        for bytes in bad {
            let text = Array("{\"".utf8) + bytes + Array("\":1}".utf8)
            var output: [UInt8] = []
            let failure = #expect(throws: JSONFailure.self) {
                try text.withUnsafeBufferPointer {
                    try JSONReshaping([]).apply(to: $0, from: FixedValues(), into: &output)
                }
            }
            #expect(failure?.reason == "is not UTF-8")
        }
    }

    @Test("depth is bounded, on both sides of the bound")
    func depth() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(try reshape(nested(256), []) == nested(256))
        #expect(throws: JSONFailure.self) { try reshape(nested(257), []) }
        #expect(throws: JSONFailure.self) { try reshape(String(repeating: "{\"a\":", count: 1_000_000), []) }
    }

    @Test("many values of one name, and many elements to remove, take time by their number and not by its square")
    func linear() throws {
        let members = (0..<60_000).map { "\"m\($0)\":1" } + (0..<60_000).map { _ in "\"a\":1" }
        let start = ContinuousClock.now
        _ = try reshape("{\(members.joined(separator: ","))}", [.remove(path("a"))])
        let elements = Array(repeating: "{\"id\":1}", count: 60_000) + Array(repeating: "1", count: 200_000)
        _ = try reshape("[\(elements.joined(separator: ","))]", [.keep(JSONSelection([path("id")]))])
        #expect(ContinuousClock.now - start < .seconds(20))
    }

    @Test("a text can't be made to grow without end")
    func growth() throws {
        let steps = [JSONStep.set(try path("a"), literal("\"\(String(repeating: "x", count: 1000))\""))]
        let text = "[" + Array(repeating: "{}", count: 20_000).joined(separator: ",") + "]"
        #expect(throws: JSONFailure.self) {
            var output: [UInt8] = []
            try Array(text.utf8).withUnsafeBufferPointer {
                try JSONReshaping(steps, mostBytes: 1 << 20).apply(to: $0, from: FixedValues(), into: &output)
            }
        }
    }
}

/// `rename a b`: a step in words.
private func step(_ text: String) throws -> JSONStep {
    let words = text.split(separator: " ").map(String.init)
    switch words[0] {
    case "rename": return .rename(try path(words[1]), to: Array(words[2].utf8))
    case "remove": return .remove(try path(words[1]))
    case "move": return .move(from: try path(words[1]), to: try path(words[2]))
    case "copy": return .copy(from: try path(words[1]), to: try path(words[2]))
    case "keep": return .keep(JSONSelection(try words.dropFirst().map(path)))
    case "wrap": return .wrap(Array(words[1].utf8))
    case "unwrap": return .unwrap(try path(words[1]))
    default: return .convert(try path(words[1]), try #require(JSONConversion(rawValue: words[0])))
    }
}

@Suite("Laws of JSON steps")
struct JSONStepLaws {
    private static let steps = [
        "rename a b", "rename b c", "remove a", "remove c.a", "move a.b c", "move c b.a", "copy b a", "keep a b",
        "keep b.c a.a",
        "wrap a", "unwrap a", "string *", "number a", "boolean *", "array b", "remove a[0]", "remove *.b",
        "move a b.c.a",
    ]

    @Test("steps one after the other, and steps one text after the other, come to the same", arguments: 0..<60)
    func composition(seed: Int) throws {
        var random = Seeded(UInt64(seed))
        for _ in 0..<20 {
            let text = random.json(depth: 4)
            let steps = try (0..<4).map { _ in try step(Self.steps.randomElement(using: &random)!) }
            let atOnce = try reshape(text, steps)
            let oneByOne = try steps.reduce(text) { try reshape($0, [$1]) }
            #expect(atOnce == oneByOne, "\(text) \(steps)")
            // What comes out is JSON again.
            #expect(try reshape(atOnce, []) == atOnce)
        }
    }

    @Test("what takes away or converts does nothing the second time", arguments: 0..<30)
    func idempotence(seed: Int) throws {
        var random = Seeded(UInt64(seed) &+ 1000)
        for written in [
            "keep a b", "keep b.c", "remove *.b", "string *", "number a", "boolean *", "array b", "remove a",
        ] {
            let text = random.json(depth: 4)
            let once = try reshape(text, [step(written)])
            #expect(try reshape(once, [step(written)]) == once, "\(text) \(written)")
        }
    }

    @Test("what is moved there and back is where it was", arguments: 0..<20)
    func inverse(seed: Int) throws {
        var random = Seeded(UInt64(seed) &+ 2000)
        let value = random.json(depth: 3)
        let text = "{\"x\":\(value)}"
        #expect(try reshape(text, [step("rename x y"), step("rename y x")]) == text)
        #expect(try reshape(text, [step("wrap d"), step("unwrap d")]) == text)
        #expect(try reshape(text, [step("move x y.z"), step("move y.z x"), step("remove y")]) == text)
    }
}

private struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }

    mutating func json(depth: Int) -> String {
        let blank = ["", "", " ", "\n "].randomElement(using: &self)!
        switch Int.random(in: 0..<(depth > 0 ? 8 : 5), using: &self) {
        case 0: return ["1", "-2.50", "1e9", "123456789012345678901"].randomElement(using: &self)!
        case 1: return ["\"x\"", "\"1\"", "\"é\\n\"", "\"true\"", "\"\""].randomElement(using: &self)!
        case 2: return "true"
        case 3: return "null"
        case 4: return "0"
        case 5:
            let items = (0..<Int.random(in: 0..<4, using: &self)).map { _ in json(depth: depth - 1) }
            return "[\(blank)\(items.joined(separator: ",\(blank)"))\(blank)]"
        default:
            let items = (0..<Int.random(in: 0..<5, using: &self)).map { _ in
                "\"\(["a", "b", "c", "\\u0061"].randomElement(using: &self)!)\":\(blank)\(json(depth: depth - 1))"
            }
            return "{\(blank)\(items.joined(separator: "\(blank),"))\(blank)}"
        }
    }
}

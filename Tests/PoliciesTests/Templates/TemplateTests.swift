import Policies
import Testing

/// Values by name, as an aggregation has them.
private struct Named: TemplateValues {
    let values: [String: String]
    var coding = ValueCoding.plain

    func withValue(of reference: String, _ body: (UnsafeBufferPointer<UInt8>, ValueCoding) -> Void) {
        guard var value = values[reference] else { return }
        value.withUTF8 { body($0, coding) }
    }
}

private func template(_ text: String) throws -> Template<String> {
    try Template(TemplateText(text)) { expression in expression.name }
}

private func render(
    _ text: String, _ values: [String: String] = [:], for place: TemplatePlace = .plain,
    coding: ValueCoding = .plain
) throws -> String {
    var output: [UInt8] = []
    _ = try template(text).render(into: &output, for: place, from: Named(values: values, coding: coding))
    return String(decoding: output, as: UTF8.self)
}

@Suite("Templates")
struct TemplateTests {
    @Test(
        "literal text and values, with filters from left to right",
        arguments: [
            ("plain", "plain"), ("{a}", "Ada L"), ("x-{a}-y", "x-Ada L-y"), ("{{a}}", "{a}"), ("{ a }", "Ada L"),
            ("{a|lower}", "ada l"), ("{a | upper | lower}", "ada l"), ("{b | default(none)}", "none"),
            ("{b | default none}", "none"), ("{b | default(\"a | b }\")}", "a | b }"), ("{b | default '' }", ""),
            ("{b | default(X) | lower}", "x"), ("{a | default(none)}", "Ada L"), ("{a | urlencode}", "Ada%20L"),
            ("{a | base64}", "QWRhIEw="), ("{a | base64url}", "QWRhIEw"), ("{sp | trim}", "s"), ("{b}", ""),
            ("{e | default(x)}", "x"),
        ])
    func rendering(text: String, expected: String) throws {
        #expect(try render(text, ["a": "Ada L", "sp": " s\t", "e": ""]) == expected)
    }

    @Test(
        "a value can't leave the place it stands in",
        arguments: [
            (TemplatePlace.field, "a\r\nSet-Cookie: x=1\u{0}\u{7F}\tb", "a  Set-Cookie: x=1  \tb"),
            (.path, "../a/b?c#d%2e", "..%2Fa%2Fb%3Fc%23d%252e"), (.query, "a&b=c d+e", "a%26b%3Dc%20d%2Be"),
            (.cookie, "a; b=\"c\",\u{1}", "a%3B%20b=%22c%22%2C%01"), (.json, "a\"\\\n\u{1F}é", #"a\"\\\u000a\u001fé"#),
        ])
    func places(place: TemplatePlace, value: String, expected: String) throws {
        #expect(try render("{v}", ["v": value], for: place) == expected)
        #expect(try render("{v | trim}", ["v": value], for: place) == expected)
    }

    @Test("what is encoded where it comes from is decoded for other places, and stays as it is in a path")
    func codings() throws {
        let value = ["v": "a%2Fb+c%C3%A9"]
        #expect(try render("/{v}", value, for: .path, coding: .percent) == "/a%2Fb+c%C3%A9")
        #expect(try render("{v}", value, for: .field, coding: .percent) == "a/b+cé")
        #expect(try render("{v}", value, for: .plain, coding: .form) == "a/b cé")
        #expect(try render("/{v}", value, for: .path, coding: .form) == "/a%2Fb%20c%C3%A9")
        #expect(try render("{v | lower}", ["v": "%41%0d%0AX%4"], for: .field, coding: .percent) == "a  x%4")
    }

    @Test("a template says whether it had anything to say")
    func outcomes() throws {
        func outcome(_ text: String) throws -> Template<String>.Outcome {
            var output: [UInt8] = []
            return try template(text).render(into: &output, for: .field, from: Named(values: ["a": "1"]))
        }
        #expect(try outcome("Bearer {b}").isWorthSending == false)
        #expect(try outcome("{a}-{b}").present == 1 && outcome("{a}-{b}").missing == 1)
        #expect(try outcome("{a}-{b}").isWorthSending)
        #expect(try outcome("constant").isWorthSending)
        #expect(try outcome("{b | default(x)}").isWorthSending)
        #expect(try template("a{{b}}").constant == Array("a{b}".utf8))
        #expect(try template("{order}").onlyReference == "order")
        #expect(try template("{order | lower}").onlyReference == nil)
    }

    @Test(
        "mistakes are told with their place",
        arguments: [
            ("{a", "the brace is not closed", 0), ("ab}", "\"}\" without \"{\"", 2),
            ("{}", "a reference without a name", 0), ("x{ | lower}", "a reference without a name", 1),
            ("{a{b}}", "\"{\" within a reference", 2), ("{a | lowr}", "unknown filter \"lowr\"", 4),
            ("{a | default}", "default needs the text that stands in", 4),
            ("{a | lower(x)}", "the filter lower takes no argument", 4), ("{a|'}", "the brace is not closed", 0),
        ])
    func mistakes(text: String, reason: String, offset: Int) {
        let problem = #expect(throws: TemplateProblem.self) { _ = try TemplateText(text) }
        #expect(problem?.reason == reason)
        #expect(problem?.offset == offset)
    }
}

@Suite("What a route's template may name")
struct RequestScopeTests {
    private func bind(_ text: String, path: String? = "/api/users/{id}/files/**") throws -> RequestReference? {
        let scope = RequestScope(try path.map { try PathPattern($0) })
        let bound = try Template(TemplateText(text)) { expression throws(TemplateProblem) in
            try scope.bind(expression)
        }
        return bound.references.first
    }

    @Test("parameters of the path, claims, fields, and words")
    func names() throws {
        #expect(try bind("{id}") == .segment(2))
        #expect(try bind("{**}") == .rest(from: 4))
        #expect(try bind("{claims.org.unit}") == .claim("org.unit"))
        #expect(try bind("{header.X-Tenant}") == .header("x-tenant"))
        #expect(try bind("{query.a.b}") == .query("a.b"))
        #expect(try bind("{cookie.sid}") == .cookie("sid"))
        #expect(try bind("{consumer.plan}") == .consumerPlan)
        #expect(try bind("{client.ip}") == .clientAddress)
        #expect(try bind("{method}", path: "/{method}") == .segment(0))
    }

    @Test(
        "an unknown name is told with what was meant",
        arguments: [
            ("{ID}", "did you mean {id}?"), ("{claim.sub}", "did you mean {claims.sub}?"),
            ("{headers.X}", "did you mean {header.X}?"), ("{nod}", "did you mean {node}?"),
        ])
    func mistakes(text: String, hint: String) {
        let problem = #expect(throws: TemplateProblem.self) { _ = try bind(text) }
        #expect(problem?.hint == hint)
    }

    @Test("the hint lists what the path has")
    func lists() {
        let problem = #expect(throws: TemplateProblem.self) { _ = try bind("{customer}") }
        #expect(problem?.hint?.hasPrefix("the path's parameters are {id}; known besides are {claims.NAME}") == true)
        let none = #expect(throws: TemplateProblem.self) { _ = try bind("{customer}", path: "/a") }
        #expect(none?.hint?.hasPrefix("the path has no parameters") == true)
    }
}

import Policies
import Testing

@Suite struct PathPatternTests {
    typealias Segment = PathPattern.Segment

    @Test(
        "a path is split into literals, parameters and a rest",
        arguments: [
            ("/", [.literal("")]),
            ("/a", [.literal("a")]),
            ("/a/", [.literal("a"), .literal("")]),
            ("/**", [.rest]),
            ("/a/**", [.literal("a"), .rest]),
            ("/users/{id}", [.literal("users"), .parameter("id")]),
            ("/{a}/{b-2}/{_c}/", [.parameter("a"), .parameter("b-2"), .parameter("_c"), .literal("")]),
            ("/v1.2/a~b/x%2Fy/@me;v=1", [.literal("v1.2"), .literal("a~b"), .literal("x%2Fy"), .literal("@me;v=1")]),
            ("/...", [.literal("...")]),
        ] as [(String, [Segment])])
    func parses(text: String, segments: [Segment]) throws {
        let pattern = try PathPattern(text)
        #expect(pattern.segments == segments)
        #expect(pattern.text == text)
    }

    @Test(
        "a malformed path is refused with a reason that helps",
        arguments: [
            ("", "starts with \"/\""), ("users", "starts with \"/\""), ("**", "starts with \"/\""),
            ("//", "empty segments"), ("/a//b", "empty segments"),
            ("/a/./b", "dot segments"), ("/a/..", "dot segments"),
            ("/a?x=1", "under \"query\""), ("/a#b", "fragment"),
            ("/**/a", "last segment"), ("/a/**/", "last segment"),
            ("/a*", "{name}"), ("/a/*", "{name}"), ("/a/***", "{name}"),
            ("/{id", "not balanced"), ("/id}", "not balanced"), ("/{{id}", "not balanced"), ("/{", "not balanced"),
            ("/{id}.json", "whole segment"), ("/v{n}", "whole segment"), ("/{a}{b}", "whole segment"),
            ("/}{", "whole segment"), ("/{{id}}", "whole segment"),
            ("/{}", "is no parameter"), ("/{1a}", "is no parameter"), ("/{a.b}", "is no parameter"),
            ("/{id}/x/{id}", "{id} comes twice"),
            ("/a b", "%20"), ("/ü", "%C3%BC"), ("/a\"b", "%22"), ("/a\u{7}", "%07"),
            ("/%", "two hexadecimal digits"), ("/%4", "two hexadecimal digits"), ("/%zz", "two hexadecimal digits"),
            ("/%2f", "%2F"), ("/%7Ebob", "write \"~\" instead"), ("/%41", "write \"A\" instead"),
            ("/" + String(repeating: "a", count: 2048), "2048 bytes"),
            (String(repeating: "/a", count: 65), "64 segments"),
            ((0...16).map { "/{p\($0)}" }.joined(), "at most 16 parameters, this one has 17"),
        ])
    func refuses(text: String, hint: String) {
        let error = #expect(throws: PathPattern.Malformed.self) { try PathPattern(text) }
        #expect(error?.reason.contains(hint) == true, "\(error?.reason ?? "no reason")")
    }

    @Test("parameter names come in the order of the path")
    func names() throws {
        #expect(try PathPattern("/{b}/x/{a}/**").parameterNames == ["b", "a"])
        #expect(try PathPattern((0...15).map { "/{p\($0)}" }.joined()).parameterNames.count == 16)
    }
}

import Testing

@testable import Transcoding

@Suite("Path templates")
struct PathTemplateTests {
    @Test(
        "paths match and fill their fields",
        arguments: [
            ("/v1/books", "/v1/books", []), ("/v1/{name}", "/v1/a%20b+c", ["name=a b+c"]),
            ("/v1/{name}", "/v1/a%2Fb", ["name=a/b"]),
            ("/v1/{name=shelves/*/books/*}", "/v1/shelves/1/books/a%2Fb", ["name=shelves/1/books/a%2Fb"]),
            ("/v1/{name=shelves/**}", "/v1/shelves/1/2", ["name=shelves/1/2"]),
            ("/v1/{name=**}", "/v1/", ["name="]), ("/v1/{a.b}/x/{c}", "/v1/1/x/2", ["a.b=1", "c=2"]),
            ("/v1/*/x/{c=**}", "/v1/1/x/2/%C3%A9", ["c=2/é"]), ("/v1/{name}:lend", "/v1/a:b:lend", ["name=a:b"]),
            ("/v1/{name}", "/v1/a:lend", ["name=a:lend"]), ("/v1/{name=**}:x", "/v1/a/b:x", ["name=a/b"]),
            ("/v1/caf%C3%A9", "/v1/café", []),
        ])
    func matches(template: String, path: String, captures: [String]) throws {
        let match = try #require(try PathTemplate(parsing: template).match(bytes(path)))
        #expect(match.map { "\($0.fieldPath)=\($0.text)" } == captures)
    }

    @Test(
        "other paths don't",
        arguments: [
            ("/v1/books", "/v1/book"), ("/v1/books", "/v1/books/"), ("/v1/{name}", "/v1/"), ("/v1/{name}", "/v1/a/b"),
            ("/v1/{name}", "v1/a"), ("/v1/{name}", ""), ("/v1/{name}", "/v1/%4"), ("/v1/{name}", "/v1/%FF"),
            ("/v1/{name=shelves/*}", "/v1/shelf/1"), ("/v1/{name}:lend", "/v1/a"), ("/v1/{name}:lend", "/v1/:lend"),
            ("/v1/a/**", "/v1"),
        ])
    func misses(template: String, path: String) throws {
        #expect(try PathTemplate(parsing: template).match(bytes(path)) == nil)
    }

    @Test(
        "what the grammar doesn't allow is refused",
        arguments: [
            "", "v1", "/", "/v1/", "/v1//a", "/{a", "/{}", "/{a=}", "/{a={b}}", "/**/a", "/a:", "/a b}", "/{a}/{a}",
            "/a?b", "/%4", "/{a}b",
        ])
    func malformed(template: String) {
        #expect(throws: DescriptorFailure.self) { try PathTemplate(parsing: template) }
    }
}

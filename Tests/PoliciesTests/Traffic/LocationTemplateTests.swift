import Testing

@testable import Policies

@Suite("Targets of redirections")
struct LocationTemplateTests {
    private func render(_ template: String, _ pattern: String, _ path: String, _ query: String = "") throws -> String {
        let template = try LocationTemplate(template, of: PathPattern(pattern))
        let bytes = Array(path.utf8).withUnsafeBufferPointer { path in
            Array(query.utf8).withUnsafeBufferPointer { template.render(path: path, query: $0) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(
        "are made of parts of the path",
        arguments: [
            ("https://new.test/{rest}", "/old/**", "/old/a/b", "https://new.test/a/b"),
            ("https://new.test/{rest}", "/old/**", "/old", "https://new.test/"),
            ("https://new.test/{rest}", "/old/**", "/old/", "https://new.test/"),
            ("https://new.test/{path}", "/old/**", "/old/a%20b/", "https://new.test/old/a%20b/"),
            ("/people/{id}/{what}", "/users/{id}/{what}", "/users/7/orders", "/people/7/orders"),
            ("/people?id={id}", "/users/{id}", "/users/7", "/people?id=7"),
            ("https://new.test", "/**", "/a", "https://new.test"),
            ("HTTPS://New.Test:8443/x", "/a", "/a", "HTTPS://New.Test:8443/x"),
        ])
    func rendering(template: String, pattern: String, path: String, expected: String) throws {
        #expect(try render(template, pattern, path) == expected)
    }

    @Test("keep the query, unless they have their own")
    func query() throws {
        #expect(try render("/new/{rest}", "/old/**", "/old/a", "b=1&c=%20") == "/new/a?b=1&c=%20")
        #expect(try render("/new?x=1", "/old", "/old", "b=1") == "/new?x=1")
    }

    @Test(
        "leave no choice of host to the request",
        arguments: [
            "{path}", "//{path}", "https://{host}/", "https://a.test{path}", "https://{id}@b.test/", "javascript:{id}",
            "https://", "ftp://a.test/", "https://user@a.test/{id}", "people/{id}",
        ])
    func unsafe(template: String) {
        #expect(throws: LocationTemplate.Malformed.self) { try render(template, "/users/{id}", "/users/7") }
    }

    @Test(
        "name what the path has, and nothing else",
        arguments: [
            ("/a/{no}", "{no} is not part of the route's path; it has {id}, {path}"),
            ("/a/{rest}", "{rest} is not part of the route's path; it has {id}, {path}"),
            ("/a/{id", "a brace is not closed; a parameter is written {name}"),
            ("/a/id}", "\"}\" has no brace before it"),
            ("/a b", "a URL is written in ASCII without blanks, quotes and fragments; percent-encode them"),
            ("/a\r\nb", "a URL is written in ASCII without blanks, quotes and fragments; percent-encode them"),
        ])
    func mistakes(template: String, reason: String) {
        #expect(throws: LocationTemplate.Malformed(reason: reason)) { try render(template, "/users/{id}", "/users/7") }
    }
}

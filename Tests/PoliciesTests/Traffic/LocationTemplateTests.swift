import Testing

@testable import Policies

@Suite("Targets of redirections")
struct LocationTemplateTests {
    private func render(_ template: String, _ pattern: String, _ path: String, _ query: String = "") throws -> String? {
        let template = try LocationTemplate(template, of: PathPattern(pattern))
        let host = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
        let bytes = Array(path.utf8).withUnsafeBufferPointer { path in
            Array(query.utf8).withUnsafeBufferPointer { template.render(path: path, query: $0, host: host) }
        }
        return bytes.map { String(decoding: $0, as: UTF8.self) }
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

    @Test(
        "take filters and parameters of the query, each fit for where it stands",
        arguments: [
            ("/p/{id | lower}", "/users/AB%2Fc", "", "/p/ab%2fc"),
            (
                "/p/{query.to}", "/users/7", "to=%2F%2Fevil.test%0d%0aX:1",
                "/p/%2F%2Fevil.test%0D%0AX:1?to=%2F%2Fevil.test%0d%0aX:1"
            ),
            ("/p?v={query.v | default(1)}&id={id}", "/users/a%26b", "", "/p?v=1&id=a%26b"),
            ("/p?v={query.v | urlencode}", "/users/7", "v=a+b", "/p?v=a%2520b"),
            ("/p/{query.no | default(a b)}", "/users/7", "", "/p/a%20b"),
        ])
    func filters(template: String, path: String, query: String, expected: String) throws {
        #expect(try render(template, "/users/{id}", path, query) == expected)
    }

    @Test("lead nowhere else by dots in a query", arguments: ["..", ".", "%2E%2e"])
    func dots(value: String) throws {
        #expect(try render("/p/{query.to}/x", "/users/{id}", "/users/7", "to=\(value)") == nil)
        #expect(try render("/p?to={query.to}", "/users/{id}", "/users/7", "to=\(value)") != nil)
    }

    @Test("keep slashes of what ** stands for, whatever its case becomes")
    func rest() throws { #expect(try render("/new/{rest | lower}", "/old/**", "/old/A/B%2FC") == "/new/a/b%2fc") }

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
            ("/a/{id", "the brace is not closed"), ("/a/id}", "\"}\" without \"{\""),
            ("/a/{claims.sub}", "{claims.sub} is not part of the request's URL"),
            ("/a/{id | shout}", "unknown filter \"shout\""),
            ("/a/{{id}}", "a URL is written in ASCII without blanks, quotes and fragments; percent-encode them"),
            ("/a b", "a URL is written in ASCII without blanks, quotes and fragments; percent-encode them"),
            ("/a\r\nb", "a URL is written in ASCII without blanks, quotes and fragments; percent-encode them"),
        ])
    func mistakes(template: String, reason: String) {
        let problem = #expect(throws: LocationTemplate.Malformed.self) {
            try render(template, "/users/{id}", "/users/7")
        }
        #expect(problem?.reason == reason)
    }
}

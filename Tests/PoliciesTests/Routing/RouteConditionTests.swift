import Policies
import Testing

@Suite struct RouteConditionTests {
    @Test("more conditions go first, and a rule whose conditions fail is as if it were not there")
    func conditions() throws {
        let table = RouteTable([
            try rule("/**"),
            try rule("/a"),
            try rule("/a", headers: [("X-Beta", "yes")]),
            try rule("/a", headers: [("x-beta", "yes")], query: [("v", "~^[0-9]+$")]),
            try rule("a.com/only", headers: [("X-Key", "1")]),
        ])
        func match(_ path: String, _ headers: [(name: String, value: String)], _ query: String = "") -> RouteMatch {
            table.match(TestRequest(host: "a.com", path: path, query: query, headers: headers)).match
        }
        #expect(match("/a", []) == .route(1))
        #expect(match("/a", [("X-BETA", "yes")]) == .route(2))
        #expect(match("/a", [("X-Beta", "no"), ("X-Beta", "yes")]) == .route(2))
        #expect(match("/a", [("X-Beta", "YES")]) == .route(1))
        #expect(match("/a", [("X-Beta", "yes")], "v=12") == .route(3))
        #expect(match("/a", [("X-Beta", "yes")], "v=1x&w=2") == .route(2))
        #expect(match("/only", [("X-Key", "1")]) == .route(4))
        #expect(match("/only", []) == .route(0))
    }

    @Test("HEAD takes the rule that GET would take")
    func head() throws {
        let table = RouteTable([try rule("GET /a"), try rule("GET /a", headers: [("X", "1")])])
        for method in ["GET", "HEAD"] {
            let request = TestRequest(method: method, path: "/a", headers: [("X", "1")])
            #expect(table.match(request).match == .route(1))
            #expect(table.match("/a", method) == .route(0))
        }
    }

    @Test("when only conditions failed the path is not found, whatever the method")
    func notFound() throws {
        let table = RouteTable([try rule("GET /a", headers: [("X", "1")])])
        #expect(table.match("/a") == .notFound)
        #expect(table.match("/a", "POST") == .notFound)
        let request = TestRequest(method: "POST", path: "/a", headers: [("X", "1")])
        #expect(table.match(request).match == .methodNotAllowed(allow: "GET, HEAD, OPTIONS"))
    }

    @Test(
        "query parameters are compared decoded",
        arguments: [
            ("q=a b", true), ("q=a%20b", true), ("%71=a%20b", true), ("x=1&q=a%20b&q=c", true), ("q=c&q=a%20b", true),
            ("q=a+b", false), ("q=a%2", false), ("q=a%20b%20", false), ("q", false), ("", false), ("Q=a%20b", false),
            ("qq=a%20b", false), ("q=a%20bc", false), ("&&q=a b&&", true), ("q==a b", false),
        ])
    func query(text: String, isMatch: Bool) throws {
        let table = RouteTable([try rule("/a", query: [("q", "a b")])])
        let found = table.match(TestRequest(path: "/a", query: text)).match
        #expect(found == (isMatch ? .route(0) : .notFound))
    }

    @Test("a parameter without a value has the empty one, and expressions see decoded bytes")
    func queryPatterns() throws {
        let table = RouteTable([
            try rule("/a", query: [("flag", "")]), try rule("/b", query: [("p", "~^a/b$")]),
            try rule("/c", query: [("x", "~")]),
        ])
        func match(_ path: String, _ query: String) -> RouteMatch {
            table.match(TestRequest(path: path, query: query)).match
        }
        #expect(match("/a", "flag") == .route(0))
        #expect(match("/a", "flag=") == .route(0))
        #expect(match("/a", "flag=1") == .notFound)
        #expect(match("/b", "p=a%2Fb") == .route(1))
        #expect(match("/b", "p=a%2fb") == .route(1))
        #expect(match("/c", "x") == .route(2))
        #expect(match("/c", "y") == .notFound)
    }

    @Test("expressions are not tried on values above 4 KiB")
    func longValues() throws {
        let table = RouteTable([try rule("/a", headers: [("X", "~^a+$")])])
        for (length, expected) in [(4096, RouteMatch.route(0)), (4097, .notFound)] {
            let value = String(repeating: "a", count: length)
            #expect(table.match(TestRequest(path: "/a", headers: [("X", value)])).match == expected)
        }
    }

    @Test("a condition tells why its expression cannot be used")
    func malformed() throws {
        let error = #expect(throws: FieldCondition.Malformed.self) { try FieldCondition(name: "X", text: "~(a") }
        #expect(error?.reason.contains("\"(a\" cannot be used: there is a \"(\"") == true)
        #expect(try FieldCondition(name: "X", text: "~a").expectation == .pattern("a"))
        #expect(try FieldCondition(name: "X", text: "(a").expectation == .literal("(a"))
    }
}

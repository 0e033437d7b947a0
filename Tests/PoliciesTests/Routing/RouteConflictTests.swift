import Policies
import Testing

@Suite struct RouteConflictTests {
    private func pairs(_ rules: RouteRule...) -> [[Int]] {
        RouteTable.conflicts(in: rules).map { [$0.first, $0.second] }
    }

    @Test("rules of equal specificity that share requests are a conflict")
    func ties() throws {
        #expect(pairs(try rule("/a/{x}"), try rule("/a/{y}")) == [[0, 1]])
        #expect(pairs(try rule("GET,PUT /a"), try rule("PUT,POST /a")) == [[0, 1]])
        #expect(pairs(try rule("a.com,b.com/x"), try rule("B.com,c.com/x")) == [[0, 1]])
        #expect(pairs(try rule("/a"), try rule("/b"), try rule("/a"), try rule("/a")) == [[0, 2], [0, 3], [2, 3]])
        let (one, two) = (try rule("/a", headers: [("X", "1")]), try rule("/a", headers: [("Y", "1")]))
        #expect(pairs(one, two) == [[0, 1]])
        #expect(pairs(one, one) == [[0, 1]])
        #expect(pairs(try rule("/a", headers: [("X", "~^a")]), try rule("/a", headers: [("X", "b")])) == [[0, 1]])
        #expect(pairs(try rule("/a", headers: [("v", "1")]), try rule("/a", query: [("v", "2")])) == [[0, 1]])
    }

    @Test("rules that differ in specificity or exclude each other are none")
    func definite() throws {
        #expect(
            pairs(try rule("/a"), try rule("/a/"), try rule("/a/{x}"), try rule("/a/**"), try rule("/{x}/b")).isEmpty)
        #expect(pairs(try rule("a.com/x"), try rule("*.a.com/x"), try rule("/x")).isEmpty)
        #expect(pairs(try rule("GET /a"), try rule("HEAD /a"), try rule("PUT,POST /a"), try rule("/a")).isEmpty)
        #expect(
            pairs(try rule("/a", headers: [("X", "1")]), try rule("/a", headers: [("x", "2")]), try rule("/a")).isEmpty)
        #expect(pairs(try rule("/a", query: [("v", "1")]), try rule("/a", query: [("v", "2")])).isEmpty)
    }

    @Test("the reason names both rules, what they share, and a way out")
    func reason() throws {
        let conflict = RouteTable.conflicts(in: [
            try rule("GET,PUT z.com,a.com/u/{x}"), try rule("PUT a.com,z.com/u/{y}"),
        ]).first
        #expect(
            conflict?.reason
                == "routes \"GET,PUT z.com,a.com/u/{x}\" and \"PUT a.com,z.com/u/{y}\" both match PUT a.com/u/{x}, "
                + "and neither is more specific; give one of them another host, path or method, or one more condition")
    }

    @Test("among thousands of rules of one path the same conflicts are found as by comparing all")
    func many() throws {
        var rules: [RouteRule] = []
        for index in 0..<300 {
            var headers = [("X-Tenant", "t\(index % 150)")]
            if index % 7 == 0 { headers = [("x-tenant", "~^t")] }
            if index % 3 == 0 { headers.append(("X-Zone", index % 2 == 0 ? "a" : "b")) }
            rules.append(try rule("/a", headers: headers, query: index % 5 == 0 ? [("v", "\(index % 4)")] : []))
        }
        var expected: [[Int]] = []
        for first in rules.indices {
            for second in (first + 1)..<rules.count
            where !RouteTable.conflicts(in: [rules[first], rules[second]]).isEmpty {
                expected.append([first, second])
            }
        }
        #expect(!expected.isEmpty)
        #expect(RouteTable.conflicts(in: rules).map { [$0.first, $0.second] } == expected)
    }

    @Test("ten thousand tenants on one path, told apart by a header, take no ten thousand comparisons each")
    func tenants() throws {
        let rules = try (0..<10_000).map { try rule("/api/**", headers: [("X-Tenant", "t\($0)")]) }
        let clock = ContinuousClock()
        let time = clock.measure { #expect(RouteTable.conflicts(in: rules).isEmpty) }
        #expect(time < .seconds(10))
    }
}

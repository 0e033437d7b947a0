import Policies
import Testing

/// The table against a slow reading of its own rules: try every rule, keep the most specific.
@Suite struct RouteTablePropertyTests {
    private let segments = ["a", "b", "c", "long-segment-name"]
    private let hosts = ["", "x.com", "a.x.com", "*.x.com", "*.a.x.com", "b.a.x.com"]
    private let methods = ["GET", "HEAD", "POST", "OPTIONS"]

    @Test("the table finds what trying every rule finds", arguments: 0..<150)
    func agreesWithReference(seed: Int) throws {
        var random = Seeded(seed: UInt64(seed))
        let rules = try randomRules(&random)
        let table = RouteTable(rules)
        for _ in 0..<60 {
            let request = randomRequest(&random)
            #expect(table.match(request).match == Reference.match(request, rules), "\(request) in \(rules.map(\.name))")
        }
    }

    /// Without conflicts, for those have no right answer.
    private func randomRules(_ random: inout Seeded) throws -> [RouteRule] {
        var rules: [RouteRule] = []
        for number in 0..<random.number(1...14) {
            var parts = (0..<random.number(0...3)).map { random.chance(35) ? "{p\($0)}" : random.oneOf(segments) }
            if random.chance(25) { parts.append(random.oneOf(["**", ""])) }
            let chosen = random.chance(50) ? [] : methods.filter { _ in random.chance(40) }
            var next = RouteRule(
                name: "\(number)", hosts: [random.oneOf(hosts)].filter { !$0.isEmpty },
                path: try PathPattern("/" + parts.joined(separator: "/")), methods: chosen)
            if random.chance(30) {
                next.headers = [try FieldCondition(name: "H", text: random.oneOf(["1", "2", "~^[12]$"]))]
            }
            if random.chance(20) { next.query = [try FieldCondition(name: "q", text: random.oneOf(["1", "2"]))] }
            next.name = "\(chosen) \(next.hosts) \(next.path.text) \(next.headers) \(next.query)"
            if RouteTable.conflicts(in: rules + [next]).isEmpty { rules.append(next) }
        }
        return rules
    }

    private func randomRequest(_ random: inout Seeded) -> TestRequest {
        let parts = (0..<random.number(0...4)).map { _ in random.chance(10) ? "" : random.oneOf(segments + ["other"]) }
        return TestRequest(
            method: random.oneOf(methods + ["DELETE"]),
            host: random.oneOf(["x.com", "a.x.com", "b.a.x.com", "c.a.x.com", "q.x.com", "other.org"]),
            path: "/" + parts.joined(separator: "/"),
            query: random.oneOf(["", "q=1", "q=2"]),
            headers: random.chance(50) ? [] : [("h", random.oneOf(["1", "2", "3"]))])
    }
}

private enum Reference {
    static func match(_ request: TestRequest, _ rules: [RouteRule]) -> RouteMatch {
        let possible = rules.enumerated().filter { _, rule in
            hostRank(rule, request.host) != nil && pathRank(rule.path, request.path) != nil && holds(rule, request)
        }
        let ranks = Set(possible.map { hostRank($1, request.host) ?? -1 }).sorted(by: >)
        for rank in ranks {
            let ofHost = possible.filter { hostRank($1, request.host) == rank }
            let takers = ofHost.filter { methodRank($1, request.method) != nil }
            if let best = takers.max(by: { isLess(specificity($0.element, request), specificity($1.element, request)) })
            {
                return .route(best.offset)
            }
            var allowed = Set(ofHost.flatMap(\.element.methods)).union(["OPTIONS"])
            if allowed.contains("GET") { allowed.insert("HEAD") }
            let allow = ["GET", "HEAD", "POST", "OPTIONS"].filter(allowed.contains).joined(separator: ", ")
            return request.method == "OPTIONS" ? .options(allow: allow) : .methodNotAllowed(allow: allow)
        }
        return .notFound
    }

    private static func specificity(_ rule: RouteRule, _ request: TestRequest) -> [Int] {
        (pathRank(rule.path, request.path) ?? []) + [
            methodRank(rule, request.method) ?? 0, rule.headers.count + rule.query.count,
        ]
    }

    private static func isLess(_ left: [Int], _ right: [Int]) -> Bool { left.lexicographicallyPrecedes(right) }

    private static func hostRank(_ rule: RouteRule, _ host: String) -> Int? {
        guard let pattern = rule.hosts.first else { return 0 }
        if pattern.hasPrefix("*.") { return host.hasSuffix(pattern.dropFirst()) ? pattern.count : nil }
        return pattern == host ? 1000 : nil
    }

    /// One number per segment of the path, the higher the more specific; padded to equal length.
    private static func pathRank(_ pattern: PathPattern, _ path: String) -> [Int]? {
        let parts = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        var ranks: [Int] = []
        var isOpen = false
        for (index, segment) in pattern.segments.enumerated() {
            switch segment {
            case .rest: isOpen = true
            case .literal(let text):
                guard index < parts.count, parts[index] == text else { return nil }
                ranks.append(3)
            case .parameter:
                guard index < parts.count, !parts[index].isEmpty else { return nil }
                ranks.append(2)
            }
        }
        guard isOpen || ranks.count == parts.count else { return nil }
        return ranks + [isOpen ? 0 : 1] + Array(repeating: 0, count: 10 - ranks.count)
    }

    private static func methodRank(_ rule: RouteRule, _ method: String) -> Int? {
        if rule.methods.isEmpty { return 0 }
        if rule.methods.contains(method) { return method == "HEAD" ? 2 : 1 }
        return method == "HEAD" && rule.methods.contains("GET") ? 1 : nil
    }

    private static func holds(_ rule: RouteRule, _ request: TestRequest) -> Bool {
        let header = request.headers.first?.value
        let query = request.query.isEmpty ? nil : String(request.query.suffix(1))
        return rule.headers.allSatisfy { accepts($0, header) } && rule.query.allSatisfy { accepts($0, query) }
    }

    private static func accepts(_ condition: FieldCondition, _ value: String?) -> Bool {
        switch condition.expectation {
        case .literal(let text): value == text
        case .pattern: value == "1" || value == "2"
        }
    }
}

/// What a route table says about a request.
package enum RouteMatch: Hashable, Sendable {
    /// The index of the rule.
    case route(Int)
    case notFound
    /// The path exists, but not with this method: 405 with this `Allow`.
    case methodNotAllowed(allow: String)
    /// An `OPTIONS` request that no route takes: to be answered with this `Allow`.
    case options(allow: String)
}

/// All routes, compiled so that finding one costs the same among ten as among ten thousand.
///
/// # Which route wins
///
/// The most specific rule of those that match the request as a whole (host, path, method and conditions), whatever the order
/// of the file:
/// 1. an exact host before `*.example.com` (longer suffixes first) before any host;
/// 2. the path, segment by segment from the left: literal before `{parameter}` before `**`;
/// 3. rules that name methods before those that take any; for `HEAD`, rules that name it before those that imply it by `GET`;
/// 4. more conditions before fewer.
/// What is equal in all four would be a coin toss: `conflicts(in:)` finds it before it is served.
///
/// A rule whose conditions do not hold is as if it were not there. A rule that lacks only the method tells that the path
/// exists: if nothing else of the same host takes the request the answer is 405, and less specific hosts are not asked.
///
/// Matching reads bytes where they are and allocates nothing, but for the text of `Allow`.
package struct RouteTable: Sendable {
    /// A rule at its leaf of the tree.
    private struct Candidate: Sendable {
        let rule: Int32
        let methods: Range<Int32>
        let conditions: Range<Int32>
        var takesAnyMethod: Bool { methods.isEmpty }
    }

    private var tree = PathTree()
    private var hosts = HostIndex(roots: [:])
    private var methods = RouteMethods()
    private var conditions = RouteConditions()
    /// The candidates of each leaf, the most specific first.
    private var leaves: [Range<Int32>] = []
    private var candidates: [Candidate] = []
    private var methodLists: [Int32] = []

    package init(_ rules: [RouteRule]) {
        var roots: [String: Int32] = [:]
        var rulesOfLeaf: [Int32: [Int]] = [:]
        for (index, rule) in rules.enumerated() {
            for host in rule.hostKeys {
                let root = roots[host] ?? tree.addRoot()
                roots[host] = root
                rulesOfLeaf[tree.leaf(for: rule.path, root: root), default: []].append(index)
            }
        }
        hosts = HostIndex(roots: roots)
        var compiled: [Candidate] = []
        for (index, rule) in rules.enumerated() { compiled.append(compile(rule, index)) }
        for leaf in 0..<tree.leafCount {
            let here = (rulesOfLeaf[Int32(leaf)] ?? []).sorted { Self.precedes((rules[$0], $0), (rules[$1], $1)) }
            leaves.append(Int32(candidates.count)..<Int32(candidates.count + here.count))
            candidates.append(contentsOf: here.map { compiled[$0] })
        }
    }

    private mutating func compile(_ rule: RouteRule, _ index: Int) -> Candidate {
        let start = Int32(methodLists.count)
        for method in rule.methods { methodLists.append(Int32(truncatingIfNeeded: methods.number(adding: method))) }
        let range = conditions.add(rule)
        return Candidate(
            rule: Int32(index), methods: start..<Int32(methodLists.count),
            conditions: Int32(range.lowerBound)..<Int32(range.upperBound))
    }

    /// The order within one leaf.
    private static func precedes(_ left: (rule: RouteRule, index: Int), _ right: (rule: RouteRule, index: Int)) -> Bool
    {
        if left.rule.methods.isEmpty != right.rule.methods.isEmpty { return right.rule.methods.isEmpty }
        if left.rule.conditionCount != right.rule.conditionCount {
            return left.rule.conditionCount > right.rule.conditionCount
        }
        return left.index < right.index
    }

    /// Finds the route of a request. `captures` holds the places of its parameters only after `.route`.
    package func match(
        _ request: RouteRequest, _ fields: some FieldSource, captures: inout PathCaptures
    ) -> RouteMatch {
        let method = methods.number(of: request.method)
        var host = hosts.first(for: request.host)
        while host >= 0 {
            captures.removeAll()
            var walk = PathWalk(root: hosts.root(of: host), path: request.path)
            var isMethodMissing = false
            while true {
                let leaf = walk.next(in: tree, request.path, &captures)
                guard leaf >= 0 else { break }
                let rule = choose(leaves[Int(leaf)], method, request, fields, &isMethodMissing)
                if rule >= 0 { return .route(Int(rule)) }
            }
            if isMethodMissing, let refusal = refusal(host, method, request, fields) { return refusal }
            host = hosts.next(after: host)
        }
        return .notFound
    }

    /// The first candidate that takes the request; −1: none.
    private func choose(
        _ range: Range<Int32>, _ method: Int, _ request: RouteRequest, _ fields: some FieldSource,
        _ isMethodMissing: inout Bool
    ) -> Int32 {
        var implied: Int32 = -1
        for index in range {
            let candidate = candidates[Int(index)]
            // Those of any method come last: before them comes what takes HEAD by GET.
            if candidate.takesAnyMethod, implied >= 0 { return implied }
            let isNamed = candidate.takesAnyMethod || names(candidate, method)
            guard isNamed || (method == RouteMethods.head && names(candidate, RouteMethods.get)) else {
                isMethodMissing = true
                continue
            }
            guard isNamed || implied < 0, holds(candidate, request, fields) else { continue }
            if isNamed { return candidate.rule }
            implied = candidate.rule
        }
        return implied
    }

    private func names(_ candidate: Candidate, _ method: Int) -> Bool {
        for index in candidate.methods where Int(methodLists[Int(index)]) == method { return true }
        return false
    }

    private func holds(
        _ candidate: Candidate, _ request: RouteRequest, _ fields: some FieldSource
    ) -> Bool {
        candidate.conditions.isEmpty
            || conditions.hold(
                Int(candidate.conditions.lowerBound)..<Int(candidate.conditions.upperBound), request.query, fields)
    }

    /// Walks once more to collect what the path does allow; nil: the rules that lack the method do not hold anyway.
    private func refusal(
        _ host: Int32, _ method: Int, _ request: RouteRequest, _ fields: some FieldSource
    ) -> RouteMatch? {
        var allowed: Set<Int> = []
        var captures = PathCaptures()
        var walk = PathWalk(root: hosts.root(of: host), path: request.path)
        while true {
            let leaf = walk.next(in: tree, request.path, &captures)
            guard leaf >= 0 else { break }
            for index in leaves[Int(leaf)] where holds(candidates[Int(index)], request, fields) {
                allowed.formUnion(candidates[Int(index)].methods.map { Int(methodLists[Int($0)]) })
            }
        }
        guard !allowed.isEmpty else { return nil }
        let allow = methods.allow(allowed)
        return method == RouteMethods.options ? .options(allow: allow) : .methodNotAllowed(allow: allow)
    }
}

extension RouteRule {
    /// The host patterns in the form in which they are compared; "" stands for any host.
    var hostKeys: [String] { hosts.isEmpty ? [""] : Set(hosts.map { $0.lowercased() }).sorted() }
}

/// Two rules between which the table could only toss a coin.
package struct RouteConflict: Hashable, Sendable {
    /// Indices of the two rules, in the order of the configuration.
    package let first: Int
    package let second: Int
    /// A sentence for the user: what both match, and what to do.
    package let reason: String
}

extension RouteTable {
    /// All pairs of rules of equal specificity that a single request could match both.
    ///
    /// That is: the same host, paths of equal shape (whatever their parameters are called), a method in common, and the same
    /// number of conditions, none of which asks another literal of the same field. Rules that differ in any of these are in
    /// a definite order, and as the stricter one always comes first there is always a request left for the other: apart
    /// from such ties no rule can be unreachable.
    package static func conflicts(in rules: [RouteRule]) -> [RouteConflict] {
        var groups: [ConflictKey: [Int]] = [:]
        for (index, rule) in rules.enumerated() {
            let shape = rule.path.shape
            for host in rule.hostKeys {
                // Rules of different order cannot tie: whether they name methods and how much they ask is in the key.
                for method in rule.methods.isEmpty ? [""] : Set(rule.methods).sorted() {
                    let key = ConflictKey(host: host, shape: shape, method: method, conditions: rule.conditionCount)
                    groups[key, default: []].append(index)
                }
            }
        }
        let rivals = RivalRules(rules)
        var found: [Pair: RouteConflict] = [:]
        for (key, group) in groups where group.count > 1 {
            rivals.visit(group) { first, second in
                guard canBothMatch(rules[first], rules[second]) else { return true }
                let pair = Pair(first: first, second: second)
                let conflict = RouteConflict(
                    first: first, second: second, reason: reason(rules[first], rules[second], key.host))
                // Of several hosts in common, always the same is named.
                if let known = found[pair], known.reason <= conflict.reason { return true }
                found[pair] = conflict
                return found.count < mostConflicts
            }
        }
        return found.values.sorted { ($0.first, $0.second) < ($1.first, $1.second) }
    }

    /// Nobody reads more, and ten thousand rules that all conflict have fifty million pairs.
    private static let mostConflicts = 10_000

    private struct ConflictKey: Hashable {
        let host: String
        let shape: String
        /// Empty: any.
        let method: String
        let conditions: Int
    }

    private struct Pair: Hashable {
        let first: Int
        let second: Int
    }

    /// Of rules of one group, which so have a method in common.
    private static func canBothMatch(_ left: RouteRule, _ right: RouteRule) -> Bool {
        let excluded =
            left.headers.contains { header in
                right.headers.contains { header.excludes($0) { $0.lowercased() } }
            }
            || left.query.contains { parameter in
                right.query.contains { parameter.excludes($0) { $0 } }
            }
        return !excluded
    }

    private static func reason(_ left: RouteRule, _ right: RouteRule, _ host: String) -> String {
        let methods = left.methods.filter(right.methods.contains).joined(separator: ", ")
        let what = (methods.isEmpty ? "" : methods + " ") + host + left.path.text
        let conditions = left.conditionCount == 0 ? "" : " and both their conditions can hold at once"
        return
            "routes \"\(left.name)\" and \"\(right.name)\" both match \(what)\(conditions), and neither is more specific; "
            + "give one of them another host, path or method, or one more condition"
    }
}

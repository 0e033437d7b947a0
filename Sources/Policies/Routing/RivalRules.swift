/// The pairs of rules that have to be compared when conflicts are searched: those that no literal tells apart at once.
///
/// Ten thousand tenants that share one path and differ in a header are fifty million pairs. So a group is first divided by
/// the field that most of its rules ask a literal of: rules of different literals exclude each other, and only those of
/// one literal, and those without one, are compared further.
struct RivalRules {
    private struct Field: Hashable {
        let isHeader: Bool
        let name: String
    }

    /// Comparing so few costs less than dividing them.
    private static let few = 16

    /// The literals that each rule asks for, by field; of two for one field the first, since both exclude the same.
    private let literals: [[Field: String]]

    init(_ rules: [RouteRule]) {
        literals = rules.map { rule in
            var literals: [Field: String] = [:]
            for header in rule.headers { Self.add(header, isHeader: true, to: &literals) }
            for parameter in rule.query { Self.add(parameter, isHeader: false, to: &literals) }
            return literals
        }
    }

    private static func add(_ condition: FieldCondition, isHeader: Bool, to literals: inout [Field: String]) {
        guard case .literal(let text) = condition.expectation else { return }
        let field = Field(isHeader: isHeader, name: isHeader ? condition.name.lowercased() : condition.name)
        if literals[field] == nil { literals[field] = text }
    }

    /// - Parameters:
    ///   - group: indices of rules, ascending.
    ///   - body: called for each pair, the smaller index first; false: stop.
    func visit(_ group: [Int], _ body: (Int, Int) -> Bool) { _ = visit(group, known: [], body) }

    private func visit(_ group: [Int], known: Set<Field>, _ body: (Int, Int) -> Bool) -> Bool {
        guard group.count > Self.few, let field = divider(of: group, known: known) else {
            return visitAll(group, body)
        }
        let (with, without) = (group.filter { literals[$0][field] != nil }, group.filter { literals[$0][field] == nil })
        let known = known.union([field])
        for part in Dictionary(grouping: with, by: { literals[$0][field] }).values {
            guard visit(part, known: known, body) else { return false }
        }
        for one in without {
            for other in with { guard body(min(one, other), max(one, other)) else { return false } }
        }
        return visit(without, known: known, body)
    }

    private func visitAll(_ group: [Int], _ body: (Int, Int) -> Bool) -> Bool {
        for (offset, first) in group.enumerated() {
            for second in group[(offset + 1)...] { guard body(first, second) else { return false } }
        }
        return true
    }

    /// The field that most rules ask a literal of; nil: no field has two literals.
    private func divider(of group: [Int], known: Set<Field>) -> Field? {
        var counts: [Field: (rules: Int, first: String, differ: Bool)] = [:]
        for index in group {
            for (field, text) in literals[index] where !known.contains(field) {
                let count = counts[field] ?? (0, text, false)
                counts[field] = (count.rules + 1, count.first, count.differ || text != count.first)
            }
        }
        return counts.filter { $0.value.differ }.max {
            ($0.value.rules, $1.key.name, $1.key.isHeader ? 1 : 0) < (
                $1.value.rules, $0.key.name, $0.key.isHeader ? 1 : 0
            )
        }?.key
    }
}

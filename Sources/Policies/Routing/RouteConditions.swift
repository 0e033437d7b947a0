/// The conditions of all routes, compiled to bytes; judging one allocates nothing.
struct RouteConditions: Sendable {
    private enum Place {
        case header, query
    }

    private struct Condition {
        let place: Place
        let name: ByteArena.Piece
        let literal: ByteArena.Piece
        /// Index into `patterns`; −1: the literal counts.
        let pattern: Int32
    }

    /// A longer value matches no expression, so that one request cannot buy much work.
    private static let longestMatched = 4096

    private var arena = ByteArena()
    private var conditions: [Condition] = []
    private var patterns: [TextPattern] = []

    /// The conditions of a rule, as a range to hand to `hold`.
    mutating func add(_ rule: RouteRule) -> Range<Int> {
        let start = conditions.count
        for header in rule.headers { add(header, .header, name: header.name.lowercased()) }
        for parameter in rule.query { add(parameter, .query, name: parameter.name) }
        return start..<conditions.count
    }

    private mutating func add(_ condition: FieldCondition, _ place: Place, name: String) {
        var literal = ""
        if case .literal(let text) = condition.expectation { literal = text }
        if let pattern = condition.pattern { patterns.append(pattern) }
        conditions.append(
            Condition(
                place: place, name: arena.add(name), literal: arena.add(literal),
                pattern: condition.pattern == nil ? -1 : Int32(patterns.count - 1)))
    }

    /// Whether all conditions of the range hold.
    func hold(_ range: Range<Int>, _ query: UnsafeBufferPointer<UInt8>, _ fields: some FieldSource) -> Bool {
        for index in range {
            let condition = conditions[index]
            let holds =
                switch condition.place {
                case .header:
                    arena.with(condition.name) { name in
                        fields.hasHeader(named: name) { accepts(condition, FieldBytes(header: $0)) }
                    }
                case .query: holdsInQuery(condition, query)
                }
            guard holds else { return false }
        }
        return true
    }

    private func accepts(_ condition: Condition, _ value: FieldBytes) -> Bool {
        if condition.pattern >= 0 {
            return value.rawCount <= Self.longestMatched && patterns[Int(condition.pattern)].matches(value)
        }
        return arena.with(condition.literal) { value.equals($0) }
    }

    /// Name and value are compared decoded; a parameter without `=` has the empty value.
    private func holdsInQuery(_ condition: Condition, _ query: UnsafeBufferPointer<UInt8>) -> Bool {
        var start = 0
        while start < query.count {
            var end = start
            var equals = -1
            while end < query.count, query[end] != UInt8(ascii: "&") {
                if equals < 0, query[end] == UInt8(ascii: "=") { equals = end }
                end += 1
            }
            let name = FieldBytes(query: query, start..<(equals < 0 ? end : equals))
            if arena.with(condition.name, { name.equals($0) }),
                accepts(condition, FieldBytes(query: query, (equals < 0 ? end : equals + 1)..<end))
            {
                return true
            }
            start = end + 1
        }
        return false
    }
}

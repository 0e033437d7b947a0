import Policies

/// Reports routes between which the route table could only toss a coin.
enum RouteConflicts {
    /// - Parameter places: where each rule stands.
    static func report(in rules: [RouteRule], at places: [NodeReader]) {
        // Rules that are the same in all but the name are told apart first, each against its first: a file that repeats
        // one route ten thousand times has fifty million conflicting pairs.
        var firsts: [RouteRule: Int] = [:]
        var distinct: [Int] = []
        for (index, rule) in rules.enumerated() {
            var nameless = rule
            nameless.name = ""
            if let first = firsts[nameless] {
                report(RouteTable.conflicts(in: [rules[first], rule]), at: [places[first], places[index]])
            } else {
                firsts[nameless] = index
                distinct.append(index)
            }
        }
        report(RouteTable.conflicts(in: distinct.map { rules[$0] }), at: distinct.map { places[$0] })
    }

    private static func report(_ conflicts: [RouteConflict], at places: [NodeReader]) {
        for conflict in conflicts {
            let first = places[conflict.first]
            places[conflict.second].report("\(conflict.reason) (the other is in line \(first.node.place.line))")
        }
    }
}

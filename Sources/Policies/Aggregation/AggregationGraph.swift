/// Which steps of an aggregation wait for which others, by their places in the configuration.
package struct AggregationGraph: Hashable, Sendable {
    package struct Step: Hashable, Sendable {
        /// The steps whose answers it refers to.
        package var needs: Set<Int>
        /// Whether the whole can be answered without it.
        package var isOptional: Bool

        package init(needs: Set<Int> = [], isOptional: Bool = false) {
            self.needs = needs
            self.isOptional = isOptional
        }
    }

    /// Steps that wait for each other: each for the next, and the last for the first.
    package struct Cycle: Error, Hashable {
        package let steps: [Int]
    }

    package let steps: [Step]
    /// For each step, those that wait for it.
    let dependents: [[Int]]

    /// - Parameter steps: their needs must be places of this list.
    package init(_ steps: [Step]) throws(Cycle) {
        self.steps = steps
        dependents = steps.indices.map { place in steps.indices.filter { steps[$0].needs.contains(place) } }
        if let cycle = findCycle() { throw cycle }
    }

    /// The steps by when they can begin at the earliest: those of the first wave wait for nothing, each other one waits for
    /// something of the wave before it.
    package var waves: [[Int]] {
        var depths = [Int](repeating: 0, count: steps.count)
        // One more round than there are steps would change nothing: no way through the graph is longer.
        for _ in steps {
            for (place, step) in steps.enumerated() {
                depths[place] = step.needs.map { depths[$0] + 1 }.max() ?? 0
            }
        }
        return (0...(depths.max() ?? 0)).map { depth in steps.indices.filter { depths[$0] == depth } }
    }

    private enum Mark { case unseen, onPath, done }

    private func findCycle() -> Cycle? {
        var marks = [Mark](repeating: .unseen, count: steps.count)
        var path: [Int] = []
        for start in steps.indices {
            if let cycle = follow(start, &marks, &path) { return cycle }
        }
        return nil
    }

    private func follow(_ place: Int, _ marks: inout [Mark], _ path: inout [Int]) -> Cycle? {
        switch marks[place] {
        case .done: return nil
        case .onPath: return Cycle(steps: Array(path.drop { $0 != place }))
        case .unseen: break
        }
        marks[place] = .onPath
        path.append(place)
        for need in steps[place].needs.sorted() {
            if let cycle = follow(need, &marks, &path) { return cycle }
        }
        path.removeLast()
        marks[place] = .done
        return nil
    }
}

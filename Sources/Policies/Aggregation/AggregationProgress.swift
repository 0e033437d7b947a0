/// How far one aggregation has come: says which steps may begin, and when the whole has ended. Events in, actions out.
///
/// A step begins once all that it needs is settled. What an optional step does not deliver is missing, and steps that need
/// it begin all the same: whether they can do without is for them to see.
package struct AggregationProgress {
    private enum State: Equatable {
        /// For so many other steps.
        case waiting(Int)
        case running
        case delivered
        case missing

        var isSettled: Bool { self == .delivered || self == .missing }
    }

    package enum End: Hashable {
        /// Every step is settled.
        case complete
        /// The whole can't do without this step.
        case failed(step: Int)
    }

    /// What is to be done now.
    package struct Reaction: Hashable {
        package var start: [Int] = []
        package var end: End?
    }

    private let graph: AggregationGraph
    private var states: [State]
    private var unsettled: Int
    private var hasEnded = false

    package init(_ graph: AggregationGraph) {
        self.graph = graph
        states = graph.steps.map { .waiting($0.needs.count) }
        unsettled = graph.steps.count
    }

    /// Optional steps that have delivered nothing, in the order of the configuration.
    package var missing: [Int] { states.indices.filter { states[$0] == .missing } }

    package mutating func begin() -> Reaction {
        var reaction = Reaction()
        for step in states.indices where states[step] == .waiting(0) { start(step, &reaction) }
        conclude(&reaction)
        return reaction
    }

    /// A step that was started has its answer.
    package mutating func delivered(_ step: Int) -> Reaction {
        guard !hasEnded, states[step] == .running else { return Reaction() }
        var reaction = Reaction()
        settle(step, .delivered, &reaction)
        conclude(&reaction)
        return reaction
    }

    /// A step that was started has come to nothing.
    package mutating func failed(_ step: Int) -> Reaction {
        guard !hasEnded, states[step] == .running else { return Reaction() }
        var reaction = Reaction()
        guard graph.steps[step].isOptional else {
            hasEnded = true
            return Reaction(end: .failed(step: step))
        }
        settle(step, .missing, &reaction)
        conclude(&reaction)
        return reaction
    }

    /// There is no time left: what is optional is missing, and nothing more begins.
    package mutating func expired() -> Reaction {
        guard !hasEnded else { return Reaction() }
        hasEnded = true
        let open = states.indices.filter { !states[$0].isSettled }
        // The step that is under way is what the others wait for.
        let required = open.filter { !graph.steps[$0].isOptional }
        if let step = required.first(where: { states[$0] == .running }) ?? required.first {
            return Reaction(end: .failed(step: step))
        }
        for step in open { states[step] = .missing }
        return Reaction(end: .complete)
    }

    private mutating func start(_ step: Int, _ reaction: inout Reaction) {
        states[step] = .running
        reaction.start.append(step)
    }

    private mutating func settle(_ step: Int, _ outcome: State, _ reaction: inout Reaction) {
        states[step] = outcome
        unsettled -= 1
        for dependent in graph.dependents[step] {
            guard case .waiting(let others) = states[dependent] else { continue }
            states[dependent] = .waiting(others - 1)
            if others == 1 { start(dependent, &reaction) }
        }
    }

    private mutating func conclude(_ reaction: inout Reaction) {
        guard unsettled == 0 else { return }
        hasEnded = true
        reaction.end = .complete
    }
}

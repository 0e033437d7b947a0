import Testing

@testable import Policies

@Suite("The progress of an aggregation")
struct AggregationProgressTests {
    typealias Reaction = AggregationProgress.Reaction

    /// An order, its customer, who may be missing, and what needs both.
    private func progress() throws -> AggregationProgress {
        AggregationProgress(
            try AggregationGraph([
                .init(), .init(needs: [0], isOptional: true), .init(needs: [0]),
                .init(needs: [1, 2], isOptional: true),
            ]))
    }

    @Test("steps begin when all that they need is there, those of one wave at once")
    func order() throws {
        var progress = try progress()
        #expect(progress.begin() == Reaction(start: [0]))
        #expect(progress.delivered(0) == Reaction(start: [1, 2]))
        #expect(progress.delivered(2) == Reaction())
        #expect(progress.delivered(1) == Reaction(start: [3]))
        #expect(progress.delivered(3) == Reaction(end: .complete))
        #expect(progress.missing == [])
    }

    @Test("an optional step is missing, and what needs it begins all the same")
    func optional() throws {
        var progress = try progress()
        _ = progress.begin()
        _ = progress.delivered(0)
        #expect(progress.failed(1) == Reaction())
        #expect(progress.delivered(2) == Reaction(start: [3]))
        #expect(progress.failed(3) == Reaction(end: .complete))
        #expect(progress.missing == [1, 3])
    }

    @Test("a required step ends it all, and nothing that comes later counts")
    func required() throws {
        var progress = try progress()
        _ = progress.begin()
        _ = progress.delivered(0)
        #expect(progress.failed(2) == Reaction(end: .failed(step: 2)))
        let late = [progress.delivered(1), progress.failed(1), progress.expired()]
        #expect(late == [Reaction(), Reaction(), Reaction()])
    }

    @Test("when the time is over, what is optional is missing; a required step under way is to blame")
    func expiry() throws {
        var early = try progress()
        _ = early.begin()
        #expect(early.expired() == Reaction(end: .failed(step: 0)))
        var late = try progress()
        _ = late.begin()
        _ = late.delivered(0)
        _ = late.delivered(2)
        #expect(late.expired() == Reaction(end: .complete))
        #expect(late.missing == [1, 3])
    }

    @Test("whatever happens, each step begins once, after what it needs, and there is one end")
    func property() throws {
        for seed in 1...500 {
            var random = Seeded(seed: UInt64(seed))
            let count = random.number(1...7)
            let steps = (0..<count).map { place in
                AggregationGraph.Step(
                    needs: Set((0..<place).filter { _ in random.chance(40) }), isOptional: random.chance(50))
            }
            var progress = AggregationProgress(try AggregationGraph(steps))
            var running: Set<Int> = []
            var settled: Set<Int> = []
            var ends: [AggregationProgress.End] = []
            func take(_ reaction: Reaction) {
                for step in reaction.start {
                    #expect(!settled.contains(step) && running.insert(step).inserted, "seed \(seed)")
                    #expect(steps[step].needs.isSubset(of: settled), "seed \(seed)")
                }
                if let end = reaction.end { ends.append(end) }
            }
            take(progress.begin())
            while ends.isEmpty, let step = running.randomElement(using: &random) {
                running.remove(step)
                settled.insert(step)
                take(random.chance(75) ? progress.delivered(step) : progress.failed(step))
            }
            #expect(ends.count == 1, "seed \(seed)")
            if ends == [.complete] { #expect(settled.count == count, "seed \(seed)") }
            if case .failed(let step)? = ends.first { #expect(!steps[step].isOptional, "seed \(seed)") }
        }
    }

    @Test("a list is asked for in its order, so many at a time")
    func fanOut() {
        var fan = FanOut(count: 3, parallel: 2)
        let first = [fan.next(), fan.next(), fan.next()]
        #expect(first == [0, 1, nil])
        fan.finish()
        let second = [fan.next(), fan.next()]
        #expect(second == [2, nil] && !fan.isComplete)
        fan.finish()
        fan.finish()
        let third = fan.next()
        #expect(fan.isComplete && third == nil)
        #expect(FanOut(count: 0, parallel: 8).isComplete)
    }
}

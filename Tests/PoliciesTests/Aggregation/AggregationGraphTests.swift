import Testing

@testable import Policies

@Suite("The graph of an aggregation's steps")
struct AggregationGraphTests {
    private func graph(_ needs: [Set<Int>]) throws -> AggregationGraph {
        try AggregationGraph(needs.map { AggregationGraph.Step(needs: $0) })
    }

    @Test(
        "steps come in waves: each begins as soon as what it needs is there",
        arguments: [
            ([[], [], []], [[0, 1, 2]]), ([[], [0], [0]], [[0], [1, 2]]), ([[1], [2], []], [[2], [1], [0]]),
            ([[], [0], [0, 1], []], [[0, 3], [1], [2]]),
        ] as [([Set<Int>], [[Int]])])
    func waves(needs: [Set<Int>], waves: [[Int]]) throws { #expect(try graph(needs).waves == waves) }

    @Test(
        "steps that wait for each other are found",
        arguments: [
            ([[0]], [0]), ([[1], [0]], [0, 1]), ([[], [2], [3], [1]], [1, 2, 3]), ([[1], [2], [1]], [1, 2]),
        ] as [([Set<Int>], [Int])])
    func cycles(needs: [Set<Int>], cycle: [Int]) {
        #expect(throws: AggregationGraph.Cycle(steps: cycle)) { try graph(needs) }
    }

    @Test("a graph without cycles is one whose steps can be put in an order")
    func property() {
        for seed in 1...300 {
            var random = Seeded(seed: UInt64(seed))
            let count = random.number(1...8)
            let needs = (0..<count).map { _ in Set((0..<count).filter { _ in random.chance(20) }) }
            var settled: Set<Int> = []
            while let next = (0..<count).first(where: { !settled.contains($0) && needs[$0].isSubset(of: settled) }) {
                settled.insert(next)
            }
            #expect(((try? graph(needs)) != nil) == (settled.count == count), "seed \(seed)")
        }
    }
}

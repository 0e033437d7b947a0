import Policies
import Testing

@Suite("Weighted splits")
struct WeightedSplitTests {
    @Test(
        "random tickets are spread as the weights say",
        arguments: [[95, 5], [1, 1], [3, 0, 1], [0, 7], [1_000_000_000, 1_000_000_000], [1, 2, 3, 4]])
    func distribution(weights: [Int]) throws {
        let split = try #require(WeightedSplit(weights: weights))
        var generator = Seeded(seed: 7)
        var counts = weights.map { _ in 0 }
        for _ in 0..<100_000 { counts[split.arm(ticket: generator.next())] += 1 }
        let total = Double(weights.reduce(0, +))
        for (count, weight) in zip(counts, weights) {
            let expected = Double(weight) / total * 100_000
            #expect(abs(Double(count) - expected) < 5 * expected.squareRoot() + 1, "\(counts)")
            if weight == 0 { #expect(count == 0) }
        }
    }

    @Test("the same ticket always reaches the same arm, and hashes of names are as even as random numbers")
    func stickiness() throws {
        let split = try #require(WeightedSplit(weights: [95, 5]))
        var canaries = 0
        for number in 0..<20_000 {
            let ticket = StableHash.of("consumer-\(number)".utf8)
            #expect(split.arm(ticket: ticket) == split.arm(ticket: ticket))
            canaries += split.arm(ticket: ticket)
        }
        #expect((850...1150).contains(canaries), "\(canaries)")
    }

    @Test("who is in a canary stays in it as it grows")
    func growth() throws {
        let steps = try [1, 5, 10, 50, 100].map { try #require(WeightedSplit(weights: [100 - $0, $0])) }
        var generator = Seeded(seed: 3)
        for _ in 0..<10_000 {
            let ticket = generator.next()
            let arms = steps.map { $0.arm(ticket: ticket) }
            #expect(arms == arms.sorted(), "once in the second arm, never back")
        }
    }

    @Test("the ends of the line belong to the first and the last arm that has a weight")
    func ends() throws {
        let split = try #require(WeightedSplit(weights: [0, 1, 1, 0]))
        #expect(split.arm(ticket: 0) == 1)
        #expect(split.arm(ticket: .max) == 2)
        #expect(split.arm(ticket: .max / 2) == 1 && split.arm(ticket: .max / 2 + 1) == 2)
    }

    @Test("weights that no ticket could follow are none", arguments: [[], [0], [0, 0], [-1, 2], [1_000_000_001]])
    func impossible(weights: [Int]) {
        #expect(WeightedSplit(weights: weights) == nil)
    }

    @Test("a share takes its part of random tickets; none and all are exact")
    func shares() {
        var generator = Seeded(seed: 11)
        let share = Share(0.01)
        var taken = 0
        for _ in 0..<100_000 {
            let ticket = generator.next()
            if share.takes(ticket: ticket) { taken += 1 }
            #expect(!Share(0).takes(ticket: ticket) && Share.all.takes(ticket: ticket))
        }
        #expect((850...1150).contains(taken), "\(taken)")
        #expect(Share.all.takes(ticket: .max) && !Share(0).takes(ticket: 0))
    }
}

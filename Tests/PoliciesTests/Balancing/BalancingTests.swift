import Policies
import Testing

@Suite struct BalancingTests {
    private func targets(_ weights: [Int], outstanding: [Int] = []) -> [TargetLoad] {
        weights.enumerated().map { index, weight in
            TargetLoad(
                weight: weight, outstanding: outstanding.isEmpty ? 0 : outstanding[index],
                identity: StableHash.of("http://10.0.0.\(index):80".utf8))
        }
    }

    /// How often each target is picked.
    private func counts(_ rounds: Int, _ size: Int, _ pick: (Int) -> Int?) -> [Int] {
        var counts = [Int](repeating: 0, count: size)
        for round in 0..<rounds { if let index = pick(round) { counts[index] += 1 } }
        return counts
    }

    @Test("round robin is smooth and by weight")
    func roundRobin() {
        var loads = targets([5, 1, 1])
        #expect((0..<14).map { _ in Balancing.roundRobin(&loads) } == [0, 0, 1, 0, 2, 0, 0, 0, 0, 1, 0, 2, 0, 0])
        loads[0].isAvailable = false
        #expect(counts(10, 3) { _ in Balancing.roundRobin(&loads) } == [0, 5, 5])
    }

    @Test("least requests picks the lightest for its weight, idle targets by weight")
    func leastRequests() {
        var random = Seeded(seed: 1)
        #expect(Balancing.leastRequests(targets([1, 1, 1], outstanding: [3, 1, 2]), &random) == 1)
        #expect(Balancing.leastRequests(targets([4, 1, 1], outstanding: [3, 1, 2]), &random) == 0)
        let idle = targets([3, 1])
        let picked = counts(8_000, 2) { _ in Balancing.leastRequests(idle, &random) }
        #expect((5_800...6_200).contains(picked[0]))
    }

    @Test("random two prefers the lighter of two and never picks the heaviest of three")
    func randomTwo() {
        var random = Seeded(seed: 2)
        let loads = targets([1, 1, 1], outstanding: [9, 5, 1])
        let picked = counts(6_000, 3) { _ in Balancing.randomTwo(loads, &random) }
        #expect(picked[0] == 0)
        #expect((3_800...4_200).contains(picked[2]), "the lightest wins whenever it is drawn: two times in three")
        let idle = targets([3, 1])
        #expect((4_300...4_700).contains(counts(6_000, 2) { _ in Balancing.randomTwo(idle, &random) }[0]))
    }

    @Test("hashing spreads keys by weight")
    func hashWeights() {
        let loads = targets([1, 2, 5])
        let picked = counts(16_000, 3) { Balancing.hash(StableHash.of("key \($0)".utf8), loads) }
        for (count, expected) in zip(picked, [2_000, 4_000, 10_000]) { #expect(abs(count - expected) < 250) }
    }

    @Test("a target that leaves moves only its own keys, and they come back with it")
    func hashStability() {
        let loads = targets([1, 3, 2, 1, 1])
        for gone in loads.indices {
            var fewer = loads
            fewer[gone].isAvailable = false
            for number in 0..<500 {
                let key = StableHash.of("key \(number)".utf8)
                let (before, after) = (Balancing.hash(key, loads), Balancing.hash(key, fewer))
                #expect(before == gone ? after != gone : after == before)
            }
        }
    }

    @Test("the hash is the same in every run and on every node")
    func stableHash() {
        #expect(StableHash.of("".utf8) == 0xF52A_15E9_A9B5_E89B)
        let keys = ["acme", "globex", "initech", "umbrella", "hooli", "stark"]
        #expect(keys.map { Balancing.hash(StableHash.of($0.utf8), targets([1, 2, 3])) } == [0, 0, 2, 2, 0, 1])
    }

    @Test("without an eligible target nothing is picked, and unavailable or weightless ones never are")
    func eligibility() {
        var random = Seeded(seed: 3)
        var none = targets([0, 1])
        none[1].isAvailable = false
        for var loads in [none, []] {
            #expect(Balancing.roundRobin(&loads) == nil)
            #expect(Balancing.leastRequests(loads, &random) == nil)
            #expect(Balancing.randomTwo(loads, &random) == nil)
            #expect(Balancing.hash(1, loads) == nil)
        }
        var one = targets([0, 1, 2])
        one[2].isAvailable = false
        for key in 0..<100 {
            #expect(Balancing.roundRobin(&one) == 1)
            #expect(Balancing.leastRequests(one, &random) == 1)
            #expect(Balancing.randomTwo(one, &random) == 1)
            #expect(Balancing.hash(UInt64(key), one) == 1)
        }
    }
}

import Testing

@testable import Policies

@Suite("Quantiles of latency")
struct QuantileEstimateTests {
    @Test("the estimate comes near the quantile, whatever the numbers", arguments: [50, 90, 95, 99])
    func near(_ percent: Int) {
        var generator = BalanceGenerator(seed: 7)
        var estimate = QuantileEstimate(percent: percent)
        for _ in 0..<20_000 { estimate.note(Int.random(in: 1_000...101_000, using: &generator)) }
        let wanted = 1_000 + percent * 1_000
        #expect(abs((estimate.value ?? 0) - wanted) < 12_000, "\(estimate.value ?? 0) for \(wanted)")
    }

    @Test("it says nothing before it has seen enough")
    func tooFew() {
        var estimate = QuantileEstimate(percent: 95)
        for _ in 0..<99 { estimate.note(5_000) }
        #expect(estimate.value == nil)
        estimate.note(5_000)
        #expect(estimate.value == 5_000)
    }

    @Test("it follows when things change")
    func follows() {
        var estimate = QuantileEstimate(percent: 95)
        for _ in 0..<1_000 { estimate.note(1_000) }
        for _ in 0..<1_000 { estimate.note(50_000) }
        #expect((estimate.value ?? 0) > 40_000)
    }
}

import Testing

@testable import HTTP2

@Suite("What a peer may cost without getting anything done")
struct FloodBudgetTests {
    @Test("a hundred resets or a thousand pings at once, and no more")
    func burst() {
        for (cost, most) in [(FloodBudget.Cost.reset, 100), (.idleFrame, 1000)] {
            var budget = FloodBudget()
            for _ in 0..<most { #expect(budget.charge(cost, atMicroseconds: 5) == true) }
            #expect(budget.charge(cost, atMicroseconds: 5) == false)
        }
    }

    @Test("in any time, no mixture gets more than the bucket and what time has put into it")
    func bound() {
        for _ in 0..<200 {
            var budget = FloodBudget()
            var now = 0
            var spent = 0
            for _ in 0..<3000 {
                now += Int.random(in: 0...30_000)
                let cost: FloodBudget.Cost = Bool.random() ? .reset : .idleFrame
                guard budget.charge(cost, atMicroseconds: now) else { break }
                spent += cost.rawValue
            }
            #expect(spent <= FloodBudget.capacity + now * FloodBudget.perSecond / 1_000_000)
        }
    }

    @Test("who works may go on for good")
    func work() {
        var budget = FloodBudget()
        for _ in 0..<100_000 {
            budget.credit()
            #expect(budget.charge(.idleFrame, atMicroseconds: 0) == true)
        }
    }
}

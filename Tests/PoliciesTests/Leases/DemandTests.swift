import Testing

@testable import Policies

@Suite("Demand for a key")
struct DemandTests {
    @Test(
        "steady requests are expected to go on",
        arguments: [(100, 6), (1000, 60), (10_000, 600), (50_000, 3000)])
    func steady(perSecond: Int, within60Milliseconds: Int) {
        var demand = Demand()
        var now = 0
        for _ in 0..<perSecond {
            now += 1_000_000 / perSecond
            demand.note(1, now: now)
        }
        let expected = demand.expected(within: 60_000, now: now)
        #expect(abs(expected - within60Milliseconds) <= max(1, within60Milliseconds / 20))
    }

    @Test("one request, however expensive, expects no other", arguments: [1, 5, 1000])
    func single(cost: Int) {
        var demand = Demand()
        demand.note(cost, now: 7)
        #expect(demand.expected(within: 60_000, now: 7) == 0)
    }

    @Test("what is long ago does not count")
    func fades() {
        var demand = Demand()
        for _ in 0..<100 { demand.note(1, now: 0) }
        #expect(demand.expected(within: 100_000, now: 0) == 99)
        #expect((45...50).contains(demand.expected(within: 100_000, now: 50_000)))
        #expect(demand.expected(within: 100_000, now: 100_000) == 0)
    }
}

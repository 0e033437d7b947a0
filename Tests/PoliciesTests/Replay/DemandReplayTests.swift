import Testing

@testable import Policies

@Suite("Recorded demand against a proposed policy")
struct DemandReplayTests {
    private let perMinute = RateWindow(count: 60, periodMicroseconds: 60_000_000, capacity: 5)

    private func steady(_ subject: String, every gap: Int, count: Int, cost: Int = 1) -> [DemandReplay.Request] {
        (0..<count).map { .init(time: $0 * gap, subject: subject, cost: cost) }
    }

    @Test("who keeps to the rate is never refused, and who does not gets the rate and the burst")
    func rates() throws {
        let demand = steady("calm", every: 1_000_000, count: 300) + steady("busy", every: 100_000, count: 600)
        let outcomes = DemandReplay([perMinute]).run(demand)
        #expect(outcomes["calm"] == .init(admitted: 300, refused: 0, firstRefusal: nil))
        let busy = try #require(outcomes["busy"])
        #expect((64...65).contains(busy.admitted), "a minute's rate and the burst: \(busy)")
        #expect(busy.total == 600)
        #expect(busy.share > 0.89)
    }

    @Test("a refused request is charged on none of the windows")
    func allOrNothing() {
        let day = RateWindow(count: 10, periodMicroseconds: 86_400_000_000)
        let outcomes = DemandReplay([perMinute, day]).run(steady("a", every: 1000, count: 8))
        #expect(outcomes["a"]?.admitted == 5)
        let later = DemandReplay([perMinute, day]).run(
            steady("a", every: 1000, count: 8) + [5, 6, 7, 8, 9, 10].map { .init(time: $0 * 60_000_000, subject: "a") })
        #expect(later["a"]?.admitted == 10, "the day has five left after the burst")
    }

    @Test("the order in which demand was read does not matter, and cost does")
    func order() {
        let demand = steady("a", every: 10_000, count: 50, cost: 2)
        let sorted = DemandReplay([perMinute]).run(demand)
        #expect(DemandReplay([perMinute]).run(demand.reversed()) == sorted)
        #expect(sorted["a"]?.admitted == 2)
    }

    @Test("one that stands for many counts as many, spread over the time since the one before")
    func weights() {
        let sampled = (0...60).map { DemandReplay.Request(time: $0 * 10_000_000, subject: "a", weight: 10) }
        let outcome = DemandReplay([perMinute]).run(sampled)["a"]
        #expect(outcome?.total == 610)
        #expect(outcome?.refused ?? 99 <= 5, "a request a second keeps to 60 a minute: \(String(describing: outcome))")
    }
}

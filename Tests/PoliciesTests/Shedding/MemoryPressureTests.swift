import Testing

@testable import Policies

@Suite("Memory pressure")
struct MemoryPressureTests {
    @Test(
        "each mark begins a step, and it is left ten percent below",
        arguments: [
            (MemoryPressure.none, 0, MemoryPressure.none), (.none, 74, .none), (.none, 75, .shedsLow),
            (.none, 90, .shedsNormal), (.none, 100, .shedsAll), (.none, 5_000, .shedsAll),
            (.shedsLow, 66, .shedsLow), (.shedsLow, 64, .none), (.shedsLow, 95, .shedsNormal),
            (.shedsNormal, 81, .shedsNormal), (.shedsNormal, 79, .shedsLow), (.shedsNormal, 10, .none),
            (.shedsAll, 91, .shedsAll), (.shedsAll, 89, .shedsNormal), (.shedsAll, 70, .shedsLow),
        ])
    func steps(_ before: MemoryPressure, _ held: Int, _ after: MemoryPressure) {
        #expect(before.next(held: held * 1_000, limit: 100_000) == after)
    }

    @Test("a level that moves less than the slack changes nothing twice")
    func doesNotFlutter() {
        var pressure = MemoryPressure.none
        var changes = 0
        for held in [74, 75, 74, 76, 73, 75, 70, 66, 74] {
            let next = pressure.next(held: held, limit: 100)
            if next != pressure { changes += 1 }
            pressure = next
        }
        #expect(changes == 1)
    }

    @Test("no size is too large to be judged")
    func extremes() {
        #expect(MemoryPressure.none.next(held: .max, limit: 1) == .shedsAll)
        #expect(MemoryPressure.shedsAll.next(held: .min, limit: .max) == .none)
        #expect(MemoryPressure.none.next(held: 1, limit: 0) == .shedsAll)
    }

    @Test("low goes first, high last")
    func priorities() {
        #expect(MemoryPressure.allCases.map { $0.sheds(.low) } == [false, true, true, true])
        #expect(MemoryPressure.allCases.map { $0.sheds(.normal) } == [false, false, true, true])
        #expect(MemoryPressure.allCases.map { $0.sheds(.high) } == [false, false, false, true])
    }
}

import Policies
import Testing

@Suite("Limits on failed attempts")
struct AttemptLimitTests {
    private let limit = AttemptLimit(count: 3, periodMicroseconds: 60_000_000)
    private let second = 1_000_000

    @Test("so many may fail at once; the next waits until one is given back")
    func burst() {
        var level = AttemptLevel()
        for _ in 1...3 {
            #expect(level.wait(now: 0, limit) == 0)
            level.fail(now: 0, limit)
        }
        #expect(level.wait(now: 0, limit) == 20 * second)
        #expect(level.wait(now: 19 * second, limit) == second)
        #expect(level.wait(now: 20 * second, limit) == 0)
        level.fail(now: 20 * second, limit)
        #expect(level.wait(now: 20 * second, limit) == 20 * second)
        #expect(!level.isOver(now: 79 * second) && level.isOver(now: 80 * second))
    }

    @Test("who goes on failing does not wait longer and longer")
    func bounded() {
        var level = AttemptLevel()
        for _ in 1...100 { level.fail(now: 0, limit) }
        #expect(level.wait(now: 0, limit) == 20 * second)
    }

    @Test("who fails more slowly than the rate never waits")
    func slow() {
        var level = AttemptLevel()
        for number in 0..<100 {
            #expect(level.wait(now: number * 20 * second, limit) == 0)
            level.fail(now: number * 20 * second, limit)
        }
    }

    @Test("rates at the ends of what can be written do no harm")
    func extremes() {
        for (count, period) in [(1, 1), (1_000_000, 1_000_000), (1_000_000, 86_400_000_000), (1, 86_400_000_000)] {
            let limit = AttemptLimit(count: count, periodMicroseconds: period)
            var level = AttemptLevel()
            for now in [Int.min / 4, 0, 1 << 52] { level.fail(now: now, limit) }
            #expect(level.wait(now: 1 << 52, limit) >= 0)
        }
    }
}

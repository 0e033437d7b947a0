import Policies
import Testing

@Suite struct RateWindowTests {
    private let second = 1_000_000

    @Test("terms are the rate in lowest terms")
    func lowest() {
        let cases: [(count: Int, period: Int, terms: (Int, Int))] = [
            (100, 60_000_000, (1, 600_000)), (10, 1_000_000, (1, 100_000)), (3, 1_000_000, (3, 1_000_000)),
            (10_000, 86_400_000_000, (1, 8_640_000)), (5, 10_000_000, (1, 2_000_000)), (7, 7, (1, 1)),
            (1_000_000_000, 1, (1_000_000_000, 1)),
        ]
        for (count, period, terms) in cases {
            let window = RateWindow(count: count, periodMicroseconds: period)
            #expect(window.terms.count == terms.0 && window.terms.period == terms.1, "\(count)/\(period)")
            #expect(window.capacity == count)
        }
    }

    @Test("terms stay exact in doubles, never exceed the rate, and hardly fall below it")
    func bounded() {
        var random = Seeded(seed: 11)
        let extremes = [
            (RateWindow.countRange.upperBound, RateWindow.periodRange.upperBound),
            (999_999_937, RateWindow.periodRange.upperBound - 1), (257, RateWindow.periodRange.upperBound - 1),
            (999_999_937, 1 << 24), (1, RateWindow.periodRange.upperBound),
        ]
        let others = (0..<20_000).map { _ in
            (random.number(1...1 << random.number(0...29)), random.number(1...1 << random.number(0...44)))
        }
        for (count, period) in extremes + others {
            let terms = RateWindow(count: count, periodMicroseconds: period).terms
            #expect(terms.count >= 1 && terms.period >= 1)
            #expect(Int128(terms.count + 1) * Int128(terms.period) <= 1 << 53)
            let (mine, exact) = (Int128(terms.count) * Int128(period), Int128(count) * Int128(terms.period))
            #expect(mine <= exact, "faster than \(count)/\(period)")
            #expect((exact - mine) << 22 <= exact, "much slower than \(count)/\(period)")
        }
    }

    @Test("impossible values are brought to the nearest possible ones")
    func clamped() {
        let window = RateWindow(count: 0, periodMicroseconds: -5, capacity: Int.max)
        #expect(window.count == 1 && window.periodMicroseconds == 1 && window.capacity == 1_000_000_000)
    }
}

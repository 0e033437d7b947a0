import Policies
import Testing

/// `take.lua` follows the same steps in doubles; here they are taken in doubles too, and must agree in every bit.
@Suite struct DoublesTests {
    @Test("the steps in doubles give the same bucket and the same wait")
    func agree() {
        var random = Seeded(seed: 21)
        for _ in 0..<20_000 {
            let window = RateWindow(
                count: random.number(1...1 << random.number(0...29)),
                periodMicroseconds: random.number(1...1 << random.number(0...44)),
                capacity: random.number(1...1 << random.number(0...29)))
            var bucket = TokenBucket(
                tokens: random.number(0...window.capacity), fraction: random.number(0...window.terms.period - 1),
                updated: 1_700_000_000_000_000)
            let (cost, elapsed) = (random.number(0...window.capacity), random.number(0...1 << random.number(0...50)))
            let doubles = steps(window, bucket, elapsed: Double(elapsed), cost: Double(cost))
            bucket.advance(to: bucket.updated + elapsed, window)
            #expect(Double(bucket.tokens) == doubles.tokens && Double(bucket.fraction) == doubles.fraction)
            #expect(Double(bucket.wait(for: cost, window)) == doubles.wait)
        }
    }

    private func steps(
        _ window: RateWindow, _ bucket: TokenBucket, elapsed: Double, cost: Double
    ) -> (tokens: Double, fraction: Double, wait: Double) {
        let (count, period, capacity) = (
            Double(window.terms.count), Double(window.terms.period), Double(window.capacity)
        )
        var (tokens, fraction) = (Double(bucket.tokens), Double(bucket.fraction))
        let periods = (elapsed / period).rounded(.down)
        let rest = elapsed - periods * period
        let missing = capacity - tokens
        if missing <= 0 || periods > (missing / count).rounded(.down) {
            (tokens, fraction) = (capacity, 0)
        } else {
            let units = rest * count + fraction
            let whole = (units / period).rounded(.down)
            let gained = periods * count + whole
            (tokens, fraction) = gained >= missing ? (capacity, 0) : (tokens + gained, units - whole * period)
        }
        return (tokens, fraction, wait(cost, tokens, fraction, (count, period)))
    }

    private func wait(_ cost: Double, _ tokens: Double, _ fraction: Double, _ terms: (count: Double, period: Double))
        -> Double
    {
        let longest = Double(TokenBucket.longestWait)
        if cost <= tokens { return 0 }
        let short = cost - tokens
        let rounds = (short / terms.count).rounded(.down)
        let rest = short - rounds * terms.count
        if rounds > (longest / terms.period).rounded(.down) { return longest }
        let units = rest * terms.period - fraction
        return min(rounds * terms.period + (units / terms.count).rounded(.up), longest)
    }
}

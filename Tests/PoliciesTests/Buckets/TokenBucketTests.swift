import Policies
import Testing

@Suite struct TokenBucketTests {
    private let hundredPerMinute = RateWindow(count: 100, periodMicroseconds: 60_000_000)
    private let threePerSecond = RateWindow(count: 3, periodMicroseconds: 1_000_000)

    @Test("time brings tokens back, with the begun token kept exactly")
    func advance() {
        let window = threePerSecond
        let cases: [(tokens: Int, fraction: Int, elapsed: Int, expected: (Int, Int))] = [
            (0, 0, 0, (0, 0)), (0, 0, 1, (0, 3)), (0, 0, 333_333, (0, 999_999)), (0, 0, 333_334, (1, 2)),
            (0, 999_999, 1, (1, 2)), (0, 0, 666_667, (2, 1)), (0, 0, 1_000_000, (3, 0)), (1, 5, 666_665, (3, 0)),
            (1, 5, 666_664, (2, 999_997)), (3, 0, 1, (3, 0)), (2, 999_999, 1, (3, 0)), (0, 0, Int.max, (3, 0)),
            (7, 9, 0, (3, 0)), (0, 7, -50, (0, 7)),
        ]
        for (tokens, fraction, elapsed, expected) in cases {
            var bucket = TokenBucket(tokens: tokens, fraction: fraction, updated: 0)
            bucket.advance(to: elapsed, window)
            #expect((bucket.tokens, bucket.fraction) == expected, "\(tokens) + \(fraction) after \(elapsed)")
            #expect(bucket.updated == max(0, elapsed))
        }
    }

    @Test("a clock that goes backwards gives nothing twice")
    func backwards() {
        var bucket = TokenBucket(tokens: 0, fraction: 0, updated: 1_000_000)
        bucket.advance(to: 500_000, threePerSecond)
        #expect(bucket == TokenBucket(tokens: 0, fraction: 0, updated: 1_000_000))
        bucket.advance(to: 1_500_000, threePerSecond)
        #expect(bucket == TokenBucket(tokens: 1, fraction: 500_000, updated: 1_500_000))
    }

    @Test("nothing overflows or leaves what doubles hold, for years and for a thousand million tokens")
    func extremes() {
        let largest = RateWindow.countRange.upperBound
        for window in [
            RateWindow(count: largest, periodMicroseconds: 1, capacity: largest),
            RateWindow(count: 1, periodMicroseconds: RateWindow.periodRange.upperBound, capacity: largest),
            RateWindow(count: largest, periodMicroseconds: RateWindow.periodRange.upperBound),
            RateWindow(count: 999_999_937, periodMicroseconds: RateWindow.periodRange.upperBound - 1, capacity: 1),
        ] {
            for elapsed in [1, 1 << 20, 1 << 45, 1 << 52, Int.max] {
                var bucket = TokenBucket(tokens: 0, fraction: window.terms.period - 1, updated: 0)
                #expect((0...TokenBucket.longestWait).contains(bucket.wait(for: window.capacity, window)))
                bucket.advance(to: elapsed, window)
                #expect((0...window.capacity).contains(bucket.tokens))
                #expect((0..<window.terms.period).contains(bucket.fraction))
            }
        }
    }

    @Test("waits are exact, capped, and zero when there is enough")
    func waits() {
        let bucket = TokenBucket(tokens: 1, fraction: 500_000, updated: 0)
        #expect(bucket.wait(for: 0, threePerSecond) == 0)
        #expect(bucket.wait(for: 1, threePerSecond) == 0)
        #expect(bucket.wait(for: 2, threePerSecond) == 166_667)
        #expect(bucket.wait(for: 3, threePerSecond) == 500_000)
        #expect(bucket.timeToFull(threePerSecond) == 500_000)
        #expect(bucket.wait(for: 4, threePerSecond) == TokenBucket.longestWait)
        let empty = TokenBucket(tokens: 0, fraction: 0, updated: 0)
        #expect(empty.timeToFull(hundredPerMinute) == 60_000_000)
        let slow = RateWindow(count: 1, periodMicroseconds: RateWindow.periodRange.upperBound, capacity: 1_000_000_000)
        #expect(empty.timeToFull(slow) == TokenBucket.longestWait)
    }

    @Test("advancing in many steps or in one gives the same bucket")
    func steps() {
        var random = Seeded(seed: 5)
        for _ in 0..<2_000 {
            let window = randomWindow(&random)
            var stepped = TokenBucket(
                tokens: random.number(0...window.capacity), fraction: random.number(0...window.terms.period - 1),
                updated: 0)
            var direct = stepped
            var now = 0
            for _ in 0..<random.number(1...12) {
                now += random.number(0...window.terms.period * 2 / window.terms.count + 3)
                stepped.advance(to: now, window)
            }
            direct.advance(to: now, window)
            #expect(stepped == direct, "\(window)")
        }
    }

    @Test("after the wait the tokens are there, a microsecond earlier they are not")
    func waitIsTight() {
        var random = Seeded(seed: 6)
        for _ in 0..<5_000 {
            let window = randomWindow(&random)
            let bucket = TokenBucket(
                tokens: random.number(0...window.capacity - 1), fraction: random.number(0...window.terms.period - 1),
                updated: random.number(0...1_000_000))
            let cost = random.number(bucket.tokens + 1...window.capacity)
            let wait = bucket.wait(for: cost, window)
            guard wait < TokenBucket.longestWait else { continue }
            var (before, after) = (bucket, bucket)
            before.advance(to: bucket.updated + wait - 1, window)
            after.advance(to: bucket.updated + wait, window)
            #expect(wait > 0 && before.tokens < cost && after.tokens >= cost, "\(window) \(bucket) \(cost)")
        }
    }

    @Test("an edited policy keeps the share that was left")
    func rescaled() {
        func rescale(_ tokens: Int, _ old: Int, _ new: Int) -> Int {
            TokenBucket(tokens: tokens, fraction: 0, updated: 4).rescaled(
                from: RateWindow(count: old, periodMicroseconds: 1), to: RateWindow(count: new, periodMicroseconds: 1)
            ).tokens
        }
        let cases = [
            (50, 100, 200, 100), (1, 3, 100, 33), (99, 100, 10, 9), (0, 5, 50, 0), (7, 5, 50, 50), (5, 5, 1, 1),
        ]
        for (tokens, old, new, expected) in cases { #expect(rescale(tokens, old, new) == expected) }
        var random = Seeded(seed: 8)
        for _ in 0..<5_000 {
            let (old, new) = (random.number(1...1 << random.number(0...29)), random.number(1...1_000_000_000))
            let tokens = random.number(0...old)
            #expect(Int128(rescale(tokens, old, new)) == Int128(tokens) * Int128(new) / Int128(old))
        }
    }

    @Test("the same terms and capacity change nothing, other terms give up only the begun token")
    func rescaledRate() {
        let bucket = TokenBucket(tokens: 2, fraction: 9, updated: 4)
        let same = RateWindow(count: 6, periodMicroseconds: 2_000_000, capacity: 3)
        #expect(bucket.rescaled(from: threePerSecond, to: same) == bucket)
        let faster = RateWindow(count: 9, periodMicroseconds: 2_000_000, capacity: 3)
        #expect(bucket.rescaled(from: threePerSecond, to: faster) == TokenBucket(tokens: 2, fraction: 0, updated: 4))
    }
}

func randomWindow(_ random: inout Seeded) -> RateWindow {
    RateWindow(
        count: random.number(1...1 << random.number(0...20)),
        periodMicroseconds: random.number(1...1 << random.number(0...36)),
        capacity: random.number(1...1 << random.number(0...20)))
}

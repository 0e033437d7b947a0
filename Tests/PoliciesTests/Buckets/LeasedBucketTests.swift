import Policies
import Testing

@Suite("Buckets with leases out, as they are looked at")
struct LeasedBucketTests {
    /// One token every millisecond, 100 at most.
    private let window = RateWindow(count: 1000, periodMicroseconds: 1_000_000, capacity: 100)

    @Test("a bucket refills only up to what leases leave, piece by piece")
    func pieces() {
        var bucket = TokenBucket(tokens: 0, fraction: 0, updated: 0)
        let leases = [LeasedTokens(amount: 60, expiry: 200_000), LeasedTokens(amount: 30, expiry: 50_000)]
        bucket.advance(to: 40_000, window, leases: leases)
        #expect(bucket.tokens == 10, "90 of 100 are out")
        bucket.advance(to: 90_000, window, leases: leases)
        #expect(bucket.tokens == 40, "one has lapsed at 50 ms, and what came back until then was capped")
        bucket.advance(to: 210_000, window, leases: leases)
        #expect(bucket.tokens == 50, "the other one has lapsed 10 ms ago")
    }

    @Test("without leases it is the arithmetic of the nodes")
    func alone() {
        var one = TokenBucket(tokens: 3, fraction: 7, updated: 5)
        var other = one
        one.advance(to: 12_345, window)
        other.advance(to: 12_345, window, leases: [])
        #expect(one == other)
        #expect(one.wait(for: 90, window) == other.wait(for: 90, window, leases: []))
    }

    @Test("a wait reaches over leases that lapse meanwhile, and is the first instant at which tokens are there")
    func waits() {
        let leases = [LeasedTokens(amount: 100, expiry: 20_000)]
        let bucket = TokenBucket(tokens: 0, fraction: 0, updated: 0)
        let wait = bucket.wait(for: 5, window, leases: leases)
        #expect(wait == 25_000)
        for (time, tokens) in [(wait, 5), (wait - 1, 4)] {
            var later = bucket
            later.advance(to: time, window, leases: leases)
            #expect(later.tokens == tokens)
        }
        #expect(bucket.wait(for: 101, window, leases: leases) == TokenBucket.longestWait)
    }

    @Test("a debt is paid back first")
    func debt() {
        let bucket = TokenBucket(tokens: -10, fraction: 0, updated: 0)
        #expect(bucket.wait(for: 1, window, leases: []) == 11_000)
    }

    @Test(
        "a rate reads as it was written",
        arguments: ["100/minute", "5/10s", "10/second", "1/day", "7/250ms", "9/90m", "2/7d"])
    func rates(_ text: String) {
        let window = RateWindow(rate: text, capacity: 12)
        #expect(window?.text == text)
        #expect(window?.capacity == 12)
    }

    @Test("what is no rate is none")
    func noRates() {
        for text in [
            "", "/", "1/", "/minute", "3/us", "1/fortnight", "0/minute", "-1/second", "1/0s", "1/9999999999999999999d",
        ] {
            #expect(RateWindow(rate: text, capacity: 1) == nil)
        }
        #expect(RateWindow(rate: "1/second", capacity: 0) == nil)
    }
}

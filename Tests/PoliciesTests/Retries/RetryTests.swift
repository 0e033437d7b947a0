import Policies
import Testing

@Suite("Retries")
struct RetryTests {
    @Test("a request that does something again is only sent again where nothing was sent, or where that is said")
    func idempotence() {
        var settings = RetrySettings()
        settings.causes.insert(.grpc(14))
        for cause in [RetrySettings.Cause.reset, .timeout, .status(503)] {
            #expect(settings.covers(cause, isIdempotent: true) && !settings.covers(cause, isIdempotent: false))
        }
        #expect(settings.covers(.connect, isIdempotent: false) && settings.covers(.grpc(14), isIdempotent: false))
        #expect(!settings.covers(.status(500), isIdempotent: true) && !settings.covers(.grpc(5), isIdempotent: true))
        settings.includesUnsafe = true
        #expect(settings.covers(.reset, isIdempotent: false))
    }

    @Test("a retry waits anywhere up to a bound that doubles")
    func backoff() {
        let settings = RetrySettings()
        #expect(settings.pauseMicroseconds(beforeRetry: 1, random: 0) == 0)
        for retry in 1...10 {
            let longest = settings.pauseMicroseconds(beforeRetry: retry, random: 0.999_999)
            #expect(longest <= 25_000 << min(retry - 1, 6) && longest >= 24_900 << min(retry - 1, 6))
        }
    }

    @Test(
        "whatever comes in whatever order, retries are at most the share of the requests, a reserve, and one a second")
    func budget() {
        var generator = SystemRandomNumberGenerator()
        for share in [0.0, 0.1, 0.2, 1.0] {
            var budget = RetryBudget(share: share)
            var (now, requests, retries) = (0, 0, 0)
            for _ in 0..<20_000 {
                now += Int.random(in: 0..<2000, using: &generator)
                if Bool.random(using: &generator) {
                    budget.earn()
                    requests += 1
                } else if budget.spend(atMicroseconds: now) {
                    retries += 1
                }
                let most = RetryBudget.reserve + share * Double(requests) + Double(now) / 1_000_000
                #expect(Double(retries) <= most + 0.001)
            }
            #expect(retries >= 10, "the reserve can be used")
        }
    }

    @Test("good times save for bad ones, up to a bound")
    func saving() {
        var budget = RetryBudget(share: 0.2)
        for _ in 0..<10_000 { budget.earn() }
        var retries = 0
        while budget.spend(atMicroseconds: 0) { retries += 1 }
        #expect(retries == 100)
    }
}

import HTTPWire
import Policies
import Testing

@testable import Filters

@Suite("Rate limit fields of a response")
struct RateLimitFieldsTests {
    private func lines(_ policies: [LimitPolicy], _ states: [TakeRequest.WindowState]) -> [String] {
        let lines = ByteBuilder()
        let limits = policies.map { RateLimitFilter.Limit(policy: $0, subject: .route, metricsIndex: 0) }
        RateLimitFields.append(limits, states, to: lines)
        return lines.bytes.text.split(separator: "\r\n").map(String.init)
    }

    @Test("one window")
    func oneWindow() {
        #expect(
            lines([LimitPolicy("users.consumer", perMinute: 100)], [.init(41, reset: 35_400_000)]) == [
                #"RateLimit-Policy: "users.consumer";q=100;w=60"#, #"RateLimit: "users.consumer";r=41;t=36"#,
                "X-RateLimit-Limit: 100", "X-RateLimit-Remaining: 41", "X-RateLimit-Reset: 36",
            ])
    }

    @Test("several windows and policies are told apart by name; X-RateLimit is the tightest")
    func severalWindows() {
        let plan = LimitPolicy(
            name: "plan.gold",
            windows: [
                RateWindow(count: 50, periodMicroseconds: 1_000_000),
                RateWindow(count: 1000, periodMicroseconds: 86_400_000_000),
            ])
        let states: [TakeRequest.WindowState] = [
            .init(7, reset: 1), .init(3, reset: 86_000_000_000), .init(5, reset: 0),
        ]
        let names = (#""plan.gold.second""#, #""plan.gold.day""#, #""all.route""#)
        #expect(
            lines([plan, LimitPolicy("all.route", perMinute: 6)], states) == [
                "RateLimit-Policy: \(names.0);q=50;w=1, \(names.1);q=1000;w=86400, \(names.2);q=6;w=60",
                "RateLimit: \(names.0);r=7;t=1, \(names.1);r=3;t=86000, \(names.2);r=5;t=0",
                "X-RateLimit-Limit: 1000", "X-RateLimit-Remaining: 3", "X-RateLimit-Reset: 86000",
            ])
    }

    @Test("of windows with the same remainder the one that takes longer to recover is the tightest")
    func tie() {
        let states: [TakeRequest.WindowState] = [.init(0, reset: 5_000_000), .init(0, reset: 9_000_000)]
        let lines = lines([LimitPolicy("a", perMinute: 1), LimitPolicy("b", perMinute: 2)], states)
        #expect(lines.suffix(3) == ["X-RateLimit-Limit: 2", "X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 9"])
    }

    @Test("a burst changes X-RateLimit-Limit, not the quota of the policy")
    func burst() {
        let window = RateWindow(count: 20, periodMicroseconds: 1_000_000, capacity: 40)
        let lines = lines([LimitPolicy(name: "a", windows: [window])], [.init(39, reset: 50_000)])
        #expect(lines[0] == #"RateLimit-Policy: "a";q=20;w=1"# && lines[2] == "X-RateLimit-Limit: 40")
    }

    @Test("without states only the policy is told")
    func unknownStates() {
        #expect(lines([LimitPolicy("a", perMinute: 1)], []) == [#"RateLimit-Policy: "a";q=1;w=60"#])
    }

    @Test("a name can't leave its quotes")
    func quoting() {
        let line = lines([LimitPolicy("a\"\\é", perMinute: 1)], []).first
        #expect(line == #"RateLimit-Policy: "a____";q=1;w=60"#)
    }

    @Test(
        "Retry-After is the longest wait in whole seconds, and at least one",
        arguments: [([0, 1_200_000, 300_000], 2), ([1], 1), ([0], 1), ([], 1), ([60_000_000], 60)])
    func retryAfter(waits: [Int], seconds: Int) {
        let lines = ByteBuilder()
        RateLimitFields.appendRetryAfter(waits.map { .init(0, reset: 0, wait: $0) }, to: lines)
        #expect(lines.bytes.text == "Retry-After: \(seconds)\r\n")
    }
}

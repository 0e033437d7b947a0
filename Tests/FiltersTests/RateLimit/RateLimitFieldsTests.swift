import HTTPWire
import Policies
import Testing

@testable import Filters

@Suite("Rate limit fields of a response")
struct RateLimitFieldsTests {
    private func lines(
        _ policies: [LimitPolicy], _ states: [TakeRequest.WindowState], places: [Int: TakeRequest.PlaceState] = [:]
    ) -> [String] {
        let lines = ByteBuilder()
        let limits = policies.map { RateLimitFilter.Limit(policy: $0, subject: .route, metricsIndex: 0) }
        let request = TakeRequest()
        for policy in policies { withBytes("all") { request.add(policy, subject: $0) } }
        for (index, state) in places { request.entries[index].places = state }
        for state in states { request.append(state) }
        RateLimitFields.append(limits, request, to: lines)
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

    @Test("a bound on concurrency is a quota of its own, and none of X-RateLimit")
    func concurrency() {
        let policy = LimitPolicy(
            name: "a", windows: [RateWindow(count: 9, periodMicroseconds: 60_000_000)], concurrency: 20)
        let full = lines([policy], [.init(8, reset: 1)], places: [0: .init(remaining: 0, isFull: false)])
        #expect(
            full == [
                #"RateLimit-Policy: "a";q=9;w=60, "a.concurrency";q=20;qu="concurrent-requests""#,
                #"RateLimit: "a";r=8;t=1, "a.concurrency";r=0"#,
                "X-RateLimit-Limit: 9", "X-RateLimit-Remaining: 8", "X-RateLimit-Reset: 1",
            ])
        let only = LimitPolicy(name: "b", windows: [], concurrency: 3)
        #expect(
            lines([only], [], places: [0: .init(remaining: 2, isFull: false)]) == [
                #"RateLimit-Policy: "b.concurrency";q=3;qu="concurrent-requests""#, #"RateLimit: "b.concurrency";r=2"#,
            ])
        // Not known: the store could not be asked.
        #expect(lines([only], []).count == 1)
    }

    @Test("a calendar window has its unit's length, except for months, which have no length of their own")
    func calendar() {
        let windows = [(86_400_000_000, RateWindow.CalendarUnit.day), (2_678_400_000_000, .month)].map {
            RateWindow(count: 5, periodMicroseconds: $0, kind: .calendar($1, zone: "UTC"))
        }
        let lines = lines(
            [LimitPolicy(name: "a", windows: windows)],
            [.init(4, reset: 3_600_000_000), .init(2, reset: 90_000_000_000)])
        #expect(lines[0].contains(";q=5;w=86400, ") && lines[0].hasSuffix(";q=5"))
        #expect(lines[1].contains(";r=4;t=3600, ") && lines[1].hasSuffix(";r=2;t=90000"))
    }

    @Test("shadow limits are not told, whatever they would have said")
    func shadow() {
        let shadow = LimitPolicy(
            name: "s", windows: [RateWindow(count: 1, periodMicroseconds: 1_000_000)], concurrency: 1, isShadow: true)
        let states: [TakeRequest.WindowState] = [.init(0, reset: 9_000_000, wait: 9), .init(5, reset: 0)]
        #expect(
            lines([shadow, LimitPolicy("a", perMinute: 6)], states) == [
                #"RateLimit-Policy: "a";q=6;w=60"#, #"RateLimit: "a";r=5;t=0"#,
                "X-RateLimit-Limit: 6", "X-RateLimit-Remaining: 5", "X-RateLimit-Reset: 0",
            ])
        #expect(lines([shadow], [.init(0, reset: 1)], places: [0: .init(remaining: 0, isFull: true)]).isEmpty)
    }

    @Test(
        "Retry-After is the wait in whole seconds, and at least one",
        arguments: [(1_200_000, 2), (1, 1), (0, 1), (60_000_000, 60)])
    func retryAfter(wait: Int, seconds: Int) {
        let lines = ByteBuilder()
        RateLimitFields.appendRetryAfter(wait, to: lines)
        #expect(lines.bytes.text == "Retry-After: \(seconds)\r\n")
    }
}

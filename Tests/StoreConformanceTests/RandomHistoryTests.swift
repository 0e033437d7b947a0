import Policies
import TestSupport
import Testing

@testable import Filters

@Suite("identical histories on both stores", .ownThreads)
struct RandomHistoryTests {
    @Test(
        "thousands of random questions, edits and times get identical answers", arguments: 1...3 as ClosedRange<UInt64>,
        [false, true])
    func identical(seed: UInt64, hasAllKinds: Bool) async throws {
        let memory = MemoryUnderTest()
        let redis = try await RedisUnderTest()
        var history = RandomHistory(seed: seed, hasAllKinds: hasAllKinds)
        var tally: [Bool: Int] = [:]
        for step in 0..<2500 {
            let (asks, now) = history.next()
            let (expected, answer) = (try await memory.take(asks, at: now), try await redis.take(asks, at: now))
            try #require(answer == expected, "seed \(seed), step \(step), time \(now): \(asks.map(\.policy.windows))")
            history.observe(answer)
            tally[answer.isAdmitted, default: 0] += 1
        }
        // A history that only ever admits or refuses would prove nothing.
        #expect(tally[true, default: 0] > 250 && tally[false, default: 0] > 250)
    }
}

/// Questions that go where errors would be: to the exact ends of waits, through edits, with extreme rates.
private struct RandomHistory {
    private var random: SplitMix
    private var now = 1_800_000_000_000_000
    private var policies: [LimitPolicy] = []
    private var lastWait = 0
    private var unseen: [Ask] = []
    /// Sliding and calendar windows, too; then time never goes back, about which the stores may differ.
    private let hasAllKinds: Bool

    private static let subjects = ["a", "b", "c"]
    private static let periods = [
        1, 1000, second, 10 * second, minute, hour, 24 * hour, 366 * 24 * hour, 999_983, 7_777_777,
    ]

    init(seed: UInt64, hasAllKinds: Bool) {
        self.hasAllKinds = hasAllKinds
        random = SplitMix(state: seed)
        policies = (0..<4).map { Self.policy("p\($0)", hasAllKinds, &random) }
        // Each bucket is made first, so that the in-memory store meets no new key later, which would make it forget
        // full buckets, as Redis does by expiry, which the test has switched off.
        unseen = policies.flatMap { policy in Self.subjects.map { Ask(policy: policy, subject: $0) } }
    }

    mutating func next() -> (asks: [Ask], now: Int) {
        if let ask = unseen.popLast() { return ([ask], now) }
        advance()
        if Int.random(in: 0..<40, using: &random) == 0 { edit() }
        let count = [1, 1, 1, 2, 3].randomElement(using: &random) ?? 1
        let asks = policies.shuffled(using: &random).prefix(count).map { policy in
            Ask(
                policy: policy, subject: Self.subjects.randomElement(using: &random) ?? "a",
                cost: [0, 1, 1, 1, 1, 2, 5, 50].randomElement(using: &random) ?? 1)
        }
        return (asks, now)
    }

    mutating func observe(_ answer: Answer) {
        lastWait = answer.waits.filter { $0 < TokenBucket.longestWait }.max() ?? 0
    }

    private mutating func advance() {
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<8: break
        case 8..<10: now += Int.random(in: 0..<2000, using: &random)
        case 10..<12: now += min(lastWait, hour * 24 * 366)
        case 12: now += min(max(0, lastWait - 1), hour * 24 * 366)
        case 13..<16: now += Int.random(in: 0..<second, using: &random)
        case 16..<18: now += Int.random(in: 0..<minute, using: &random)
        case 18: now += Int.random(in: 0..<(48 * hour), using: &random)
        default: if !hasAllKinds { now -= Int.random(in: 0..<(2 * second), using: &random) }
        }
        // Years add up; Redis' clock stays far below 2^53 microseconds.
        if now > 4_000_000_000_000_000 { now = 1_800_000_000_000_000 }
    }

    private mutating func edit() {
        let index = Int.random(in: 0..<policies.count, using: &random)
        policies[index] = Self.policy(policies[index].name, hasAllKinds, &random)
    }

    private static func policy(
        _ name: String, _ hasAllKinds: Bool, _ random: inout SplitMix
    ) -> LimitPolicy {
        let periods = periods.shuffled(using: &random).prefix(Int.random(in: 1...3, using: &random))
        let kinds: [RateWindow.Kind] = [
            .sliding, .calendar(.day, zone: "UTC"), .calendar(.month, zone: "Europe/Berlin"),
        ]
        let other = kinds.shuffled(using: &random).prefix(hasAllKinds ? 1 : 0).map { kind in
            RateWindow(count: Int.random(in: 1...200, using: &random), periodMicroseconds: 10 * second, kind: kind)
        }
        let windows =
            other
            + periods.map { period in
                let count = [1, 2, 3, 7, 60, 100, 999, 1_000_000_000].randomElement(using: &random) ?? 1
                let capacity = [nil, 1, 5, 40, 1000, 1_000_000_000].randomElement(using: &random) ?? nil
                return RateWindow(count: count, periodMicroseconds: period, capacity: capacity)
            }
        return LimitPolicy(name: name, windows: Array(windows))
    }
}

/// SplitMix64: the same numbers for the same seed.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return StableHash.mix(state)
    }
}

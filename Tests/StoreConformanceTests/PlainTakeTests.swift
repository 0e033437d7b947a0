import Policies
import TestSupport
import Testing

@testable import Filters

/// The short way through the script for a key of which nothing is lent, against the long one that serves all cases.
@Suite("the short way through the script", .ownThreads)
struct PlainTakeTests {
    private let start = 1_800_000_000_000_000

    private static let policies = [
        limit((100, minute)), limit((7, 3 * second)), limit((50_000, second)), limit((10, second), capacity: 25),
        limit((1, hour), capacity: 3),
    ]

    @Test("it decides, answers and stores as the long way", arguments: 0..<5)
    func agrees(place: Int) async throws {
        let short = try await RedisUnderTest()
        let long = try await RedisUnderTest { $0.replacingOccurrence(of: "if #ARGV == 16", with: "if false") }
        var random = SplitMix(state: UInt64(place) + 11)
        var now = start
        for sequence in 1...120 {
            now += [0, 1, 999, 40_000, 700_000, 61_000_000, 5_000_000_000].randomElement(using: &random) ?? 0
            let policy = edited(Self.policies[place], at: sequence)
            let lease = TakeRequest.LeaseAsk(want: sequence % 40 == 9 ? 2 : 0, held: 0, returned: 0, sequence: sequence)
            let ask = Ask(policy: policy, cost: [1, 1, 1, 2, 5].randomElement(using: &random) ?? 1, lease: lease)
            #expect(try await short.take([ask], by: 0, at: now) == long.take([ask], by: 0, at: now))
            let fields = ["HGETALL", "test:bucket:{\(policy.name):acme}"]
            #expect(try await short.server.cli(fields) == long.server.cli(fields))
        }
    }

    @Test("it spares the long way its work")
    func isTaken() async throws {
        let redis = try await RedisUnderTest {
            $0.replacingOccurrence(
                of: "local entries, is_admitted", with: "error('the long way') local entries, is_admitted")
        }
        let lease = TakeRequest.LeaseAsk(want: 0, held: 0, returned: 0, sequence: 1)
        let answer = try await redis.take([Ask(policy: Self.policies[0], cost: 1, lease: lease)], by: 0, at: start)
        #expect(answer.isAdmitted && answer.remaining == [99])
    }

    /// Half way through, an operator changes what the policy holds.
    private func edited(_ policy: LimitPolicy, at step: Int) -> LimitPolicy {
        guard step > 60, let window = policy.windows.first else { return policy }
        return LimitPolicy(
            name: policy.name,
            windows: [RateWindow(count: window.count, periodMicroseconds: window.periodMicroseconds, capacity: 40)])
    }
}

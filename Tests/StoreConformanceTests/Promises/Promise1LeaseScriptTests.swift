import Policies
import TestSupport
import Testing

@testable import Filters

/// Prepaid leases in the real script (STATE.md, promise 1), against holders that make the most of them.
@Suite("Promise 1: leases in the script", .ownThreads)
struct Promise1LeaseScriptTests {
    private let start = 1_800_000_000_000_000
    private let policy = LimitPolicy(name: "p", windows: [RateWindow(count: 1000, periodMicroseconds: second)])

    /// Full again within the life of a lease, which is where a careless refill would go wrong.
    private let small = LimitPolicy(
        name: "p", windows: [RateWindow(count: 1000, periodMicroseconds: second, capacity: 100)])

    private func ask(
        _ redis: RedisUnderTest, _ holder: Int = 0, of policy: LimitPolicy? = nil, cost: Int = 0, want: Int = 0,
        held: Int = 0, returned: Int = 0,
        _ sequence: Int, at time: Int
    ) async throws -> Answer {
        let lease = TakeRequest.LeaseAsk(want: want, held: held, returned: returned, sequence: sequence)
        return try await redis.take(
            [Ask(policy: policy ?? self.policy, cost: cost, lease: lease)], by: holder, at: start + time)
    }

    @Test("a lease is taken out of the bucket, kept, given back, and lapses")
    func life() async throws {
        let redis = try await RedisUnderTest(holders: 2)
        let first = try await ask(redis, cost: 1, want: 50, 1, at: 0)
        #expect(first.isAdmitted && first.remaining == [949])
        #expect(first.grants == [.init(granted: 50, isHeldKept: false, lifetimeMicroseconds: 100_000)])
        let fields = try await redis.server.cli("HMGET", "test:bucket:{p:acme}", "lease:node/0", "holders")
        #expect(fields.hasPrefix("50 \(start + 100_000) 1"))
        #expect(fields.contains("node/0"))

        let second = try await ask(redis, want: 0, held: 20, returned: 10, 2, at: 0)
        #expect(second.grants == [.init(granted: 0, isHeldKept: true, lifetimeMicroseconds: 100_000)])
        #expect(second.remaining == [959])
        // Full again but for what is lent; and when that has lapsed, wholly.
        #expect(try await ask(redis, 1, 1, at: 99_999).remaining == [980])
        #expect(try await ask(redis, 1, 2, at: 100_000).remaining == [980])
        #expect(try await ask(redis, 1, 3, at: 120_000).remaining == [1000])
        #expect(try await redis.server.cli("HEXISTS", "test:bucket:{p:acme}", "holders") == "0")
        let late = try await ask(redis, held: 20, 3, at: 120_000)
        #expect(late.grants == [.init(granted: 0, isHeldKept: false, lifetimeMicroseconds: 100_000)])
    }

    @Test("a question that comes after a later one changes nothing")
    func stale() async throws {
        let redis = try await RedisUnderTest()
        _ = try await ask(redis, cost: 1, want: 50, 2, at: 0)
        let stale = try await ask(redis, cost: 1, want: 50, held: 0, returned: 50, 1, at: 0)
        #expect(stale.isAdmitted && stale.grants == [nil] && stale.remaining == [948])
        let fields = try await redis.server.cli("HGET", "test:bucket:{p:acme}", "lease:node/0")
        #expect(fields == "50 \(start + 100_000) 2")
    }

    @Test("a refused question is granted nothing, but what it gives back is taken")
    func refused() async throws {
        let redis = try await RedisUnderTest()
        _ = try await ask(redis, cost: 950, want: 10, 1, at: 0)
        let refused = try await ask(redis, cost: 500, want: 10, held: 0, returned: 10, 2, at: 0)
        #expect(!refused.isAdmitted && refused.remaining == [50])
        #expect(refused.grants.first??.granted == 0)
    }

    @Test("few tokens are only taken one by one")
    func lastTokens() async throws {
        let redis = try await RedisUnderTest()
        let answer = try await ask(redis, cost: 997, want: 100, 1, at: 0)
        #expect(answer.grants.first??.granted == 0 && answer.remaining == [3])
    }

    @Test(
        "holders that spend as late as they can never get more than capacity + rate × time",
        arguments: 1...6 as ClosedRange<UInt64>)
    func adversaries(seed: UInt64) async throws {
        let redis = try await RedisUnderTest(holders: 3)
        #expect(try await worstExcess(redis, seed) <= 0)
    }

    @Test("the same schedules find a script that refills only once, with the room of the end")
    func mutation() async throws {
        var worst = 0
        for seed in 1...3 as ClosedRange<UInt64> {
            let redis = try await RedisUnderTest(holders: 3) {
                $0.replacingOccurrence(of: "    advance_all(e, lease.ends)\n", with: "")
            }
            worst = max(worst, try await worstExcess(redis, seed))
        }
        #expect(worst > 0)
    }

    /// The most that was admitted above C + R·T in any window of a random schedule.
    private func worstExcess(_ redis: RedisUnderTest, _ seed: UInt64) async throws -> Int {
        var random = SplitMix(state: seed)
        var (now, sequence) = (0, 0)
        var held = [0, 0, 0]
        var expiry = [0, 0, 0]
        var admitted: [(time: Int, count: Int)] = []
        for _ in 0..<400 {
            now += [0, 1, 500, 20_000, 60_000, 100_000].randomElement(using: &random) ?? 0
            for holder in 0..<3 where expiry[holder] <= now { held[holder] = 0 }
            let holder = Int.random(in: 0..<3, using: &random)
            let level = try await ask(redis, holder, of: small, -1, at: now).remaining[0]
            let cost = [level, 0, level / 2].randomElement(using: &random) ?? 0
            sequence += 1
            let returned = Int.random(in: 0...held[holder], using: &random)
            let answer = try await ask(
                redis, holder, of: small, cost: cost, want: 2000, held: held[holder] - returned, returned: returned,
                sequence,
                at: now)
            guard let grant = answer.grants.first ?? nil else { throw TestFailure("no answer about the lease") }
            held[holder] = (grant.isHeldKept ? held[holder] - returned : 0) + grant.granted
            expiry[holder] = now + grant.lifetimeMicroseconds
            if answer.isAdmitted { admitted.append((now, cost)) }
            // Now, or at the last moment; or never, as one that has crashed.
            switch Int.random(in: 0..<3, using: &random) {
            case 0:
                admitted.append((now, held[holder]))
                held[holder] = 0
            case 1:
                admitted.append((expiry[holder] - 1, held[holder]))
                held[holder] = 0
                now = max(now, expiry[holder] - 1)
            default: break
            }
        }
        return excess(admitted.sorted { $0.time < $1.time })
    }

    /// The most that was admitted above 100 + 1000/s · T, over all windows T.
    private func excess(_ admitted: [(time: Int, count: Int)]) -> Int {
        // In thousandths of a token, one of which comes back each microsecond: what the fullest window that ends here
        // has seen beyond what came back in it.
        var (fullest, worst, last) = (0, Int.min, 0)
        for (time, count) in admitted {
            fullest = max(0, fullest - (time - last)) + count * 1000
            worst = max(worst, fullest - 100_000)
            last = time
        }
        return worst
    }
}

extension String {
    func replacingOccurrence(of part: String, with other: String) -> String {
        guard let range = firstRange(of: part) else { return "no such part of the script: \(part)" }
        return String(self[..<range.lowerBound]) + other + String(self[range.upperBound...])
    }
}

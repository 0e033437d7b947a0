import Policies
import TestSupport
import Testing

@testable import Filters

/// Sliding and calendar windows, bounds on concurrency, shadow policies and debts, on each store.
@Suite("kinds of limits", .ownThreads)
struct WindowKindTests {
    /// Tuesday, 2027-01-12 10:00 UTC.
    private let start = 1_799_748_000_000_000

    @Test("no interval as long as a sliding window sees more than its count", arguments: StoreKind.allCases)
    func sliding(kind: StoreKind) async throws {
        let store = try await kind.make()
        let policy = LimitPolicy(
            name: "p", windows: [RateWindow(count: 20, periodMicroseconds: 10 * second, kind: .sliding)])
        var random = SplitMix(state: 7)
        var (now, admitted) = (start, [Int]())
        for _ in 0..<600 {
            now += Int.random(in: 0..<300_000, using: &random)
            if try await store.take(policy, at: now).isAdmitted { admitted.append(now) }
        }
        for (index, first) in admitted.enumerated() where index + 20 < admitted.count {
            #expect(admitted[index + 20] - first >= 10 * second)
        }
        // One slice is lost at most: 20 of each 10.3 seconds.
        #expect(admitted.count >= (now - start) / second * 20 / 11)
    }

    @Test("a sliding window says exactly when it admits again", arguments: StoreKind.allCases)
    func slidingWait(kind: StoreKind) async throws {
        let store = try await kind.make()
        let policy = LimitPolicy(
            name: "p", windows: [RateWindow(count: 2, periodMicroseconds: minute, kind: .sliding)])
        _ = try await store.take(policy, at: start)
        _ = try await store.take(policy, at: start + 20 * second)
        let refused = try await store.take(policy, at: start + 30 * second)
        let wait = try #require(refused.waits.first)
        #expect(!refused.isAdmitted && wait > 29 * second && wait <= 32 * second)
        #expect(try await !store.take(policy, at: start + 30 * second + wait - 1).isAdmitted)
        #expect(try await store.take(policy, at: start + 30 * second + wait).isAdmitted)
    }

    @Test(
        "a calendar's quota is whole again when its next period begins, and not before", arguments: StoreKind.allCases)
    func calendar(kind: StoreKind) async throws {
        let store = try await kind.make()
        let day = LimitPolicy(
            name: "p",
            windows: [RateWindow(count: 3, periodMicroseconds: 24 * hour, kind: .calendar(.day, zone: "UTC"))])
        for remaining in [2, 1, 0] { #expect(try await store.take(day, at: start).remaining == [remaining]) }
        let refused = try await store.take(day, at: start + hour)
        #expect(!refused.isAdmitted && refused.waits == [13 * hour])
        #expect(try await !store.take(day, at: start + 14 * hour - 1).isAdmitted)
        #expect(try await store.take(day, at: start + 14 * hour).remaining == [2])
    }

    @Test("months are as long as they are, and days begin where the zone says", arguments: StoreKind.allCases)
    func zones(kind: StoreKind) async throws {
        let store = try await kind.make()
        let policy = LimitPolicy(
            name: "p",
            windows: [
                RateWindow(count: 1, periodMicroseconds: 24 * hour, kind: .calendar(.day, zone: "Europe/Berlin")),
                RateWindow(count: 1, periodMicroseconds: 24 * hour, kind: .calendar(.month, zone: "UTC")),
            ])
        _ = try await store.take(policy, at: start)
        // 23:00 UTC is midnight in Berlin; and of January 19 days and 14 hours are left.
        #expect(try await store.take(policy, at: start).waits == [13 * hour, (19 * 24 + 14) * hour])
    }

    @Test("an edited quota keeps the share that was used", arguments: StoreKind.allCases)
    func edits(kind: StoreKind) async throws {
        let store = try await kind.make()
        let kinds: [RateWindow.Kind] = [.bucket, .sliding, .calendar(.day, zone: "UTC")]
        func policy(_ count: Int) -> LimitPolicy {
            LimitPolicy(
                name: "p", windows: kinds.map { RateWindow(count: count, periodMicroseconds: 24 * hour, kind: $0) })
        }
        _ = try await store.take(policy(100), cost: 40, at: start)
        #expect(try await store.take(policy(10), at: start).remaining == [5, 5, 5])
        #expect(try await store.take(policy(1000), at: start).remaining == [499, 499, 499])
    }

    @Test("a shadow policy refuses nobody, and says whom it would have", arguments: StoreKind.allCases)
    func shadow(kind: StoreKind) async throws {
        let store = try await kind.make()
        let rate = [RateWindow(count: 1, periodMicroseconds: minute)]
        let asks = [
            Ask(policy: LimitPolicy(name: "s", windows: rate, isShadow: true)),
            Ask(policy: LimitPolicy(name: "p", windows: [RateWindow(count: 2, periodMicroseconds: minute)])),
        ]
        #expect(try await store.take(asks, at: start).waits == [0, 0])
        let second = try await store.take(asks, at: start)
        #expect(second.isAdmitted && second.waits == [minute, 0] && second.remaining == [0, 0])
        #expect(try await !store.take(asks, at: start).isAdmitted)
    }

    @Test("a bound on concurrency refuses beyond its places", arguments: StoreKind.allCases)
    func concurrency(kind: StoreKind) async throws {
        let store = try await kind.make()
        let policy = LimitPolicy(
            name: "p", windows: [RateWindow(count: 10, periodMicroseconds: minute)], concurrency: 2)
        for free in [1, 0] {
            let answer = try await store.take(policy, at: start)
            #expect(answer.isAdmitted && answer.slot != nil)
            #expect(answer.places == [TakeRequest.PlaceState(remaining: free, isFull: false)])
        }
        let full = try await store.take(policy, at: start)
        #expect(!full.isAdmitted && full.places.first??.isFull == true && full.slot == nil)
        // A refused request costs nothing (STATE.md, promise 6).
        #expect(full.remaining == [8])
    }

    @Test("places are given back, and lapse with who held them")
    func places() async throws {
        let redis = try await RedisUnderTest()
        let policy = LimitPolicy(name: "p", windows: [], concurrency: 1)
        let slot = try #require(try await redis.take(policy, at: start).slot)
        #expect(try await !redis.take(policy, at: start + 9 * second).isAdmitted)
        try await redis.release(slot)
        #expect(try await redis.take(policy, at: start + 9 * second).isAdmitted)
        #expect(try await !redis.take(policy, at: start + 18 * second).isAdmitted)
        #expect(try await redis.take(policy, at: start + 19 * second).isAdmitted)
    }

    @Test("debts are charged down to a whole bucket below nothing, and a refund fills no bucket beyond its brim")
    func debts() async throws {
        let redis = try await RedisUnderTest()
        let kinds: [RateWindow.Kind] = [.bucket, .sliding, .calendar(.day, zone: "UTC")]
        for (index, kind) in kinds.enumerated() {
            let policy = LimitPolicy(
                name: "p\(index)", windows: [RateWindow(count: 10, periodMicroseconds: hour, kind: kind)])
            _ = try await redis.take(policy, at: start)
            try await redis.charge(policy, 5, at: start)
            #expect(try await redis.take(policy, cost: 0, at: start).remaining == [4])
            try await redis.charge(policy, 500, at: start)
            #expect(try await redis.take(policy, cost: 0, at: start).remaining == [0])
            try await redis.charge(policy, -12, at: start)
            #expect(try await redis.take(policy, cost: 0, at: start).remaining == [2])
            try await redis.charge(policy, -500, at: start)
            #expect(try await redis.take(policy, cost: 0, at: start).remaining == [10])
        }
    }
}

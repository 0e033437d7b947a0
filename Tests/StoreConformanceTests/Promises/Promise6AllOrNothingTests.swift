import Policies
import TestSupport
import Testing

@testable import Filters

/// STATE.md, promise 6, on each store.
@Suite("Promise 6: a refused request costs nothing", .ownThreads)
struct Promise6AllOrNothingTests {
    private let start = 1_800_000_000 * second

    @Test("a refusal by one window charges none of any policy", arguments: StoreKind.allCases)
    func allOrNothing(kind: StoreKind) async throws {
        let store = try await kind.make()
        let consumer = limit(named: "users.consumer", (2, second), (100, hour))
        let route = limit(named: "users.route", (1000, minute))
        let asks = [Ask(policy: consumer), Ask(policy: route, subject: "all")]
        #expect(try await store.take(asks, at: start).remaining == [1, 99, 999])
        #expect(try await store.take(asks, at: start).remaining == [0, 98, 998])
        for _ in 0..<10 {
            let refused = try await store.take(asks, at: start)
            #expect(refused.outcome == .refused && refused.remaining == [0, 98, 998])
            #expect(refused.waits == [500_000, 0, 0])
        }
        let other = [Ask(policy: consumer, subject: "bob"), Ask(policy: route, subject: "all")]
        #expect(try await store.take(other, at: start).remaining == [1, 99, 997])
        #expect(try await store.take(asks, at: start + 500_000).isAdmitted)
    }

    @Test("kinds of windows and bounds on concurrency are decided together too", arguments: StoreKind.allCases)
    func kindsTogether(kind: StoreKind) async throws {
        let store = try await kind.make()
        let kinds: [RateWindow.Kind] = [.bucket, .sliding, .calendar(.month, zone: "UTC")]
        let all = LimitPolicy(
            name: "all", windows: kinds.map { RateWindow(count: 50, periodMicroseconds: hour, kind: $0) },
            concurrency: 2)
        let one = limit(named: "one", (3, hour))
        let free = [Ask(policy: all), Ask(policy: one)]
        #expect(try await store.take(free, at: start).remaining == [49, 49, 49, 2])
        #expect(try await store.take(free, at: start).remaining == [48, 48, 48, 1])
        // The places are taken; then `one` is empty as well.
        #expect(try await store.take(free, at: start).remaining == [48, 48, 48, 1])
        #expect(try await store.take([Ask(policy: one)], at: start).remaining == [0])
        let refused = try await store.take([Ask(policy: one), Ask(policy: all)], at: start)
        #expect(refused.outcome == .refused && refused.slot == nil && refused.remaining == [0, 48, 48, 48])
    }
}

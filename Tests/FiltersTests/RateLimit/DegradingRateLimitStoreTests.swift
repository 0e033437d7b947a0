import Policies
import Synchronization
import Testing

@testable import Filters

@Suite("Limits while Redis is away")
struct DegradingRateLimitStoreTests {
    private final class Clock { var now = 1_000_000 }
    private final class Cluster: Sendable { let nodes = Atomic<Int>(1) }

    private let shared = ScriptedStore()
    private let local = ScriptedStore()
    private let clock = Clock()
    private let cluster = Cluster()
    private let policy = LimitPolicy("users.consumer", perMinute: 90)

    private func store(withoutLocal: Bool = false) -> DegradingRateLimitStore {
        DegradingRateLimitStore(
            shared: shared, local: withoutLocal ? nil : local,
            liveNodes: { [cluster] in cluster.nodes.load(ordering: .relaxed) }, now: { [clock] in clock.now })
    }

    private func take(_ store: DegradingRateLimitStore) -> TakeRequest {
        let request = TakeRequest()
        withBytes("acme") { request.add(policy, subject: $0) }
        #expect(store.take(request))
        return request
    }

    @Test("while Redis answers it decides, and this node's memory is not touched", arguments: [true, false])
    func healthy(isAdmitted: Bool) {
        shared.outcome = isAdmitted ? .admitted : .refused
        let request = take(store())
        #expect(request.outcome == shared.outcome && !request.isDegraded)
        #expect(local.questions.isEmpty)
    }

    @Test("when it does not, this node's memory does")
    func fallsBack() {
        shared.outcome = .unavailable
        local.outcome = .refused
        local.state = .init(0, reset: 7, wait: 7)
        let request = take(store())
        #expect(request.outcome == .refused && request.isDegraded && request.windows == [local.state])
        #expect(local.questions == [[.init(policy: "users.consumer", subject: "acme", windows: policy.windows)]])
    }

    @Test("a share is the limit divided by the live nodes, in rate and in capacity")
    func share() {
        shared.outcome = .unavailable
        let store = store()
        for nodes in [3, 1, 200] {
            cluster.nodes.store(nodes, ordering: .relaxed)
            _ = take(store)
        }
        #expect(
            local.questions.map { $0.map { $0.windows.map(\.periodMicroseconds) } } == [
                [[180_000_000]], [[60_000_000]], [[12_000_000_000]],
            ])
        #expect(local.questions.map { $0.map { $0.windows.map(\.count) } } == [[[90]], [[90]], [[90]]])
        // At least one token, or nobody could ever pass.
        #expect(local.questions.map { $0.map { $0.windows.map(\.capacity) } } == [[[30]], [[90]], [[1]]])
    }

    @Test("with nothing to fall back on the request is undecided, and known to be so")
    func noLocal() {
        shared.outcome = .unavailable
        let request = take(store(withoutLocal: true))
        #expect(request.outcome == .unavailable && request.isDegraded && request.windows.isEmpty)
    }

    @Test("after three failures Redis is skipped for a second, then asked by one request; a success ends it")
    func recovery() {
        let store = store()
        shared.outcome = .unavailable
        for _ in 0..<10 { #expect(take(store).isDegraded) }
        #expect(shared.questions.count == 3)
        clock.now += 999_999
        _ = take(store)
        #expect(shared.questions.count == 3)
        // Still dead: the one that asks fails, and a second begins anew.
        clock.now += 1
        for _ in 0..<5 { #expect(take(store).isDegraded) }
        #expect(shared.questions.count == 4)
        shared.outcome = .admitted
        clock.now += 1_000_000
        for _ in 0..<5 { #expect(!take(store).isDegraded) }
        #expect(shared.questions.count == 9)
    }

    @Test("failures that are not in a row do not count")
    func notInARow() {
        let store = store()
        for _ in 0..<5 {
            shared.outcome = .unavailable
            for _ in 0..<2 { _ = take(store) }
            shared.outcome = .refused
            _ = take(store)
        }
        #expect(shared.questions.count == 15)
    }

    @Test("an answer that comes later is passed on once, degraded or not")
    func later() {
        final class Waiter: TakeWaiter {
            var outcomes: [TakeRequest.Outcome] = []
            func decided(_ request: TakeRequest) { outcomes.append(request.outcome) }
        }
        let (store, waiter) = (store(), Waiter())
        shared.answersLater = true
        local.outcome = .refused
        for outcome in [TakeRequest.Outcome.admitted, .unavailable] {
            shared.outcome = outcome
            let request = TakeRequest()
            withBytes("acme") { request.add(policy, subject: $0) }
            request.waiter = waiter
            #expect(!store.take(request))
            shared.answerNext()
            #expect(request.isDegraded == (outcome == .unavailable))
        }
        #expect(waiter.outcomes == [.admitted, .refused])
    }
}

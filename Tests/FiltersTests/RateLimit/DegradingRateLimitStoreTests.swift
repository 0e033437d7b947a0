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

    @Test("a share is the limit divided by the live nodes, under the same name")
    func share() {
        shared.outcome = .unavailable
        let store = store()
        for nodes in [3, 1, 200] {
            cluster.nodes.store(nodes, ordering: .relaxed)
            _ = take(store)
        }
        let windows = local.questions.flatMap { $0.flatMap(\.windows) }
        #expect(windows.map(\.name) == ["minute", "minute", "minute"])
        #expect(windows.map(\.terms.count) == [1, 3, 3])
        #expect(windows.map(\.terms.period) == [2_000_000, 2_000_000, 400_000_000])
        // At least one token, or nobody could ever pass.
        #expect(windows.map(\.capacity) == [30, 90, 1])
    }

    @Test(
        "a subject begins an outage with its share of what it is known to have left, or of all",
        arguments: [nil, 45, 2])
    func start(remaining: Int?) {
        final class Source: RemainingSource {
            let known: Int?
            init(_ known: Int?) { self.known = known }
            func remaining(entry: Int, window: Int) -> Int? { known }
        }
        cluster.nodes.store(3, ordering: .relaxed)
        shared.outcome = .unavailable
        let (store, source) = (store(), Source(remaining))
        for _ in 0..<2 {
            let request = TakeRequest()
            request.remainingSource = source
            withBytes("acme") { request.add(policy, subject: $0) }
            #expect(store.take(request))
        }
        #expect(local.lowered == [[(remaining ?? 90) / 3]])
    }

    @Test("three nodes that are alone admit together no more than a limit of one in a minute")
    func fewerTokensThanNodes() {
        cluster.nodes.store(3, ordering: .relaxed)
        shared.outcome = .unavailable
        let policy = LimitPolicy("rare", perMinute: 1)
        let nodes = (0..<3).map { _ in
            DegradingRateLimitStore(
                shared: shared, local: InMemoryRateLimitStore(SharedBuckets(), now: { [clock] in clock.now }),
                liveNodes: { 3 }, now: { [clock] in clock.now })
        }
        var admitted = 0
        for _ in 0..<600 {
            for node in nodes {
                let request = TakeRequest()
                withBytes("acme") { request.add(policy, subject: $0) }
                #expect(node.take(request))
                if request.outcome == .admitted { admitted += 1 }
            }
            clock.now += 1_000_000
        }
        #expect(admitted == 9)
    }

    @Test("what was admitted alone is charged on return: the request's own subject first, then the others bit by bit")
    func debts() {
        local.state = .init(0, reset: 1)
        let store = store()
        shared.outcome = .unavailable
        for index in 0..<40 {
            let request = TakeRequest()
            var subject = "s\(index)"
            subject.withUTF8 { request.add(policy, subject: $0, cost: 2) }
            _ = store.take(request)
        }
        for _ in 0..<3 { _ = take(store) }
        local.outcome = .refused
        _ = take(store)
        #expect(!shared.journal.contains { $0.hasPrefix("charge") })
        shared.outcome = .admitted
        clock.now += 1_000_000
        _ = take(store)
        #expect(!shared.journal.contains { $0.hasPrefix("charge") })
        _ = take(store)
        #expect(shared.journal.filter { $0 == "charge users.consumer:acme 3" }.count == 1)
        #expect(shared.journal.last == "take")
        for _ in 0..<3 { _ = take(store) }
        let charges = shared.journal.filter { $0.hasPrefix("charge") }
        #expect(charges.count == 41 && Set(charges).count == 41)
        #expect(charges.filter { $0.hasSuffix(" 2") }.count == 40)
    }

    @Test("what came back to the share meanwhile is not owed any more")
    func debtsShrink() {
        let (store, clock) = (
            DegradingRateLimitStore(
                shared: shared, local: InMemoryRateLimitStore(SharedBuckets(), now: { [clock] in clock.now }),
                liveNodes: { 1 }, now: { [clock] in clock.now }), clock
        )
        shared.outcome = .unavailable
        for _ in 0..<30 { #expect(take(store).outcome == .admitted) }
        // 90 in a minute: 15 of the 30 come back in ten seconds.
        clock.now += 10_000_000
        shared.outcome = .admitted
        for _ in 0..<2 { _ = take(store) }
        #expect(shared.journal.filter { $0.hasPrefix("charge") } == ["charge users.consumer:acme 15"])
    }

    @Test("places are given back to the store that they came from")
    func places() {
        let store = store()
        (shared.slot, local.slot) = (5, 5)
        let first = take(store)
        shared.outcome = .unavailable
        let second = take(store)
        for request in [first, second] {
            if let slot = request.slot { store.release(slot: slot) }
        }
        #expect(shared.journal.last == "release 5" || shared.journal.contains("release 5"))
        #expect(local.journal == ["take", "release 5"])
    }

    @Test("a lease is not tended alone, and who has waited in vain is not sent again")
    func neither() {
        let store = store()
        shared.outcome = .unavailable
        let tending = TakeRequest()
        withBytes("acme") {
            tending.add(policy, subject: $0, cost: 0, ask: .init(want: 3, held: 0, returned: 0, sequence: 1))
        }
        #expect(store.take(tending))
        #expect(tending.outcome == .unavailable && local.questions.isEmpty)
        let waited = TakeRequest()
        withBytes("acme") { waited.add(policy, subject: $0) }
        waited.hasWaitedInVain = true
        #expect(store.take(waited))
        #expect(waited.isDegraded && waited.outcome == .admitted && shared.questions.count == 1)
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

import HTTPWire
import Policies
import Testing

@testable import Filters

@Suite("Requests whose buckets are on several servers")
struct SplittingRateLimitStoreTests {
    /// Answers by policy, when told.
    private final class Servers: RateLimitStore {
        var outcomes: [String: TakeRequest.Outcome] = [:]
        var slots: [String: Int] = [:]
        var answersLater = false
        var pending: [TakeRequest] = []
        var journal: [String] = []

        func take(_ request: TakeRequest) -> Bool {
            if answersLater {
                pending.append(request)
                return false
            }
            answer(request)
            return true
        }

        func answerNext() {
            let request = pending.removeLast()
            answer(request)
            request.waiter?.decided(request)
        }

        private func answer(_ request: TakeRequest) {
            let name = request.entries[0].policy.name
            let outcome = outcomes[name] ?? .admitted
            request.append(.init(name.utf8.count, reset: 1, wait: outcome == .refused ? 7 : 0))
            if outcome == .admitted { request.slot = slots[name] }
            request.entries[0].grant = LeaseGrant(granted: 1, isHeldKept: true, lifetimeMicroseconds: 2)
            request.conclude(outcome)
        }

        func charge(_ policy: LimitPolicy, subject: Bytes, amount: Int) {
            journal.append("\(policy.name):\(subject.text) \(amount)")
        }
        func release(slot: Int) { journal.append("release \(slot)") }
    }

    private final class Waiter: TakeWaiter {
        var count = 0
        func decided(_ request: TakeRequest) { count += 1 }
    }

    private let servers = Servers()
    private let policies = ["a", "bb", "ccc"].map { LimitPolicy($0, perMinute: 60) }

    private func request() -> TakeRequest {
        let request = TakeRequest()
        withBytes("s") { for policy in policies { request.add(policy, subject: $0, cost: 2) } }
        return request
    }

    @Test("all that have tokens: admitted, with the windows in their order whatever order they came in")
    func admitted() {
        servers.answersLater = true
        let (store, request, waiter) = (SplittingRateLimitStore(servers), request(), Waiter())
        request.waiter = waiter
        #expect(!store.take(request))
        for count in 0..<3 {
            #expect(waiter.count == 0 && servers.pending.count == 3 - count)
            servers.answerNext()
        }
        #expect(waiter.count == 1 && request.outcome == .admitted)
        #expect(request.windows.map(\.remaining) == [1, 2, 3])
        #expect(request.entries.allSatisfy { $0.grant?.granted == 1 })
        #expect(servers.journal.isEmpty)
    }

    @Test(
        "one that has none: refused, and the others get theirs back",
        arguments: [TakeRequest.Outcome.refused, .unavailable])
    func refused(outcome: TakeRequest.Outcome) {
        servers.outcomes["bb"] = outcome
        servers.slots["ccc"] = 4
        let (store, request) = (SplittingRateLimitStore(servers), request())
        #expect(store.take(request))
        #expect(request.outcome == outcome && request.slot == nil)
        #expect(servers.journal == ["a:s -2", "release 4", "ccc:s -2"])
        if outcome == .refused { #expect(request.windows.map(\.waitMicroseconds) == [0, 7, 0]) }
    }

    @Test("places of several policies are given back together, once")
    func places() throws {
        servers.slots = ["a": 1, "ccc": 3]
        let (store, request) = (SplittingRateLimitStore(servers), request())
        #expect(store.take(request))
        let slot = try #require(request.slot)
        store.release(slot: slot)
        store.release(slot: slot)
        #expect(servers.journal == ["release 1", "release 3"])
    }
}

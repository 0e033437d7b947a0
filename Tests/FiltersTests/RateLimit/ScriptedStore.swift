import HTTPWire
import Policies

@testable import Filters

/// A store that answers as told, at once or later, and keeps what it was asked.
final class ScriptedStore: LocalRateLimitStore {
    struct Question: Equatable {
        let policy: String
        let subject: String
        let windows: [RateWindow]
        var cost = 1
    }

    /// What it answers; the windows' states are repeated for each window that was asked for.
    var outcome = TakeRequest.Outcome.admitted
    var state = TakeRequest.WindowState(remaining: 9, resetMicroseconds: 1_000_000, waitMicroseconds: 0)
    /// Overrides `state` window by window.
    var states: [TakeRequest.WindowState] = []
    var answersLater = false
    private(set) var questions: [[Question]] = []
    private(set) var pending: [TakeRequest] = []

    /// Buckets that were lowered, and to what.
    private(set) var lowered: [[Int]] = []
    /// Charges and releases, in words, and questions among them as `take`.
    private(set) var journal: [String] = []
    var slot: Int?
    var places: [Int: TakeRequest.PlaceState] = [:]
    var grants: [LeaseGrant?] = []

    func lower(_ policy: LimitPolicy, subject: Bytes, to tokens: [Int]) { lowered.append(tokens) }
    func charge(_ policy: LimitPolicy, subject: Bytes, amount: Int) {
        journal.append("charge \(policy.name):\(subject.text) \(amount)")
    }
    func release(slot: Int) { journal.append("release \(slot)") }

    func take(_ request: TakeRequest) -> Bool {
        journal.append("take")
        questions.append(
            request.entries.map {
                Question(
                    policy: $0.policy.name, subject: request.subject(of: $0).text, windows: $0.policy.windows,
                    cost: $0.cost)
            })
        if answersLater {
            pending.append(request)
            return false
        }
        answer(request)
        return true
    }

    /// The answer to the oldest question that is out.
    func answerNext() {
        let request = pending.removeFirst()
        answer(request)
        request.waiter?.decided(request)
    }

    private func answer(_ request: TakeRequest) {
        let count = request.entries.reduce(0) { $0 + $1.policy.windows.count }
        for index in 0..<count { request.append(index < states.count ? states[index] : state) }
        for (index, grant) in grants.enumerated() where index < request.entries.count {
            request.entries[index].grant = grant
        }
        for (index, state) in places where index < request.entries.count { request.entries[index].places = state }
        request.slot = slot
        request.conclude(outcome)
    }
}

extension LimitPolicy {
    convenience init(_ name: String, perMinute count: Int) {
        self.init(name: name, windows: [RateWindow(count: count, periodMicroseconds: 60_000_000)])
    }
}

extension TakeRequest.WindowState {
    init(_ remaining: Int, reset: Int, wait: Int = 0) {
        self.init(remaining: remaining, resetMicroseconds: reset, waitMicroseconds: wait)
    }
}

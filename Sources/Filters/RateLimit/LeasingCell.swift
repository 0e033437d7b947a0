import HTTPWire
import Policies

/// What a worker knows of one policy's limit for one subject: the lease it holds, and what the store said last.
final class LeasingCell {
    /// Where it is in the table; kept by that.
    var hash = 0
    var key: [UInt8] = []
    var nextInChain: LeasingCell?
    var place = 0
    /// Whether it is among those that are looked after.
    var isActive = false

    private(set) var policy: LimitPolicy
    var subject: [UInt8] = []
    var lease = Lease()
    /// Requests that wait for the answer to the lease's question.
    var waiting: [TakeRequest] = []
    /// Questions that will come back to it.
    var pins = 0

    /// The states of the policy's windows as the store last told them, with nothing of the lease; empty: never.
    private var states: [TakeRequest.WindowState] = []
    private var toldAt = 0

    init(_ policy: LimitPolicy) { self.policy = policy }

    /// Whether nothing but a guess of the demand is lost with it.
    var isForgettable: Bool { pins == 0 && waiting.isEmpty && lease.isIdle }

    /// Begins anew, for another key.
    func reset(_ policy: LimitPolicy) {
        self.policy = policy
        lease = Lease()
        states.removeAll(keepingCapacity: true)
        key.removeAll(keepingCapacity: true)
        subject.removeAll(keepingCapacity: true)
    }

    /// A reload makes new policies; a lease goes on only under the terms that it was granted by.
    func adopt(_ policy: LimitPolicy) {
        let isEdited = policy.windows != self.policy.windows
        self.policy = policy
        guard isEdited else { return }
        lease.revoke()
        states.removeAll(keepingCapacity: true)
    }

    // MARK: What the store said

    func note(_ told: ArraySlice<TakeRequest.WindowState>, now: Int) {
        states.removeAll(keepingCapacity: true)
        states.append(contentsOf: told)
        toldAt = now
    }

    /// The state of a window now: what the store had left, and what is left of the lease.
    ///
    /// What has come back since is left out: it is little, as long as there is a lease, and so the number only falls
    /// from one answer to the next.
    func state(_ window: Int, wait: Int, now: Int) -> TakeRequest.WindowState {
        let capacity = policy.windows[window].capacity
        guard window < states.count else {
            return TakeRequest.WindowState(remaining: capacity, resetMicroseconds: 0, waitMicroseconds: wait)
        }
        let remaining = min(capacity, states[window].remaining + lease.available)
        let reset = max(states[window].resetMicroseconds - (now - toldAt), remaining < capacity ? 1 : 0)
        return TakeRequest.WindowState(
            remaining: remaining, resetMicroseconds: max(reset, wait), waitMicroseconds: wait)
    }

    /// The window that refuses, or would first: it gets the wait when the lease refuses by itself.
    var tightest: Int {
        var best = 0
        for index in states.indices.dropFirst() where isTighter(states[index], states[best]) { best = index }
        return best
    }

    func toldState(_ window: Int) -> TakeRequest.WindowState { states[window] }

    /// Microseconds from the store's last word until the tightest window, if it was empty then, has a token; or 0.
    ///
    /// A token bucket that is full in `reset` gains its last `capacity − 1` tokens at its rate; the first comes before.
    var nextToken: Int {
        let (state, window) = (states[tightest], policy.windows[tightest])
        guard state.remaining == 0, window.kind == .bucket else { return 0 }
        let others = (window.capacity - 1).multipliedFullWidth(by: window.terms.period)
        guard others.high < window.terms.count else { return 0 }
        return max(0, state.resetMicroseconds - window.terms.count.dividingFullWidth(others).quotient - 1)
    }

    /// What is left of a window in the store, judged by its last word; nil if it never gave one.
    func remaining(_ window: Int, now: Int) -> Int? {
        guard window < states.count else { return nil }
        let (state, window) = (states[window], policy.windows[window])
        let elapsed = now - toldAt
        guard elapsed < state.resetMicroseconds else { return window.capacity }
        guard window.kind == .bucket, elapsed > 0 else { return state.remaining }
        let missing = Double(window.capacity - state.remaining)
        return state.remaining + Int(missing * Double(elapsed) / Double(state.resetMicroseconds))
    }

    private func isTighter(_ state: TakeRequest.WindowState, _ other: TakeRequest.WindowState) -> Bool {
        if state.waitMicroseconds != other.waitMicroseconds { return state.waitMicroseconds > other.waitMicroseconds }
        return state.remaining < other.remaining
    }
}

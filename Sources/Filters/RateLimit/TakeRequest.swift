import HTTPWire
import Policies

/// One question to a rate-limit store, and its answer: may this request have its tokens from the buckets of all these
/// policies? Reused from request to request, so that asking allocates nothing.
package final class TakeRequest {
    package struct Entry {
        package let policy: LimitPolicy
        fileprivate let subjectStart: Int
        fileprivate let subjectLength: Int
        /// Tokens wanted from each window of the policy; 0 in a request that only tends a lease.
        package let cost: Int
        /// What is asked for this holder's lease; nil: the lease stays as it is.
        package var ask: LeaseAsk?
        /// The answer to `ask`; nil if nothing was asked, or the lease could not be tended.
        package internal(set) var grant: LeaseGrant?
        /// How its bound on concurrency stands; nil if there is none, or the store could not be asked.
        package internal(set) var places: PlaceState?

        /// The most places of its policy, if the request takes one; who only tends a lease does not.
        var placeLimit: Int? { cost > 0 ? policy.concurrency : nil }
    }

    /// What the store says of a bound on concurrency.
    package struct PlaceState: Hashable, Sendable {
        /// Places left after the decision.
        package var remaining: Int
        /// There was none for this request.
        package var isFull: Bool

        package init(remaining: Int, isFull: Bool) {
            self.remaining = remaining
            self.isFull = isFull
        }
    }

    package typealias LeaseAsk = Policies.LeaseAsk
    package typealias LeaseGrant = Policies.LeaseGrant

    /// What the store says of one window.
    package struct WindowState: Hashable, Sendable {
        /// Whole tokens left after the decision.
        package var remaining: Int
        /// Until the bucket is full again.
        package var resetMicroseconds: Int
        /// Until this window could admit the request; 0 if it could now.
        package var waitMicroseconds: Int

        package init(remaining: Int, resetMicroseconds: Int, waitMicroseconds: Int) {
            self.remaining = remaining
            self.resetMicroseconds = resetMicroseconds
            self.waitMicroseconds = waitMicroseconds
        }
    }

    package enum Outcome: Hashable, Sendable {
        /// Charged on every window of every policy.
        case admitted
        /// Charged on none (STATE.md, promise 6).
        case refused
        /// The store could not be asked in time.
        case unavailable
    }

    package internal(set) var entries: [Entry] = []
    private let subjects = ByteBuilder(capacity: 256)
    /// Valid once the request is decided.
    package private(set) var outcome = Outcome.unavailable
    /// The states of all windows: those of the first entry's policy in their order, then of the second's…
    /// Empty when the outcome is `.unavailable`.
    package private(set) var windows: [WindowState] = []
    /// Names the request's places under limits of concurrency, for `RateLimitStore.release`; nil if it has none.
    package internal(set) var slot: Int?
    /// Decided without the shared store, by this node's own share of the limits.
    package var isDegraded = false
    /// Told when the decision comes after `RateLimitStore.take` has returned false. Set only while the question is out:
    /// the request then keeps its waiter alive.
    package var waiter: (any TakeWaiter)?

    /// The shared store did not answer a question that this request waited for; it must not wait for a second one.
    var hasWaitedInVain = false
    /// Who knows what was left before; only asked when the shared store can't be.
    weak var remainingSource: (any RemainingSource)?
    /// For a store that stands before another one: its own note, and whom to tell after it.
    var ticket = 0
    var forwardedWaiter: (any TakeWaiter)?

    package init() {}

    /// Begins a new question.
    package func reset() {
        entries.removeAll(keepingCapacity: true)
        windows.removeAll(keepingCapacity: true)
        subjects.removeAll()
        isDegraded = false
        hasWaitedInVain = false
        slot = nil
    }

    /// Adds a policy; `subject` is copied.
    package func add(_ policy: LimitPolicy, subject: Bytes, cost: Int = 1, ask: LeaseAsk? = nil) {
        entries.append(
            Entry(
                policy: policy, subjectStart: subjects.count, subjectLength: subject.count, cost: cost, ask: ask))
        subjects.append(subject)
    }

    /// The raw subject of an entry; valid until `reset`.
    package func subject(of entry: Entry) -> Bytes { subjects.bytes.slice(entry.subjectStart, entry.subjectLength) }

    /// For stores: the answer, window by window, then `conclude`.
    package func append(_ state: WindowState) { windows.append(state) }
    package func conclude(_ outcome: Outcome) {
        self.outcome = outcome
        if outcome == .unavailable { windows.removeAll(keepingCapacity: true) }
    }

    /// Takes over the decision about another request with the same entries, of which each has as many windows.
    func adopt(_ other: TakeRequest) {
        for index in entries.indices { entries[index].places = other.entries[index].places }
        windows.removeAll(keepingCapacity: true)
        windows.append(contentsOf: other.windows)
        outcome = other.outcome
    }
}

package protocol TakeWaiter: AnyObject {
    /// The request has been decided; called on the worker that asked.
    func decided(_ request: TakeRequest)
}

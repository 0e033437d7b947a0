import GatewayCore
import Policies
import Synchronization

/// The breaker of one upstream, shared by all workers of this node.
///
/// A mutex, held for a few dozen nanoseconds, rather than a breaker per worker: five failures are to mean five failures,
/// however many cores the node has.
package final class SharedBreaker: Sendable {
    private let breaker: Mutex<Breaker>
    private let onTransition: @Sendable (Breaker.Transition) -> Void

    /// - Parameter onTransition: called on the worker whose request caused it, outside of the lock.
    package init(_ settings: BreakerSettings, onTransition: @escaping @Sendable (Breaker.Transition) -> Void) {
        breaker = Mutex(Breaker(settings))
        self.onTransition = onTransition
    }

    /// Edited settings take effect; state and counts stay.
    package func adopt(_ settings: BreakerSettings) {
        breaker.withLock { $0.adopt(settings) }
    }

    package var state: Breaker.State { breaker.withLock { $0.state } }

    func admit(now: Int) -> Breaker.Admission.Decision {
        let admission = breaker.withLock { $0.admit(now: now) }
        if let transition = admission.transition { onTransition(transition) }
        return admission.decision
    }

    func report(_ outcome: Breaker.Outcome, durationMicroseconds: Int, _ ticket: Breaker.Ticket, now: Int) {
        let transition = breaker.withLock {
            $0.report(outcome, durationMicroseconds: durationMicroseconds, ticket, now: now)
        }
        if let transition { onTransition(transition) }
    }

    func cancel(_ ticket: Breaker.Ticket, now: Int) {
        breaker.withLock { $0.cancel(ticket, now: now) }
    }
}

/// A shared breaker as forwarding asks it.
package final class BreakerGate: AttemptGate {
    private let breaker: SharedBreaker

    package init(_ breaker: SharedBreaker) { self.breaker = breaker }

    package func admit() -> GateAdmission {
        switch breaker.admit(now: MonotonicClock.microseconds()) {
        case .pass(let ticket), .probe(let ticket): .admitted(token: ticket.encoded)
        case .refuse(let wait): .refused(retryAfterSeconds: (wait + 999_999) / 1_000_000)
        }
    }

    package func report(_ token: Int, isSuccess: Bool, durationMicroseconds: Int) {
        breaker.report(
            isSuccess ? .success : .failure, durationMicroseconds: durationMicroseconds, Breaker.Ticket(encoded: token),
            now: MonotonicClock.microseconds())
    }

    package func cancel(_ token: Int) {
        breaker.cancel(Breaker.Ticket(encoded: token), now: MonotonicClock.microseconds())
    }
}

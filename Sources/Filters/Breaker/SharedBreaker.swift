import GatewayCore
import Policies
import Synchronization

/// The breaker of one upstream, shared by all workers of this node.
///
/// A mutex, held for a few dozen nanoseconds, rather than a breaker per worker: five failures are to mean five failures,
/// however many cores the node has.
package final class SharedBreaker: Sendable {
    private struct Guarded {
        var breaker: Breaker
        /// How often each state was entered.
        var entered: [Breaker.State: Int] = [:]
    }

    private let guarded: Mutex<Guarded>
    private let onTransition: @Sendable (Breaker.Transition) -> Void

    /// - Parameter onTransition: called on the worker whose request caused it, outside of the lock.
    package init(_ settings: BreakerSettings, onTransition: @escaping @Sendable (Breaker.Transition) -> Void) {
        guarded = Mutex(Guarded(breaker: Breaker(settings)))
        self.onTransition = onTransition
    }

    /// Edited settings take effect; state and counts stay.
    package func adopt(_ settings: BreakerSettings) {
        guarded.withLock { $0.breaker.adopt(settings) }
    }

    package var state: Breaker.State { guarded.withLock { $0.breaker.state } }

    /// How often this breaker has entered the state.
    package func transitions(to state: Breaker.State) -> Int { guarded.withLock { $0.entered[state, default: 0] } }

    func admit(now: Int) -> Breaker.Admission.Decision {
        let admission = guarded.withLock { $0.breaker.admit(now: now) }
        note(admission.transition)
        return admission.decision
    }

    func report(_ outcome: Breaker.Outcome, durationMicroseconds: Int, _ ticket: Breaker.Ticket, now: Int) {
        let transition = guarded.withLock {
            $0.breaker.report(outcome, durationMicroseconds: durationMicroseconds, ticket, now: now)
        }
        note(transition)
    }

    func cancel(_ ticket: Breaker.Ticket, now: Int) {
        guarded.withLock { $0.breaker.cancel(ticket, now: now) }
    }

    private func note(_ transition: Breaker.Transition?) {
        guard let transition else { return }
        guarded.withLock { $0.entered[transition.to, default: 0] += 1 }
        onTransition(transition)
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

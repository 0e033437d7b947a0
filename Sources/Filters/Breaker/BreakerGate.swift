import GatewayCore
import Policies

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

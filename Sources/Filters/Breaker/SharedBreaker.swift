import Policies
import Synchronization
import Telemetry

/// The breaker of one upstream, shared by all workers of this node: the node's copy of the cluster's.
///
/// A mutex, held for a few dozen nanoseconds, rather than a breaker per worker: five failures are to mean five failures,
/// however many cores the node has.
package final class SharedBreaker: Sendable {
    private struct Guarded {
        var breaker: NodeBreaker
        /// How often each state was entered.
        var entered: [Breaker.State: Int] = [:]
        /// The latest, oldest first.
        var history: [PastTransition] = []
    }

    /// A transition that was, for operators.
    package struct PastTransition: Hashable, Sendable {
        /// Microseconds since 1970, by this node's clock.
        package let time: Int
        package let transition: Breaker.Transition
    }

    private static let remembered = 50

    private let guarded: Mutex<Guarded>
    private let onTransition: @Sendable (Breaker.Transition) -> Void
    private let onUrgent: @Sendable () -> Void

    /// - Parameters:
    ///   - onUrgent: called when there is something to tell the cluster that should not wait for the next report. On any
    ///     thread, outside of the lock.
    ///   - onTransition: called on the worker whose request caused it or the loop that heard of it, outside of the lock.
    package init(
        _ settings: BreakerSettings, onUrgent: @escaping @Sendable () -> Void = {},
        onTransition: @escaping @Sendable (Breaker.Transition) -> Void
    ) {
        guarded = Mutex(Guarded(breaker: NodeBreaker(settings)))
        self.onUrgent = onUrgent
        self.onTransition = onTransition
    }

    /// Edited settings take effect; state and counts stay.
    package func adopt(_ settings: BreakerSettings) {
        guarded.withLock { $0.breaker.adopt(settings) }
    }

    package var state: Breaker.State { guarded.withLock { $0.breaker.state } }

    /// Whether the cluster's decisions are heard.
    package var isJoined: Bool { guarded.withLock { $0.breaker.isJoined } }

    /// How often this breaker has entered the state.
    package func transitions(to state: Breaker.State) -> Int { guarded.withLock { $0.entered[state, default: 0] } }

    /// The latest transitions, oldest first.
    package var history: [PastTransition] { guarded.withLock { $0.history } }

    // MARK: Requests

    func admit(now: Int) -> Breaker.Admission.Decision {
        let answer = guarded.withLock { $0.breaker.admit(now: now) }
        if answer.isUrgent { onUrgent() }
        note(answer.transition)
        return answer.decision
    }

    func report(_ outcome: Breaker.Outcome, durationMicroseconds: Int, _ ticket: Breaker.Ticket, now: Int) {
        let (transition, isUrgent) = guarded.withLock {
            $0.breaker.report(outcome, durationMicroseconds: durationMicroseconds, ticket, now: now)
        }
        if isUrgent { onUrgent() }
        note(transition)
    }

    func cancel(_ ticket: Breaker.Ticket, now: Int) {
        if guarded.withLock({ $0.breaker.cancel(ticket, now: now) }) { onUrgent() }
    }

    // MARK: The cluster

    func hasNews(now: Int) -> Bool { guarded.withLock { $0.breaker.hasNews(now: now) } }

    var hasUrgentNews: Bool { guarded.withLock { $0.breaker.hasUrgentNews } }

    func takeReport(now: Int) -> (report: BreakerReport, settings: BreakerSettings) {
        guarded.withLock { ($0.breaker.takeReport(now: now), $0.breaker.own.settings) }
    }

    func hear(_ view: ClusterView, isReply: Bool, now: Int) {
        note(guarded.withLock { $0.breaker.hear(view, isReply: isReply, now: now) })
    }

    func granted(_ number: Int, epoch: Int, asked: Int) {
        guarded.withLock { $0.breaker.granted(number, epoch: epoch, asked: asked) }
    }

    func leave(now: Int) {
        note(guarded.withLock { $0.breaker.leave(now: now) })
    }

    private func note(_ transition: Breaker.Transition?) {
        guard let transition else { return }
        let past = PastTransition(time: StructuredLog.wallClock(), transition: transition)
        guarded.withLock {
            $0.entered[transition.to, default: 0] += 1
            if $0.history.count == Self.remembered { $0.history.removeFirst() }
            $0.history.append(past)
        }
        onTransition(transition)
    }
}

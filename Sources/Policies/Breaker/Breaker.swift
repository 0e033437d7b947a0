/// Keeps requests from an upstream that fails, and finds out cautiously when it has recovered.
///
/// # How a breaker decides
///
/// *Closed*: all requests pass, and their outcomes are counted over a sliding window (`SlidingCounts`). It trips on
/// `failures` in a row, which catches an upstream that is down at once, or on a share of `errorRate` among at least
/// `minimum` calls, which catches one that is ill. A call of at least `slowCallMicroseconds` counts as failed for the
/// share, but does not count in the row: a slow answer is still an answer.
///
/// *Open*: all requests are refused for `openMicroseconds`. The first request after that finds it half-open.
///
/// *Half-open*: up to `probes` requests pass as probes, everything else is refused. As many successes as there are probes
/// close the breaker; one failure, or one slow answer, opens it again. A probe that never reports lapses after
/// `openMicroseconds`, so that a lost request cannot keep the breaker half-open for ever; one that ended without
/// evidence (the client left) is cancelled, and its place is free at once.
///
/// # Epochs
///
/// Each transition begins a new epoch, and each admission carries a ticket with the epoch it was given in. A report with
/// another epoch's ticket is ignored: requests sent before the trip may end long after, and must neither close the
/// breaker nor prolong its opening. This is one node's own judgement; `NodeBreaker` joins it with the cluster's.
///
/// A pure value: it holds no clock, starts no timer and allocates nothing. `now` is in microseconds of any monotonic clock.
package struct Breaker: Sendable {
    package enum State: String, Hashable, Sendable {
        case closed, open
        case halfOpen = "half-open"
    }

    /// What an admitted request brings back with its outcome.
    package struct Ticket: Hashable, Sendable {
        package let epoch: Int
        /// The number of its probe; 0: an ordinary request of a closed breaker.
        package let probe: Int

        package var isProbe: Bool { probe != 0 }
    }

    /// The answer to a request, and the transition that asking for it caused: both are to be acted on.
    package struct Admission: Hashable, Sendable {
        package enum Decision: Hashable, Sendable {
            case pass(Ticket)
            /// Passes too; its outcome decides on the breaker.
            case probe(Ticket)
            /// To be refused; until then no request will be admitted unless a probe reports first.
            case refuse(retryAfterMicroseconds: Int)
        }
        package let decision: Decision
        package let transition: Transition?
    }

    package enum Outcome: Hashable, Sendable {
        case success, failure
    }

    /// A change of state, for the log and the metrics.
    package struct Transition: Hashable, Sendable {
        package enum Cause: Hashable, Sendable {
            case consecutiveFailures(Int)
            case errorRate(failed: Int, total: Int)
            case openTimeOver, probesSucceeded, probeFailed
            /// The cluster decided, for the reason that the other nodes are told too.
            case cluster(String)
            /// The cluster's breaker was half-open when Redis went away.
            case leftCluster

            package var isCluster: Bool { if case .cluster = self { true } else { false } }
        }
        package let from: State
        package let to: State
        /// The epoch that it begins.
        package let epoch: Int
        package let cause: Cause

        package init(from: State, to: State, epoch: Int, cause: Cause) {
            self.from = from
            self.to = to
            self.epoch = epoch
            self.cause = cause
        }
    }

    package private(set) var settings: BreakerSettings
    package private(set) var state = State.closed
    /// The number of transitions so far.
    package private(set) var epoch = 0
    /// When the current state began.
    package private(set) var since = 0
    /// Failures since the last success; while open, those that tripped it.
    package private(set) var consecutiveFailures = 0
    private var counts: SlidingCounts
    private var probes = Probes()

    package init(_ settings: BreakerSettings) {
        self.settings = settings
        self.counts = SlidingCounts(windowMicroseconds: settings.windowMicroseconds)
    }

    /// Takes over edited settings and keeps state and epoch; only a window of another length starts to count anew.
    package mutating func adopt(_ settings: BreakerSettings) {
        if settings.windowMicroseconds != self.settings.windowMicroseconds {
            counts = SlidingCounts(windowMicroseconds: settings.windowMicroseconds)
        }
        self.settings = settings
    }

    /// Whether the request that comes `now` may go to the upstream.
    package mutating func admit(now: Int) -> Admission {
        switch state {
        case .closed:
            return Admission(decision: .pass(Ticket(epoch: epoch, probe: 0)), transition: nil)
        case .open:
            let remaining = openMicroseconds - (now - since)
            guard remaining <= 0 else {
                return Admission(decision: .refuse(retryAfterMicroseconds: remaining), transition: nil)
            }
            let transition = enter(.halfOpen, .openTimeOver, now)
            return Admission(decision: probe(now), transition: transition)
        case .halfOpen:
            return Admission(decision: probe(now), transition: nil)
        }
    }

    /// The end of an admitted request. Call exactly one of `report` and `cancel` for each ticket.
    package mutating func report(_ outcome: Outcome, durationMicroseconds: Int, _ ticket: Ticket, now: Int)
        -> Transition?
    {
        guard ticket.epoch == epoch else { return nil }
        let isSlow = settings.slowCallMicroseconds.map { durationMicroseconds >= $0 } ?? false
        switch state {
        case .closed:
            return count(outcome, isSlow: isSlow, now)
        case .halfOpen:
            guard probes.end(ticket.probe, now: now) else { return nil }
            guard outcome == .success, !isSlow else { return enter(.open, .probeFailed, now) }
            probes.succeeded += 1
            return probes.succeeded >= probeLimit ? enter(.closed, .probesSucceeded, now) : nil
        case .open:
            return nil  // Opening began a new epoch, in which nothing has been admitted.
        }
    }

    /// The request ended without saying anything about the upstream, for example because the client went away.
    package mutating func cancel(_ ticket: Ticket, now: Int) {
        guard ticket.epoch == epoch, ticket.isProbe else { return }
        _ = probes.end(ticket.probe, now: now)
    }

    /// Takes over a state that was decided elsewhere. It begins a new epoch even if it is the same state.
    /// - Parameter remainingMicroseconds: how long it stays open, if that is the state.
    /// - Returns: nil if the state is the same as before.
    package mutating func follow(
        _ next: State, remainingMicroseconds: Int = 0, cause: Transition.Cause, now: Int
    ) -> Transition? {
        let transition = enter(next, cause, now)
        if next == .open { postpone(remainingMicroseconds, now: now) }
        return transition.from == next ? nil : transition
    }

    /// Sets how long it stays open from now on.
    package mutating func postpone(_ remainingMicroseconds: Int, now: Int) {
        since = now + min(remainingMicroseconds, TokenBucket.longestWait) - openMicroseconds
    }

    /// Time until an open breaker may probe; 0 in the other states.
    package func openRemaining(now: Int) -> Int {
        state == .open ? max(0, openMicroseconds - (now - since)) : 0
    }

    /// Calls of the window that ends `now`, and how many of them failed or were slow.
    package func windowTotals(now: Int) -> (failed: Int, total: Int) { counts.totals(now: now) }

    private mutating func count(_ outcome: Outcome, isSlow: Bool, _ now: Int) -> Transition? {
        counts.add(failed: outcome == .failure || isSlow, now: now)
        consecutiveFailures = outcome == .failure ? consecutiveFailures + 1 : 0
        if settings.failures > 0, consecutiveFailures >= settings.failures {
            return enter(.open, .consecutiveFailures(consecutiveFailures), now)
        }
        let limit = settings.errorMillionths
        guard limit > 0 else { return nil }
        let (failed, total) = counts.totals(now: now)
        guard failed > 0, total >= settings.minimum, failed * 1_000_000 >= limit * total else { return nil }
        return enter(.open, .errorRate(failed: failed, total: total), now)
    }

    private mutating func probe(_ now: Int) -> Admission.Decision {
        switch probes.begin(limit: probeLimit, lapse: now + openMicroseconds, now: now) {
        case .begun(let number): .probe(Ticket(epoch: epoch, probe: number))
        case .full(let lapse): .refuse(retryAfterMicroseconds: max(1, lapse - now))
        }
    }

    /// The one place where the state changes. What made it trip is kept for as long as it is not closed again: it is this
    /// node's evidence.
    private mutating func enter(_ next: State, _ cause: Transition.Cause, _ now: Int) -> Transition {
        let transition = Transition(from: state, to: next, epoch: epoch + 1, cause: cause)
        state = next
        epoch += 1
        since = now
        if next == .closed {
            consecutiveFailures = 0
            counts.removeAll()
        }
        probes = Probes()
        return transition
    }

    private var probeLimit: Int { BreakerSettings.probesRange.clamping(settings.probes) }
    private var openMicroseconds: Int { (1...TokenBucket.longestWait).clamping(settings.openMicroseconds) }
}

extension Breaker.Ticket {
    /// The ticket as one number, for a caller that only hands it back.
    package var encoded: Int { epoch << 16 | probe & 0xFFFF }

    package init(encoded: Int) { self.init(epoch: encoded >> 16, probe: encoded & 0xFFFF) }
}

extension Breaker.Transition.Cause: CustomStringConvertible {
    package var description: String {
        switch self {
        case .consecutiveFailures(let count): "\(count) failures in a row"
        case .errorRate(let failed, let total): "\(failed) of \(total) calls failed or were slow"
        case .openTimeOver: "the open time is over"
        case .probesSucceeded: "the probes succeeded"
        case .probeFailed: "a probe failed"
        case .cluster(let reason): reason
        case .leftCluster: "Redis went away while the cluster was probing"
        }
    }
}

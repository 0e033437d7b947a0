/// One node's copy of an upstream's breaker: its own judgement, and above it what the cluster has decided.
///
/// # Who decides
///
/// *Alone* (no Redis, or none that answers): the node's own `Breaker`, as if there were no others.
///
/// *Joined, the cluster's breaker closed*: the node's own `Breaker` too, while its outcomes are reported. So a node whose
/// own path to the upstream is broken opens for itself at once, and probes for itself, whatever the others see; the
/// cluster's breaker opens only when a majority of the nodes that send traffic has evidence (`sync.lua`).
///
/// *Joined, the cluster's breaker open or half-open*: the cluster. A request that comes when the open time is over
/// makes the node ask for a probe, and is refused; the permission is there a round trip later, and the next request uses
/// it. No request ever waits for Redis. A permission that no request uses within a second is given back, so that it goes
/// to a node that has some; the probe's end is reported at once, with the epoch that it belongs to.
///
/// *Joined, held closed by an operator*: everything passes.
///
/// # Leaving and joining
///
/// A node that loses Redis while the cluster's breaker is open keeps it open for the rest of the time and then probes by
/// itself. When Redis is back the node follows the cluster again; what it counted meanwhile is not reported, since it
/// belongs to no slice of the cluster's window.
///
/// A pure value like `Breaker`: no clock, no I/O. `now` is in microseconds of this node's monotonic clock, and only ever
/// measures durations: all instants are Redis'.
package struct NodeBreaker: Sendable {
    package struct Answer: Hashable, Sendable {
        package let decision: Breaker.Admission.Decision
        package var transition: Breaker.Transition?
        /// There is something to tell or to ask that should not wait for the next report.
        package var isUrgent = false
    }

    private enum Rule { case own, held, cluster }
    private enum Asking { case no, wanted, asked }

    /// How long a permission waits for a request, unless the probe would lapse before.
    static let permissionMicroseconds = 1_000_000
    /// How soon a node that got no permission may ask again: another node may have given one back.
    static let askPauseMicroseconds = 500_000
    /// How often successes are reported while nothing fails.
    static let calmMicroseconds = 500_000
    /// How long a node that opened for itself looks closely at what the cluster makes of it.
    static let awaitingMicroseconds = 1_000_000

    package private(set) var own: Breaker
    /// Whether the cluster is heard.
    package private(set) var isJoined = false
    /// What was last heard; an epoch of 0: nothing yet.
    package private(set) var heard = ClusterView(state: .closed, epoch: 0, remainingMicroseconds: 0, cause: "")
    /// When what was heard changes by itself, in this node's time.
    private var heardUntil = 0
    private var counts = BreakerReport.Counts()
    /// When outcomes were last reported, and whether they ended in failures.
    private var lastTold = Int.min / 2
    private var hasToldRow = false
    private var ended: [BreakerReport.Probe] = []
    private var permission: (number: Int, usableUntil: Int)?
    private var asking = Asking.no

    package init(_ settings: BreakerSettings) { own = Breaker(settings) }

    package mutating func adopt(_ settings: BreakerSettings) { own.adopt(settings) }

    package var state: Breaker.State { own.state }

    // MARK: Requests

    package mutating func admit(now: Int) -> Answer {
        switch rule(now: now) {
        case .own:
            let admission = own.admit(now: now)
            return Answer(decision: admission.decision, transition: admission.transition)
        case .held:
            return Answer(decision: .pass(Breaker.Ticket(epoch: own.epoch, probe: 0)))
        case .cluster:
            if let permission, permission.usableUntil > now {
                self.permission = nil
                return Answer(decision: .probe(Breaker.Ticket(epoch: own.epoch, probe: permission.number)))
            }
            let wait = heardUntil - now
            guard wait <= 0 else { return Answer(decision: .refuse(retryAfterMicroseconds: wait)) }
            let isFirst = asking == .no
            if isFirst { asking = .wanted }
            return Answer(
                decision: .refuse(retryAfterMicroseconds: Self.askPauseMicroseconds), isUrgent: isFirst)
        }
    }

    package mutating func report(
        _ outcome: Breaker.Outcome, durationMicroseconds: Int, _ ticket: Breaker.Ticket, now: Int
    ) -> (transition: Breaker.Transition?, isUrgent: Bool) {
        guard ticket.epoch == own.epoch else { return (nil, false) }
        let isSlow = own.settings.slowCallMicroseconds.map { durationMicroseconds >= $0 } ?? false
        switch rule(now: now) {
        case .own:
            counts.add(outcome, isSlow: isSlow)
            let transition = own.report(outcome, durationMicroseconds: durationMicroseconds, ticket, now: now)
            return (transition, false)
        case .held:
            counts.add(outcome, isSlow: isSlow)
            return (nil, false)
        case .cluster:
            return (nil, end(ticket, outcome == .success && !isSlow ? .succeeded : .failed))
        }
    }

    /// - Returns: whether that is to be told at once.
    package mutating func cancel(_ ticket: Breaker.Ticket, now: Int) -> Bool {
        guard ticket.epoch == own.epoch else { return false }
        guard rule(now: now) != .cluster else { return end(ticket, .cancelled) }
        own.cancel(ticket, now: now)
        return false
    }

    private mutating func end(_ ticket: Breaker.Ticket, _ end: BreakerReport.ProbeEnd) -> Bool {
        guard ticket.isProbe, ended.count < Breaker.Probes.most else { return false }
        ended.append(BreakerReport.Probe(number: ticket.probe, end: end))
        return true
    }

    private func rule(now: Int) -> Rule {
        guard isJoined else { return .own }
        guard heard.state == .closed else { return .cluster }
        return heardUntil > now ? .held : .own
    }

    // MARK: The cluster

    /// Whether there is something to tell besides asking for the state.
    package func hasNews(now: Int) -> Bool {
        guard isJoined else { return false }
        return hasOutcomes(now: now) || hasUrgentNews || permission.map { $0.usableUntil <= now } == true
            || isAwaitingOthers(now: now)
    }

    /// Failures are told at once, and so are successes that end a row of failures or follow a pause: others count this
    /// node among those that send traffic by them. Successes after successes can wait.
    private func hasOutcomes(now: Int) -> Bool {
        counts.calls > 0
            && (counts.failed + counts.slow > 0 || hasToldRow || now - lastTold >= Self.calmMicroseconds)
    }

    /// This node has just opened for itself: the cluster may follow as soon as the other nodes have been heard.
    private func isAwaitingOthers(now: Int) -> Bool {
        own.state == .open && heard.state == .closed && now - own.since < Self.awaitingMicroseconds
    }

    /// Whether a probe has ended or is asked for.
    package var hasUrgentNews: Bool { !ended.isEmpty || asking == .wanted }

    /// What there is to report; taken over by the caller. While the node is alone it only asks for the state.
    package mutating func takeReport(now: Int) -> BreakerReport {
        var report = BreakerReport()
        report.epoch = heard.epoch
        report.isOpen = heard.state != .closed && own.state != .closed
        guard isJoined else {
            report.remainingMicroseconds = own.openRemaining(now: now)
            return report
        }
        if report.isOpen { report.remainingMicroseconds = heard.state == .open ? max(0, heardUntil - now) : 0 }
        if let permission, permission.usableUntil <= now {
            self.permission = nil
            ended.append(BreakerReport.Probe(number: permission.number, end: .unused))
        }
        if counts.calls > 0 { lastTold = now }
        hasToldRow = own.consecutiveFailures > 0
        report.counts = counts
        counts = BreakerReport.Counts()
        report.ended = ended
        ended = []
        report.consecutiveFailures = own.consecutiveFailures
        (report.windowFailed, report.windowCalls) = own.windowTotals(now: now)
        if asking == .wanted {
            report.asksForProbe = true
            asking = .asked
        }
        return report
    }

    /// The answer to a report, or an event. What is older than what is known changes nothing.
    /// - Parameter isReply: an event alone does not make a node joined: its way to Redis might be the broken one.
    package mutating func hear(_ view: ClusterView, isReply: Bool, now: Int) -> Breaker.Transition? {
        guard view.epoch >= heard.epoch, isReply || isJoined else { return nil }
        if !isJoined { forget() }
        isJoined = true
        let isNew = view.epoch != heard.epoch
        let wasClosed = heard.state == .closed
        if isNew { forget() }
        heard = view
        var remaining = view.remainingMicroseconds
        // Its probes may be given back at any moment.
        if view.state == .halfOpen { remaining = min(remaining, Self.askPauseMicroseconds) }
        heardUntil = now + remaining
        if view.state == .closed {
            // What this node has opened for itself stays open; what the cluster had opened, or an operator closes, closes.
            guard own.state != .closed, !wasClosed || remaining > 0 else { return nil }
            return own.follow(.closed, cause: .cluster(view.cause), now: now)
        }
        guard isNew || own.state != view.state else {
            if view.state == .open { own.postpone(view.remainingMicroseconds, now: now) }
            return nil
        }
        return own.follow(
            view.state, remainingMicroseconds: view.remainingMicroseconds, cause: .cluster(view.cause), now: now)
    }

    /// A report that asked for a probe has been answered, or has failed: with the number of the probe, or 0.
    /// - Parameter asked: when it was asked for, before the question was sent.
    package mutating func granted(_ number: Int, epoch: Int, asked: Int) {
        asking = .no
        guard number > 0, isJoined, epoch == heard.epoch, heard.state == .halfOpen else { return }
        let patience = min(Self.permissionMicroseconds, own.settings.openMicroseconds / 2)
        permission = (number, asked + patience)
    }

    /// The cluster is no longer heard.
    package mutating func leave(now: Int) -> Breaker.Transition? {
        guard isJoined else { return nil }
        let governed = heard.state
        isJoined = false
        forget()
        guard governed == .halfOpen else { return nil }
        return own.follow(.open, cause: .leftCluster, now: now)
    }

    private mutating func forget() {
        counts = BreakerReport.Counts()
        ended = []
        permission = nil
        asking = .no
    }
}

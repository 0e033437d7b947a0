import Policies
import Testing

@Suite("A node's copy of the cluster's breaker")
struct NodeBreakerTests {
    private let second = 1_000_000
    private var breaker: NodeBreaker

    init() {
        var settings = BreakerSettings()
        settings.failures = 3
        settings.openMicroseconds = 10_000_000
        breaker = NodeBreaker(settings)
    }

    private func view(_ state: Breaker.State, _ epoch: Int, _ remaining: Int = 0) -> ClusterView {
        ClusterView(state: state, epoch: epoch, remainingMicroseconds: remaining, cause: "test")
    }

    private mutating func call(_ outcome: Breaker.Outcome, at now: Int) {
        if case .pass(let ticket) = breaker.admit(now: now).decision {
            _ = breaker.report(outcome, durationMicroseconds: 1, ticket, now: now)
        }
    }

    private mutating func trip(at now: Int) { for _ in 0..<3 { call(.failure, at: now) } }

    /// Has it ask for a probe at `now`, and answers it.
    private mutating func grant(epoch: Int, at now: Int) {
        _ = breaker.admit(now: now)
        #expect(breaker.takeReport(now: now).asksForProbe)
        _ = breaker.hear(view(.halfOpen, epoch, 10 * second), isReply: true, now: now)
        breaker.granted(1, epoch: epoch, asked: now)
    }

    @Test("alone it works as a breaker of one node, and reports nothing but its question")
    mutating func alone() {
        trip(at: 0)
        #expect(breaker.state == .open && !breaker.hasNews(now: 0))
        #expect(breaker.takeReport(now: 0).counts == BreakerReport.Counts())
        guard case .probe = breaker.admit(now: 10 * second).decision else { return #expect(Bool(false), "no probe") }
    }

    @Test("joined, it reports each outcome once, and what it sees itself each time")
    mutating func reports() {
        _ = breaker.hear(view(.closed, 0), isReply: true, now: 0)
        call(.success, at: 0)
        call(.failure, at: 0)
        var report = breaker.takeReport(now: 0)
        #expect(report.counts.calls == 2 && report.counts.failed == 1)
        report = breaker.takeReport(now: 0)
        #expect(report.counts.calls == 0)
        #expect(report.consecutiveFailures == 1 && report.windowFailed == 1 && report.windowCalls == 2)
    }

    @Test("successes after successes wait half a second; failures, and what ends them, do not")
    mutating func pace() {
        _ = breaker.hear(view(.closed, 0), isReply: true, now: 0)
        call(.success, at: 0)
        #expect(breaker.hasNews(now: 0), "the first after a pause")
        _ = breaker.takeReport(now: 0)
        call(.success, at: 1)
        #expect(!breaker.hasNews(now: 400_000) && breaker.hasNews(now: 500_000))
        call(.failure, at: 2)
        #expect(breaker.hasNews(now: 2))
        _ = breaker.takeReport(now: 2)
        call(.success, at: 3)
        #expect(breaker.hasNews(now: 3), "the row has ended")
    }

    @Test("joined, it opens for itself while the cluster's is closed, and goes on telling what it saw")
    mutating func ownOpening() {
        _ = breaker.hear(view(.closed, 0), isReply: true, now: 0)
        trip(at: 0)
        #expect(breaker.state == .open)
        _ = breaker.hear(view(.closed, 0), isReply: true, now: 1)
        #expect(breaker.state == .open, "the others' being fine does not close it")
        #expect(breaker.hasNews(now: 100_000))
        #expect(breaker.takeReport(now: 100_000).consecutiveFailures == 3)
        #expect(!breaker.hasNews(now: 2 * second))
        guard case .probe(let ticket) = breaker.admit(now: 10 * second).decision else {
            return #expect(Bool(false), "no probe of its own")
        }
        #expect(breaker.report(.success, durationMicroseconds: 1, ticket, now: 10 * second).transition?.to == .closed)
    }

    @Test("it opens when it hears that the cluster's has, and asks for a probe when the time is over")
    mutating func follows() {
        _ = breaker.hear(view(.closed, 0), isReply: true, now: 0)
        let transition = breaker.hear(view(.open, 7, 4 * second), isReply: false, now: second)
        #expect(transition?.to == .open && transition?.cause == .cluster("test"))
        #expect(breaker.admit(now: 2 * second).decision == .refuse(retryAfterMicroseconds: 3 * second))
        let first = breaker.admit(now: 5 * second)
        guard case .refuse = first.decision else { return #expect(Bool(false), "waits for nobody") }
        #expect(first.isUrgent && !breaker.admit(now: 5 * second).isUrgent, "asked once")
        let report = breaker.takeReport(now: 5 * second)
        #expect(report.asksForProbe && report.epoch == 7 && report.isOpen)
    }

    @Test("a granted probe is one request's, and its end is told at once")
    mutating func probe() {
        _ = breaker.hear(view(.open, 7, 0), isReply: true, now: 0)
        grant(epoch: 8, at: 0)
        guard case .probe(let ticket) = breaker.admit(now: 1).decision else { return #expect(Bool(false), "no probe") }
        guard case .refuse = breaker.admit(now: 1).decision else { return #expect(Bool(false), "two probes") }
        let end = breaker.report(.success, durationMicroseconds: 1, ticket, now: 2)
        #expect(end.isUrgent && end.transition == nil, "the cluster decides")
        let report = breaker.takeReport(now: 2)
        #expect(report.epoch == 8 && report.ended == [.init(number: 1, end: .succeeded)])
        #expect(breaker.hear(view(.closed, 9), isReply: true, now: 3)?.to == .closed)
    }

    @Test("a slow probe has failed, and one whose client left is cancelled")
    mutating func badProbes() {
        var settings = breaker.own.settings
        settings.slowCallMicroseconds = 1_000
        breaker.adopt(settings)
        _ = breaker.hear(view(.open, 7, 0), isReply: true, now: 0)
        grant(epoch: 8, at: 0)
        guard case .probe(let slow) = breaker.admit(now: 1).decision else { return #expect(Bool(false), "no probe") }
        _ = breaker.report(.success, durationMicroseconds: 1_000, slow, now: 2)
        #expect(breaker.takeReport(now: 2).ended == [.init(number: 1, end: .failed)])
        breaker.granted(2, epoch: 8, asked: 2)
        guard case .probe(let left) = breaker.admit(now: 3).decision else { return #expect(Bool(false), "no probe") }
        let isUrgent = breaker.cancel(left, now: 4)
        #expect(isUrgent)
        #expect(breaker.takeReport(now: 4).ended == [.init(number: 2, end: .cancelled)])
    }

    @Test("a permission that no request uses within a second is given back, and no longer used")
    mutating func unused() {
        _ = breaker.hear(view(.open, 7, 0), isReply: true, now: 0)
        grant(epoch: 8, at: 0)
        #expect(!breaker.hasNews(now: second - 1) && breaker.hasNews(now: second))
        guard case .refuse = breaker.admit(now: second).decision else { return #expect(Bool(false), "used too late") }
        #expect(breaker.takeReport(now: second).ended == [.init(number: 1, end: .unused)])
    }

    @Test("a permission of an epoch that is over is void, and so is the end of its probe")
    mutating func fencing() {
        _ = breaker.hear(view(.open, 7, 0), isReply: true, now: 0)
        grant(epoch: 8, at: 0)
        guard case .probe(let old) = breaker.admit(now: 1).decision else { return #expect(Bool(false), "no probe") }
        _ = breaker.hear(view(.halfOpen, 9, second), isReply: false, now: 2)
        #expect(!breaker.report(.success, durationMicroseconds: 1, old, now: 3).isUrgent)
        breaker.granted(1, epoch: 8, asked: 3)
        guard case .refuse = breaker.admit(now: 3).decision else { return #expect(Bool(false), "an old permission") }
        #expect(breaker.takeReport(now: 3).ended.isEmpty)
    }

    @Test("what is older than what it knows changes nothing")
    mutating func stale() {
        _ = breaker.hear(view(.open, 7, second), isReply: true, now: 0)
        #expect(breaker.hear(view(.closed, 6), isReply: true, now: 0) == nil)
        #expect(breaker.state == .open)
    }

    @Test("without Redis it stays open for the rest of the time and then probes by itself")
    mutating func leaves() {
        _ = breaker.hear(view(.open, 7, 6 * second), isReply: true, now: 0)
        #expect(breaker.leave(now: second) == nil)
        #expect(breaker.admit(now: 2 * second).decision == .refuse(retryAfterMicroseconds: 4 * second))
        guard case .probe = breaker.admit(now: 6 * second).decision else { return #expect(Bool(false), "no probe") }
    }

    @Test("the cluster's probe that is out when Redis goes does not decide on the node's own")
    mutating func leavesWhileProbing() {
        _ = breaker.hear(view(.open, 7, 0), isReply: true, now: 0)
        grant(epoch: 8, at: 0)
        guard case .probe(let old) = breaker.admit(now: 1).decision else { return #expect(Bool(false), "no probe") }
        #expect(breaker.leave(now: 2)?.cause == .leftCluster)
        guard case .probe = breaker.admit(now: 3).decision else { return #expect(Bool(false), "none of its own") }
        #expect(breaker.report(.failure, durationMicroseconds: 1, old, now: 4).transition == nil)
        #expect(breaker.state == .halfOpen)
    }

    @Test("back at Redis it follows the cluster, and does not report what happened meanwhile")
    mutating func rejoins() {
        _ = breaker.hear(view(.closed, 7), isReply: true, now: 0)
        _ = breaker.leave(now: 0)
        call(.success, at: 1)
        #expect(breaker.hear(view(.open, 9, second), isReply: false, now: 2) == nil, "an event is not enough")
        #expect(breaker.hear(view(.open, 9, second), isReply: true, now: 2)?.to == .open)
        #expect(breaker.takeReport(now: 2).counts.calls == 0)
    }

    @Test("an open state that Redis has lost is offered to it with the time that is left")
    mutating func offers() {
        _ = breaker.hear(view(.open, 7, 6 * second), isReply: true, now: 0)
        var report = breaker.takeReport(now: 2 * second)
        #expect(report.isOpen && report.remainingMicroseconds == 4 * second)
        _ = breaker.leave(now: 3 * second)
        report = breaker.takeReport(now: 4 * second)
        #expect(report.isOpen && report.remainingMicroseconds == 2 * second && report.epoch == 7)
    }

    @Test("held closed by an operator it lets everything pass until the time is over")
    mutating func held() {
        _ = breaker.hear(view(.closed, 0), isReply: true, now: 0)
        trip(at: 0)
        #expect(breaker.hear(view(.closed, 5, 10 * second), isReply: false, now: 1)?.to == .closed)
        trip(at: 2)
        #expect(breaker.state == .closed)
        #expect(breaker.takeReport(now: 3).counts.failed == 3)
        trip(at: 11 * second)
        #expect(breaker.state == .open)
    }

    @Test(
        "events are read, and nothing else is",
        arguments: [
            ("breaker users open 17 30 a probe failed, sent by node1", true), ("breaker users half-open 17 0 x", true),
            ("breaker users open 17 30", false), ("breaker users ajar 17 30 x", false),
            ("purge users open 1 2 x", false),
            ("breaker users open -1 30 x", false), ("breaker users open 17 -3 x", false), ("", false),
            ("breaker users open 99999999999999999999 1 x", false),
        ])
    func events(_ text: String, isEvent: Bool) {
        #expect((ClusterView.parse(event: text) != nil) == isEvent)
    }

    @Test("an event carries upstream, state, epoch, time and cause")
    func event() throws {
        let event = try #require(ClusterView.parse(event: "breaker users.v2 open 17 30 a probe failed"))
        #expect(event.upstream == "users.v2")
        #expect(
            event.view
                == ClusterView(state: .open, epoch: 17, remainingMicroseconds: 30, cause: "a probe failed"))
    }
}

import Policies
import RedisClient
import TestSupport
import Testing

@testable import Filters

/// sync.lua and force.lua, call by call.
@Suite("the cluster's breaker", .serialized, .ownThreads)
struct BreakerScriptTests {
    private let second = 1_000_000
    private let start = 1_700_000_000_000_000
    private let settings: BreakerSettings
    private let breaker: BreakerUnderTest

    init() async throws {
        var settings = BreakerSettings()
        settings.failures = 5
        settings.openMicroseconds = 10_000_000
        self.settings = settings
        breaker = try await BreakerUnderTest()
    }

    @discardableResult
    private func tell(
        _ node: String, _ report: BreakerReport, after microseconds: Int = 0
    ) async throws -> BreakerScripts.Reply {
        try await breaker.synchronize(node, report, settings, at: start + microseconds)
    }

    /// Reports, and asks again when the other nodes would have been heard.
    private func settle(
        _ node: String, _ report: BreakerReport, after microseconds: Int = 0
    ) async throws -> ClusterView {
        try await tell(node, report, after: microseconds)
        return try await tell(node, .of(epoch: report.epoch), after: microseconds + second / 5).view
    }

    /// Opens it by two nodes; answers the epoch.
    private func open() async throws -> Int {
        try await tell("a", .of(epoch: 0, calls: 5, failed: 5, row: 5), after: -second / 5)
        let reply = try await tell("b", .of(epoch: 0, calls: 5, failed: 5, row: 5))
        try #require(reply.view.state == .open)
        return reply.view.epoch
    }

    @Test("one node that sends all the traffic decides alone")
    func single() async throws {
        #expect(try await settle("a", .of(epoch: 0, calls: 4, failed: 4, row: 4)).state == .closed)
        let view = try await settle("a", .of(epoch: 0, calls: 1, failed: 1, row: 5))
        #expect(view.state == .open && view.remainingMicroseconds == 10 * second)
        #expect(view.epoch == start / 1000 + 200)
        #expect(view.cause == "5 failures in a row, seen by 1 of 1 node")
        #expect(
            try await breaker.published()
                == ["breaker users open \(view.epoch) 10000000 5 failures in a row, seen by 1 of 1 node"])
    }

    @Test("one of three nodes does not open it, however much it fails; two do")
    func quorum() async throws {
        for node in ["b", "c"] { try await tell(node, .of(epoch: 0, calls: 10)) }
        for index in 0..<20 {
            let report = BreakerReport.of(epoch: 0, calls: 100, failed: 100, row: 100 * (index + 1))
            #expect(try await settle("a", report).state == .closed)
        }
        // A stray failure elsewhere is no evidence; a node's part of five failures is.
        #expect(try await settle("b", .of(epoch: 0, calls: 10, failed: 1, row: 1)).state == .closed)
        #expect(try await settle("b", .of(epoch: 0, calls: 3, failed: 3, row: 3)).state == .open)
    }

    @Test("it waits for the nodes that have not reported yet")
    func settling() async throws {
        let failing = BreakerReport.of(epoch: 0, calls: 5, failed: 5, row: 5)
        #expect(try await tell("a", failing).view.state == .closed)
        #expect(try await tell("a", .of(epoch: 0), after: second / 5 - 1).view.state == .closed)
        try await tell("b", .of(epoch: 0, calls: 5), after: second / 10)
        #expect(try await tell("a", .of(epoch: 0), after: second / 5).view.state == .closed)
        #expect(try await breaker.fields()["suspected"] == nil)
    }

    @Test("a node that fails now and then anyway must see the whole row itself")
    func noisyNode() async throws {
        try await tell("b", .of(epoch: 0, calls: 1))
        try await tell("a", .of(epoch: 0, calls: 9, failed: 9, row: 9))
        #expect(try await settle("b", .of(epoch: 0, calls: 50, failed: 5, row: 4)).state == .closed)
        #expect(try await settle("b", .of(epoch: 0, calls: 50, failed: 6, row: 5)).state == .open)
    }

    @Test("failures in a row add up over the nodes that see them")
    func rowsAddUp() async throws {
        for node in ["a", "b", "c"] {
            #expect(try await settle(node, .of(epoch: 0, calls: 2, failed: 2, row: 2)).state == .closed)
        }
        try await tell("a", .of(epoch: 0, calls: 1, failed: 1, row: 3))
        let view = try await settle("b", .of(epoch: 0, calls: 3, failed: 3, row: 3))
        #expect(view.cause == "8 failures in a row, seen by 2 of 3 nodes")
    }

    @Test("a share of failed and slow calls opens it, when a quorum sees that share itself")
    func share() async throws {
        #expect(try await settle("a", .of(epoch: 0, calls: 10, failed: 3, slow: 3)).state == .closed)
        let view = try await settle("b", .of(epoch: 0, calls: 10, failed: 1, slow: 4))
        #expect(view.cause == "11 of 20 calls failed or were slow, seen by 2 of 2 nodes")
        let fields = try await breaker.fields()
        #expect(fields["calls"] == "20" && fields["failed"] == "4" && fields["slow"] == "7")
    }

    @Test("a share that only one of two nodes sees does not open it")
    func shareOfOne() async throws {
        #expect(try await tell("b", .of(epoch: 0, calls: 20)).view.state == .closed)
        #expect(try await settle("a", .of(epoch: 0, calls: 500, failed: 400, row: 0)).state == .closed)
    }

    @Test("a node without calls for ten seconds is not asked")
    func idleNodes() async throws {
        for node in ["b", "c"] { try await tell(node, .of(epoch: 0, calls: 10)) }
        let view = try await settle("a", .of(epoch: 0, calls: 5, failed: 5, row: 5), after: 10 * second)
        #expect(view.cause == "5 failures in a row, seen by 1 of 1 node")
    }

    @Test("calls leave the window of the cluster")
    func window() async throws {
        try await tell("a", .of(epoch: 0, calls: 15, failed: 4))
        try await tell("a", .of(epoch: 0, calls: 1), after: 9 * second)
        #expect(try await breaker.fields()["calls"] == "16")
        try await tell("a", .of(epoch: 0, calls: 1), after: 10 * second)
        let fields = try await breaker.fields()
        #expect(fields["calls"] == "2" && fields["failed"] == "0")
        #expect(fields.keys.filter { $0.hasPrefix("slice:") }.count == 2)
    }

    @Test("its hash says who has seen what")
    func readable() async throws {
        try await tell("a", .of(epoch: 0, calls: 4, failed: 3, slow: 1, row: 2))
        try await tell("b", .of(epoch: 0, calls: 6))
        let fields = try await breaker.fields()
        #expect(
            fields == [
                "state": "closed", "epoch": "0", "since": "\(start)", "cause": "first calls", "calls": "10",
                "failed": "3", "slow": "1", "consecutive": "2", "slice:\(start)": "10 3 1", "traffic:a": "\(start)",
                "traffic:b": "\(start)", "failures:a": "\(start)", "row:a": "2", "share:a": "4/4",
            ])
    }

    @Test("the probe is granted once, when the open time is over, and its success closes the breaker")
    func probe() async throws {
        let opened = try await open()
        #expect(try await tell("a", .of(epoch: opened, asks: true), after: 10 * second - 1).number == 0)
        let granted = try await tell("a", .of(epoch: opened, asks: true), after: 10 * second)
        #expect(granted.number == 1 && granted.view.state == .halfOpen)
        #expect(granted.view.remainingMicroseconds == 10 * second)
        let epoch = granted.view.epoch
        #expect(try await breaker.fields()["probe:1"] == "a until \(start + 20 * second)")
        #expect(try await tell("b", .of(epoch: epoch, asks: true), after: 11 * second).number == 0)
        let stranger = BreakerReport.of(epoch: epoch, ended: [.init(number: 1, end: .failed)])
        #expect(try await tell("b", stranger, after: 11 * second).view.state == .halfOpen)
        let closing = BreakerReport.of(epoch: epoch, ended: [.init(number: 1, end: .succeeded)])
        let closed = try await tell("a", closing, after: 12 * second)
        #expect(closed.view.state == .closed && closed.view.epoch > epoch)
        #expect(try await breaker.fields().keys.sorted() == ["cause", "epoch", "since", "state"])
    }

    @Test("a failed probe opens it again, and whoever sent it lets the others go first")
    func failedProbe() async throws {
        let opened = try await open()
        let epoch = try await tell("a", .of(epoch: opened, asks: true), after: 10 * second).view.epoch
        let failing = BreakerReport.of(epoch: epoch, ended: [.init(number: 1, end: .failed)])
        let reopened = try await tell("a", failing, after: 11 * second)
        #expect(reopened.view.state == .open && reopened.view.remainingMicroseconds == 10 * second)
        #expect(reopened.view.cause == "a probe failed, sent by a")
        #expect(try await tell("a", .of(epoch: reopened.view.epoch, asks: true), after: 21 * second).number == 0)
        #expect(try await tell("b", .of(epoch: reopened.view.epoch, asks: true), after: 21 * second).number == 1)
    }

    @Test("without others whoever sent the failed probe gets the next one a second later")
    func failedProbeAlone() async throws {
        let opened = try await open()
        let epoch = try await tell("a", .of(epoch: opened, asks: true), after: 10 * second).view.epoch
        let failing = BreakerReport.of(epoch: epoch, ended: [.init(number: 1, end: .failed)])
        let reopened = try await tell("a", failing, after: 11 * second).view.epoch
        #expect(try await tell("a", .of(epoch: reopened, asks: true), after: 22 * second).number == 1)
    }

    @Test("the probe of a node that died lapses, as a new epoch in which its late end is ignored")
    func lapse() async throws {
        let opened = try await open()
        let first = try await tell("a", .of(epoch: opened, asks: true), after: 10 * second).view.epoch
        #expect(try await tell("b", .of(epoch: first, asks: true), after: 20 * second - 1).number == 0)
        let second = try await tell("b", .of(epoch: first, asks: true), after: 20 * self.second)
        #expect(second.number == 1 && second.view.epoch > first)
        let late = BreakerReport.of(epoch: first, ended: [.init(number: 1, end: .failed)])
        #expect(try await tell("a", late, after: 20 * self.second).view.state == .halfOpen)
    }

    @Test("an unused probe goes to whoever asks next, within the same epoch")
    func unused() async throws {
        let opened = try await open()
        let epoch = try await tell("a", .of(epoch: opened, asks: true), after: 10 * second).view.epoch
        let returning = BreakerReport.of(epoch: epoch, ended: [.init(number: 1, end: .unused)])
        try await tell("a", returning, after: 11 * second)
        let next = try await tell("b", .of(epoch: epoch, asks: true), after: 11 * second)
        #expect(next.number == 1 && next.view.epoch == epoch)
    }

    @Test("late reports of an earlier epoch are ignored")
    func lateReports() async throws {
        let opened = try await open()
        let epoch = try await tell("a", .of(epoch: opened, asks: true), after: 10 * second).view.epoch
        let closing = BreakerReport.of(epoch: epoch, ended: [.init(number: 1, end: .succeeded)])
        let closed = try await tell("a", closing, after: 11 * second).view.epoch
        for old in [0, opened, epoch] {
            let reply = try await tell("c", .of(epoch: old, calls: 50, failed: 50, row: 50), after: 12 * second)
            #expect(reply.view.state == .closed && reply.view.epoch == closed)
        }
        #expect(try await breaker.fields()["calls"] == nil)
    }

    @Test("a node restores what Redis has lost, as a new epoch")
    func restored() async throws {
        let opened = try await open()
        try await breaker.client.send("DEL", BreakerUnderTest.key)
        var report = BreakerReport.of(epoch: opened)
        (report.isOpen, report.remainingMicroseconds) = (true, 4 * second)
        let reply = try await tell("b", report, after: 6 * second)
        #expect(reply.view.state == .open && reply.view.epoch > opened)
        #expect(reply.view.remainingMicroseconds == 4 * second)
        // Of a closed breaker only the epoch goes on, once there is something to write.
        try await breaker.client.send("DEL", BreakerUnderTest.key)
        #expect(try await tell("b", .of(epoch: opened), after: 7 * second).view.epoch == opened)
        #expect(try await breaker.fields().isEmpty)
        try await tell("b", .of(epoch: opened, calls: 1), after: 7 * second)
        #expect(try await breaker.fields()["epoch"] == "\(opened)")
    }

    @Test("an edited open time takes effect at once")
    func edited() async throws {
        let opened = try await open()
        var shorter = settings
        shorter.openMicroseconds = 3 * second
        let reply = try await breaker.synchronize("a", .of(epoch: opened), shorter, at: start + second)
        #expect(reply.view.remainingMicroseconds == 2 * second)
    }

    @Test("an operator opens it for a while, and then it probes")
    func forcedOpen() async throws {
        let forced = try await breaker.force(.open, for: 60 * second, at: start)
        #expect(forced.number == 1 && forced.view.state == .open && forced.view.remainingMicroseconds == 60 * second)
        #expect(try await breaker.fields()["forced"] == "open")
        #expect(try await tell("a", .of(epoch: forced.view.epoch, asks: true), after: 59 * second).number == 0)
        #expect(try await tell("a", .of(epoch: forced.view.epoch, asks: true), after: 60 * second).number == 1)
    }

    @Test("an operator holds it closed for a while, whatever fails")
    func forcedClosed() async throws {
        let epoch = try await open()
        let forced = try await breaker.force(.closed, for: 60 * second, at: start)
        #expect(forced.view.state == .closed && forced.view.epoch > epoch)
        let failing = BreakerReport.of(epoch: forced.view.epoch, calls: 50, failed: 50, row: 50)
        #expect(try await tell("a", failing, after: 59 * second).view.state == .closed)
        #expect(try await settle("a", failing, after: 60 * second).state == .open)
        #expect(
            try await breaker.published()[1]
                == "breaker users closed \(forced.view.epoch) 60000000 forced by an operator")
    }

    @Test("an operator's order is fenced by the epoch in which the breaker was seen")
    func fencedForce() async throws {
        let epoch = try await open()
        let late = try await breaker.force(.closed, epoch: epoch - 1, for: second, at: start)
        #expect(late.number == 0 && late.view.state == .open && late.view.epoch == epoch)
        let timely = try await breaker.force(.auto, epoch: epoch, at: start)
        #expect(timely.number == 1 && timely.view.state == .closed && timely.view.cause == "released by an operator")
    }
}

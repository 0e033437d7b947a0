import GatewayCore
import HTTPWire
import Testing

@Suite("the exchange's way through its route")
struct ExchangeTests {
    private let downstream = RecordingDownstream()
    private let journal = Journal()
    private let exchange: Exchange

    init() {
        exchange = Exchange(downstream: downstream, peer: Peer(address: "127.0.0.1"))
        exchange.begin(atMicroseconds: 1)
    }

    private func filter(_ name: String, _ script: @escaping (Exchange) -> Verdict) -> ScriptedFilter {
        ScriptedFilter(name, journal, script)
    }

    private func plan(_ filters: [ScriptedFilter], _ service: ((Exchange) -> Void)? = nil) -> RoutePlan {
        let end = service.map { ScriptedService(journal, $0) } ?? ScriptedService(journal)
        return RoutePlan(name: "route", metricsIndex: 0, filters: filters, service: end)
    }

    private static let refusal = Reply(status: 429, lines: "")

    @Test("filters run in their order, and the service at their end")
    func order() {
        exchange.follow(plan(["a", "b", "c"].map { filter($0) { _ in .proceed } }))
        #expect(journal.entries == ["a", "b", "c", "service"])
        #expect(downstream.statuses == [200])
        #expect(exchange.record.isOwnReply)
        #expect(exchange.plan?.name == "route")
    }

    @Test("a route without filters is only its service")
    func noFilters() {
        exchange.follow(plan([]))
        #expect(journal.entries == ["service"])
    }

    @Test("a reply ends it, and nothing after it runs")
    func reply() {
        exchange.follow(plan([filter("a") { _ in .reply(Self.refusal) }, filter("b") { _ in .proceed }]))
        #expect(journal.entries == ["a"])
        #expect(downstream.statuses == [429])
    }

    @Test("a filter that waits holds it until its answer")
    func wait() {
        exchange.follow(plan([filter("a") { _ in .wait }, filter("b") { _ in .wait }, filter("c") { _ in .proceed }]))
        #expect(journal.entries == ["a"] && exchange.isWaiting && downstream.statuses.isEmpty)
        exchange.resume(with: .wait)
        #expect(journal.entries == ["a"] && exchange.isWaiting)
        exchange.resume(with: .proceed)
        #expect(journal.entries == ["a", "b"] && exchange.isWaiting)
        exchange.resume(with: .proceed)
        #expect(journal.entries == ["a", "b", "c", "service"] && !exchange.isWaiting)
        #expect(downstream.statuses == [200])
    }

    @Test("a late refusal ends it too")
    func lateReply() {
        exchange.follow(plan([filter("a") { _ in .wait }, filter("b") { _ in .proceed }]))
        exchange.resume(with: .reply(Self.refusal))
        #expect(journal.entries == ["a"] && downstream.statuses == [429] && !exchange.isWaiting)
    }

    @Test("an answer from within apply counts", arguments: [true, false])
    func answerWithinApply(_ proceeds: Bool) {
        let first = filter("a") { exchange in
            exchange.resume(with: proceeds ? .proceed : .reply(Self.refusal))
            return .wait
        }
        exchange.follow(plan([first, filter("b") { _ in .proceed }]))
        #expect(journal.entries == (proceeds ? ["a", "b", "service"] : ["a"]))
        #expect(downstream.statuses == [proceeds ? 200 : 429] && !exchange.isWaiting)
    }

    @Test("an answer from within apply may lead to a filter that waits")
    func answerWithinApplyThenWait() {
        let first = filter("a") { exchange in
            exchange.resume(with: .proceed)
            return .wait
        }
        exchange.follow(plan([first, filter("b") { _ in .wait }, filter("c") { _ in .proceed }]))
        #expect(journal.entries == ["a", "b"] && exchange.isWaiting)
        exchange.resume(with: .proceed)
        #expect(journal.entries == ["a", "b", "c", "service"] && downstream.statuses == [200])
    }

    @Test("an answer from within apply may end the exchange, and the next one waits in its place")
    func reuseWithinApply() {
        let next = plan([filter("next") { _ in .wait }])
        downstream.onSend = { exchange in
            self.downstream.onSend = nil
            exchange.begin(atMicroseconds: 2)
            exchange.follow(next)
        }
        let first = filter("a") { exchange in
            exchange.resume(with: .reply(Self.refusal))
            return .wait
        }
        exchange.follow(plan([first]))
        #expect(journal.entries == ["a", "next"] && exchange.isWaiting && downstream.statuses == [429])
        exchange.resume(with: .proceed)
        #expect(journal.entries == ["a", "next", "service"] && downstream.statuses == [429, 200])
    }

    @Test("when the client goes while a filter waits, its answer only lets go of the exchange")
    func abandonment() {
        exchange.follow(plan([filter("a") { _ in .wait }, filter("b") { _ in .proceed }]))
        exchange.abandon()
        #expect(!exchange.isWaiting && downstream.abandonedEnds == 0)
        exchange.resume(with: .proceed)
        #expect(journal.entries == ["a"] && downstream.statuses.isEmpty && downstream.abandonedEnds == 1)
        exchange.resume(with: .proceed)
        #expect(journal.entries == ["a"] && downstream.abandonedEnds == 1)
    }

    private final class Holder: ExchangeHolder {
        var ended: [Int] = []
        func exchangeEnded(token: Int) { ended.append(token) }
    }

    @Test("what is held for it is given back once, when it ends")
    func holding() {
        let holder = Holder()
        exchange.hold(holder, token: 1)
        exchange.hold(holder, token: 2)
        #expect(holder.ended.isEmpty)
        exchange.giveBack()
        exchange.giveBack()
        #expect(holder.ended == [1, 2])
    }

    @Test("what is held for it after its client has gone is given back at once")
    func holdingTooLate() {
        let holder = Holder()
        exchange.follow(plan([filter("a") { _ in .wait }]))
        // As a connection does when it is lost.
        exchange.giveBack()
        exchange.abandon()
        exchange.hold(holder, token: 7)
        #expect(holder.ended == [7])
        exchange.resume(with: .proceed)
        exchange.giveBack()
        #expect(holder.ended == [7])
    }

    @Test("an answer that nobody waits for does nothing")
    func strayAnswer() {
        exchange.resume(with: .proceed)
        exchange.follow(plan([filter("a") { _ in .proceed }]) { _ in })
        exchange.resume(with: .reply(Self.refusal))
        #expect(journal.entries == ["a", "service"] && downstream.statuses.isEmpty)
    }

    @Test("beginning again forgets everything of the last request")
    func reuse() {
        exchange.identity = Identity(consumer: "acme")
        exchange.clientAddress.append("1.2.3.4")
        exchange.requestID.append("id")
        exchange.requestLines.append("A: 1\r\n")
        exchange.responseLines.append("B: 1\r\n")
        exchange.record.attempts = 3
        exchange.follow(plan([filter("a") { _ in .wait }]))
        exchange.begin(atMicroseconds: 7)
        #expect(exchange.identity == nil && exchange.plan == nil && !exchange.isWaiting)
        #expect(exchange.clientAddress.isEmpty && exchange.requestID.isEmpty)
        #expect(exchange.requestLines.isEmpty && exchange.responseLines.isEmpty)
        #expect(exchange.record.attempts == 0 && exchange.record.arrivedMicroseconds == 7)
    }

    @Test("an exchange holds no reference to its client's side")
    func noCycle() {
        var downstream: RecordingDownstream? = RecordingDownstream()
        weak let watched = downstream
        var exchange: Exchange? = Exchange(downstream: downstream!, peer: Peer(address: "x"))
        weak let watchedExchange = exchange
        downstream = nil
        #expect(watched == nil)
        exchange = nil
        #expect(watchedExchange == nil)
    }
}

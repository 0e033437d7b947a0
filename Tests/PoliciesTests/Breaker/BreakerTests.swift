import Policies
import Testing

@Suite struct BreakerTests {
    typealias Cause = Breaker.Transition.Cause
    private let second = 1_000_000

    private func settings(_ change: (inout BreakerSettings) -> Void = { _ in }) -> BreakerSettings {
        var settings = BreakerSettings()
        settings.failures = 3
        settings.openMicroseconds = 10 * second
        change(&settings)
        return settings
    }

    /// Sends a request of the given outcome through the breaker; nil when it was refused.
    @discardableResult
    private func call(
        _ breaker: inout Breaker, _ outcome: Breaker.Outcome, at now: Int, takes duration: Int = 0
    ) -> Breaker.Transition? {
        switch breaker.admit(now: now).decision {
        case .pass(let ticket), .probe(let ticket):
            return breaker.report(outcome, durationMicroseconds: duration, ticket, now: now)
        case .refuse: return nil
        }
    }

    private func probe(_ breaker: inout Breaker, at now: Int) -> Breaker.Ticket? {
        if case .probe(let ticket) = breaker.admit(now: now).decision { ticket } else { nil }
    }

    private func tripped(_ settings: BreakerSettings) -> Breaker {
        var breaker = Breaker(settings)
        for _ in 0..<settings.failures { call(&breaker, .failure, at: 0) }
        #expect(breaker.state == .open)
        return breaker
    }

    @Test("failures in a row trip it, a success in between starts anew")
    func consecutive() {
        var breaker = Breaker(settings())
        for outcome in [.failure, .failure, .success, .failure, .failure] as [Breaker.Outcome] {
            #expect(call(&breaker, outcome, at: 0) == nil)
        }
        let transition = call(&breaker, .failure, at: 7)
        #expect(
            transition == .init(from: .closed, to: .open, epoch: 1, cause: .consecutiveFailures(3)))
        #expect(breaker.state == .open && breaker.since == 7)
    }

    @Test("while open it refuses, with the time that is left")
    func refuses() {
        var breaker = tripped(settings())
        #expect(breaker.admit(now: 1).decision == .refuse(retryAfterMicroseconds: 10 * second - 1))
        #expect(breaker.admit(now: 10 * second - 1).decision == .refuse(retryAfterMicroseconds: 1))
        #expect(breaker.state == .open)
    }

    @Test("a tripped breaker admits one probe, whose success closes it")
    func recovers() {
        var breaker = tripped(settings())
        let admission = breaker.admit(now: 10 * second)
        #expect(admission.transition == .init(from: .open, to: .halfOpen, epoch: 2, cause: .openTimeOver))
        guard case .probe(let ticket) = admission.decision else { return #expect(Bool(false), "no probe") }
        #expect(breaker.admit(now: 11 * second).decision == .refuse(retryAfterMicroseconds: 9 * second))
        let closing = breaker.report(.success, durationMicroseconds: 5, ticket, now: 12 * second)
        #expect(closing == .init(from: .halfOpen, to: .closed, epoch: 3, cause: .probesSucceeded))
        #expect(call(&breaker, .failure, at: 12 * second) == nil)
        #expect(breaker.state == .closed)
    }

    @Test("a failed probe opens it again for the whole time")
    func reopens() {
        var breaker = tripped(settings())
        let transition = call(&breaker, .failure, at: 15 * second)
        #expect(transition == .init(from: .halfOpen, to: .open, epoch: 3, cause: .probeFailed))
        #expect(breaker.admit(now: 20 * second).decision == .refuse(retryAfterMicroseconds: 5 * second))
    }

    @Test("all probes must succeed, and no more than that are admitted")
    func severalProbes() {
        var breaker = tripped(settings { $0.probes = 3 })
        let tickets = (0..<3).compactMap { _ in probe(&breaker, at: 10 * second) }
        #expect(tickets.count == 3 && Set(tickets).count == 3)
        #expect(probe(&breaker, at: 10 * second) == nil)
        #expect(breaker.report(.success, durationMicroseconds: 0, tickets[1], now: 11 * second) == nil)
        #expect(probe(&breaker, at: 11 * second) == nil, "a success keeps its place")
        #expect(breaker.report(.success, durationMicroseconds: 0, tickets[1], now: 11 * second) == nil, "counted twice")
        #expect(breaker.report(.success, durationMicroseconds: 0, tickets[0], now: 11 * second) == nil)
        #expect(breaker.report(.success, durationMicroseconds: 0, tickets[2], now: 11 * second)?.to == .closed)
    }

    @Test("a probe that never reports lapses, and its late report is ignored")
    func lapse() {
        var breaker = tripped(settings())
        guard let lost = probe(&breaker, at: 10 * second) else { return #expect(Bool(false), "no probe") }
        #expect(probe(&breaker, at: 20 * second - 1) == nil)
        guard let next = probe(&breaker, at: 20 * second) else { return #expect(Bool(false), "not lapsed") }
        #expect(breaker.report(.failure, durationMicroseconds: 0, lost, now: 20 * second) == nil)
        #expect(breaker.state == .halfOpen)
        #expect(breaker.report(.success, durationMicroseconds: 0, next, now: 20 * second)?.to == .closed)
    }

    @Test("a cancelled probe proves nothing and frees its place")
    func cancel() {
        var breaker = tripped(settings())
        guard let first = probe(&breaker, at: 10 * second) else { return #expect(Bool(false), "no probe") }
        breaker.cancel(first, now: 10 * second)
        #expect(breaker.state == .halfOpen)
        #expect(breaker.report(.success, durationMicroseconds: 0, first, now: 10 * second) == nil)
        #expect(probe(&breaker, at: 10 * second) != nil)
    }

    @Test("results of requests from before the trip are ignored")
    func lateReports() {
        var breaker = Breaker(settings())
        guard case .pass(let old) = breaker.admit(now: 0).decision else { return #expect(Bool(false), "refused") }
        for _ in 0..<3 { call(&breaker, .failure, at: 0) }
        #expect(breaker.report(.failure, durationMicroseconds: 0, old, now: second) == nil)
        _ = probe(&breaker, at: 10 * second)
        #expect(breaker.report(.success, durationMicroseconds: 0, old, now: 10 * second) == nil)
        #expect(breaker.report(.failure, durationMicroseconds: 0, old, now: 10 * second) == nil)
        #expect(breaker.state == .halfOpen)
    }

    @Test("a probe of an earlier opening, or a request from before it, does not count in a later epoch")
    func olderEpochs() {
        var breaker = Breaker(settings { $0.probes = 2 })
        guard case .pass(let old) = breaker.admit(now: 0).decision else { return #expect(Bool(false), "refused") }
        for _ in 0..<3 { call(&breaker, .failure, at: 0) }
        guard let early = probe(&breaker, at: 10 * second) else { return #expect(Bool(false), "no probe") }
        call(&breaker, .failure, at: 10 * second)
        let next = (0..<2).compactMap { _ in probe(&breaker, at: 20 * second) }
        #expect(breaker.report(.failure, durationMicroseconds: 0, early, now: 20 * second) == nil)
        breaker.cancel(early, now: 20 * second)
        for ticket in next { _ = breaker.report(.success, durationMicroseconds: 0, ticket, now: 20 * second) }
        #expect(breaker.state == .closed)
        _ = breaker.report(.failure, durationMicroseconds: 0, old, now: 20 * second)
        #expect(breaker.consecutiveFailures == 0 && breaker.windowTotals(now: 20 * second) == (0, 0))
    }

    @Test("a share of failures trips it once the window holds enough calls")
    func errorRate() {
        var breaker = Breaker(settings { ($0.failures, $0.minimum, $0.errorRate) = (0, 10, 0.4) })
        for index in 0..<9 { #expect(call(&breaker, index % 3 == 0 ? .failure : .success, at: index) == nil) }
        #expect(call(&breaker, .failure, at: 9)?.cause == .errorRate(failed: 4, total: 10))
    }

    @Test("calls leave the window with its time")
    func slidingWindow() {
        var breaker = Breaker(settings { ($0.failures, $0.minimum, $0.errorRate) = (0, 4, 0.5) })
        for _ in 0..<3 { call(&breaker, .failure, at: 0) }
        #expect(breaker.windowTotals(now: 9 * second) == (3, 3))
        #expect(breaker.windowTotals(now: 10 * second) == (0, 0))
        #expect(call(&breaker, .failure, at: 10 * second) == nil)
        #expect(breaker.windowTotals(now: 10 * second) == (1, 1))
        #expect(breaker.windowTotals(now: 10_000 * second) == (0, 0))
    }

    @Test("a breaker that closed again starts to count anew")
    func countsAnew() {
        var breaker = Breaker(
            settings { ($0.failures, $0.minimum, $0.errorRate, $0.openMicroseconds) = (0, 4, 0.5, second) })
        for _ in 0..<4 { call(&breaker, .failure, at: 0) }
        call(&breaker, .success, at: second)
        #expect(breaker.state == .closed && breaker.windowTotals(now: second) == (0, 0))
        #expect(call(&breaker, .failure, at: second) == nil)
    }

    @Test("slow calls count for the share but not for the row")
    func slowCalls() {
        var breaker = Breaker(settings { ($0.minimum, $0.slowCallMicroseconds) = (6, 1_000) })
        for _ in 0..<5 { #expect(call(&breaker, .success, at: 0, takes: 1_000) == nil) }
        #expect(breaker.consecutiveFailures == 0)
        #expect(call(&breaker, .success, at: 0, takes: 999)?.cause == .errorRate(failed: 5, total: 6))
        #expect(call(&breaker, .success, at: 10 * second, takes: 1_000)?.cause == .probeFailed)
    }

    @Test("with both rules off it never trips")
    func off() {
        var breaker = Breaker(settings { ($0.failures, $0.errorRate) = (0, 0) })
        for now in 0..<1_000 { #expect(call(&breaker, .failure, at: now) == nil) }
    }

    @Test("edited settings keep the state")
    func adopt() {
        var breaker = tripped(settings())
        breaker.adopt(settings { $0.openMicroseconds = 4 * second })
        #expect(breaker.state == .open)
        #expect(probe(&breaker, at: 4 * second) != nil)
    }

    @Test(
        "whatever happens, epochs grow by one, probes stay within their number, and it can recover", arguments: 0..<40)
    func invariants(seed: Int) {
        var random = Seeded(seed: UInt64(seed))
        let settings = settings { ($0.probes, $0.minimum) = (random.number(1...4), 5) }
        var breaker = Breaker(settings)
        var tickets: [Breaker.Ticket] = []
        var (now, epoch) = (0, 0)
        func follow(_ transition: Breaker.Transition?) {
            guard let transition else { return #expect(breaker.epoch == epoch) }
            epoch += 1
            #expect(transition.epoch == epoch && breaker.epoch == epoch && transition.to == breaker.state)
        }
        for _ in 0..<1_500 {
            now += random.number(0...second)
            if random.chance(60) || tickets.isEmpty {
                let admission = breaker.admit(now: now)
                follow(admission.transition)
                switch admission.decision {
                case .pass(let ticket), .probe(let ticket): tickets.append(ticket)
                case .refuse(let wait): #expect((1...settings.openMicroseconds).contains(wait))
                }
            } else {
                let ticket = tickets.remove(at: random.number(0...tickets.count - 1))
                guard random.chance(90) else {
                    breaker.cancel(ticket, now: now)
                    continue
                }
                let outcome: Breaker.Outcome = random.chance(55) ? .success : .failure
                follow(breaker.report(outcome, durationMicroseconds: 0, ticket, now: now))
            }
        }
        // Two full openings later every lost probe has lapsed.
        now += 2 * settings.openMicroseconds
        for _ in 0..<settings.probes { call(&breaker, .success, at: now) }
        #expect(breaker.state == .closed)
        #expect(epoch > 2)
    }
}

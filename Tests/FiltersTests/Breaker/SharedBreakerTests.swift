import GatewayCore
import Policies
import Synchronization
import Testing

@testable import Filters

@Suite("The breaker of an upstream, shared by the workers of a node")
struct SharedBreakerTests {
    private final class Transitions: Sendable {
        let states = Mutex<[Breaker.State]>([])
    }

    private let transitions = Transitions()
    private let breaker: SharedBreaker

    init() {
        var settings = BreakerSettings()
        settings.failures = 3
        settings.errorRate = 0
        breaker = SharedBreaker(settings) { [transitions] transition in
            transitions.states.withLock { $0.append(transition.to) }
        }
    }

    private func fail(_ gate: BreakerGate) throws {
        gate.report(try #require(gate.admit().token), isSuccess: false, durationMicroseconds: 1)
    }

    @Test("failures of all workers count together")
    func together() throws {
        let gates = [BreakerGate(breaker), BreakerGate(breaker), BreakerGate(breaker)]
        for gate in gates { try fail(gate) }
        #expect(breaker.state == .open)
        for gate in gates { #expect(gate.admit().retryAfterSeconds == 30) }
        #expect(transitions.states.withLock { $0 } == [.open])
    }

    @Test("a success in between, on whichever worker, begins the row anew")
    func success() throws {
        let (one, other) = (BreakerGate(breaker), BreakerGate(breaker))
        for _ in 0..<4 {
            try fail(one)
            try fail(one)
            other.report(try #require(other.admit().token), isSuccess: true, durationMicroseconds: 1)
        }
        #expect(breaker.state == .closed)
    }

    @Test("after its time one worker gets the probe, and its success closes the breaker for all")
    func probe() throws {
        for _ in 0..<3 {
            guard case .pass(let ticket) = breaker.admit(now: 0) else { throw Unexpected() }
            breaker.report(.failure, durationMicroseconds: 1, ticket, now: 0)
        }
        guard case .refuse(30_000_000) = breaker.admit(now: 0) else { throw Unexpected() }
        guard case .probe(let ticket) = breaker.admit(now: 30_000_000) else { throw Unexpected() }
        guard case .refuse = breaker.admit(now: 30_000_000) else { throw Unexpected() }
        breaker.report(.success, durationMicroseconds: 1, ticket, now: 30_000_001)
        guard case .pass = breaker.admit(now: 30_000_002) else { throw Unexpected() }
        #expect(transitions.states.withLock { $0 } == [.open, .halfOpen, .closed])
    }

    @Test("a probe whose client left makes room for another one")
    func cancelled() throws {
        for _ in 0..<3 {
            guard case .pass(let ticket) = breaker.admit(now: 0) else { throw Unexpected() }
            breaker.report(.failure, durationMicroseconds: 1, ticket, now: 0)
        }
        guard case .probe(let ticket) = breaker.admit(now: 30_000_000) else { throw Unexpected() }
        breaker.cancel(ticket, now: 30_000_001)
        guard case .probe = breaker.admit(now: 30_000_002) else { throw Unexpected() }
    }

    @Test("edited settings take effect, and an open breaker stays open")
    func adopt() throws {
        for _ in 0..<3 { try fail(BreakerGate(breaker)) }
        var settings = BreakerSettings()
        settings.openMicroseconds = 5_000_000
        breaker.adopt(settings)
        #expect(breaker.state == .open)
        #expect(BreakerGate(breaker).admit().retryAfterSeconds == 5)
    }

    private struct Unexpected: Error {}
}

extension GateAdmission {
    var token: Int? { if case .admitted(let token) = self { token } else { nil } }
    var retryAfterSeconds: Int? { if case .refused(let seconds) = self { seconds } else { nil } }
}

import GatewayCore
import HTTPWire
import NIOCore

@testable import Transport

/// Sends every exchange along one route, and counts.
final class TestEntry: ExchangeEntry {
    private let plan: RoutePlan
    private(set) var connected = 0
    private(set) var disconnected = 0
    private(set) var arrived = 0
    private(set) var records: [ExchangeRecord] = []
    private(set) var faults: [HeadFault] = []

    private let sendBuffer: Int?

    init(plan: RoutePlan, sendBuffer: Int?) {
        self.plan = plan
        self.sendBuffer = sendBuffer
    }

    func connected(_ peer: Peer) { connected += 1 }

    func disconnected(_ peer: Peer) { disconnected += 1 }

    func arrive(_ exchange: Exchange) {
        arrived += 1
        if let sendBuffer, let client = exchange.downstream as? ClientConnection {
            try? client.channel.syncOptions?.setOption(.socketOption(.so_sndbuf), value: .init(sendBuffer))
        }
        exchange.requestID.append("r\(arrived)")
        exchange.follow(plan)
    }

    func finish(_ exchange: Exchange) { records.append(exchange.record) }

    func refused(_ fault: HeadFault, on exchange: Exchange) { faults.append(fault) }
}

/// Admits every attempt unless told otherwise, and remembers how each went.
final class TestGate: AttemptGate {
    enum Outcome: Equatable { case success, failure, cancelled }

    var refusesWith: Int?
    private(set) var outcomes: [Outcome] = []
    private(set) var outstanding: Set<Int> = []
    private var isConsistent = true
    private var lastToken = 0

    var isSettled: Bool { isConsistent && outstanding.isEmpty }

    func admit() -> GateAdmission {
        if let refusesWith { return .refused(retryAfterSeconds: refusesWith) }
        lastToken += 1
        outstanding.insert(lastToken)
        return .admitted(token: lastToken)
    }

    func report(_ token: Int, isSuccess: Bool, durationMicroseconds: Int) {
        end(token, isSuccess ? .success : .failure)
        if durationMicroseconds < 0 { isConsistent = false }
    }

    func cancel(_ token: Int) { end(token, .cancelled) }

    private func end(_ token: Int, _ outcome: Outcome) {
        if outstanding.remove(token) == nil { isConsistent = false }
        outcomes.append(outcome)
    }
}

import GatewayCore
import HTTPWire
import NIOCore

/// A client's side that only remembers what was asked of it.
final class RecordingDownstream: Downstream {
    private(set) var statuses: [Int] = []
    private(set) var abandonedEnds = 0
    /// Called when a reply is sent, as a connection goes on to its next request from within.
    var onSend: ((Exchange) -> Void)?

    func send(_ reply: Reply, for exchange: Exchange) {
        statuses.append(reply.status)
        onSend?(exchange)
    }
    func abandonedExchangeEnded(_ exchange: Exchange) { abandonedEnds += 1 }

    var isWritable: Bool { true }
    func interim(_ head: ResponseHead) {}
    func respond(_ head: ResponseHead, body: ByteBuffer?, isComplete: Bool) {}
    func respond(_ head: StoredHead, body: StoredBody?, isComplete: Bool) {}
    func write(_ body: ByteBuffer) {}
    func end(trailers: [UInt8]) {}
    func abort(_ failure: Failure) {}
    func attach(_ producer: any ResponseProducer) {}
    func pauseBody() {}
    func resumeBody() {}
}

/// What ran, in its order.
final class Journal {
    var entries: [String] = []
}

/// A filter that does what the test says.
final class ScriptedFilter: RequestFilter {
    let phase: Phase
    private let name: String
    private let journal: Journal
    private let script: (Exchange) -> Verdict

    init(_ name: String, _ journal: Journal, phase: Phase = .limit, _ script: @escaping (Exchange) -> Verdict) {
        self.name = name
        self.journal = journal
        self.phase = phase
        self.script = script
    }

    func apply(_ exchange: Exchange) -> Verdict {
        journal.entries.append(name)
        return script(exchange)
    }
}

/// A service that does what the test says; by default it answers 200.
final class ScriptedService: ExchangeService {
    private let journal: Journal
    private let script: (Exchange) -> Void

    init(_ journal: Journal, _ script: @escaping (Exchange) -> Void = { $0.answer(Reply(status: 200, lines: "")) }) {
        self.journal = journal
        self.script = script
    }

    func serve(_ exchange: Exchange) {
        journal.entries.append("service")
        script(exchange)
    }
}

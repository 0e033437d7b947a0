import GatewayCore
import HTTPWire
import NIOCore
import Policies

/// A second attempt at an exchange beside one that is late: the first response wins, and the other attempt is let go.
///
/// It has an exchange of its own towards the upstream. Only requests without a body that may be repeated are hedged
/// (RFC 9110 §9.2.2), so nothing is shared but the client.
final class Hedge {
    private enum State {
        /// Both are under way.
        case racing
        /// The first has failed; what the second comes to is the answer.
        case alone
        /// The second one's response is the client's.
        case won
        case over
    }

    private var state = State.racing
    private let outer: Exchange
    private var inner: Exchange!
    private weak var first: Attempt?
    private var second: (any ResponseProducer)?
    /// Nobody else holds it while the second attempt is under way.
    private var itself: Hedge?

    /// - Parameter excluded: targets that the first attempt has to do with, by bits.
    init(_ first: Attempt, of exchange: Exchange) {
        self.first = first
        outer = exchange
        inner = Exchange(downstream: self, peer: exchange.peer)
    }

    func start(
        _ upstream: Upstream, gate: (any AttemptGate)?, token: Int, excluding excluded: UInt64, within left: Int?,
        on worker: Worker
    ) {
        let request = outer.request
        var head = [UInt8](repeating: 0, count: request.forwardedCapacity(extra: outer.requestLines.count))
        let count = head.withUnsafeMutableBytes { raw in
            var writer = HeadWriter(raw)
            request.writeForwarded(to: &writer, adding: outer.requestLines.bytes)
            return writer.count
        }
        let outcome = head.withUnsafeBufferPointer {
            inner.request.parse(UnsafeBufferPointer(rebasing: $0[0..<count]), limit: count + 1)
        }
        guard case .complete = outcome else {
            gate?.cancel(token)
            upstream.concurrency?.end()
            state = .over
            return
        }
        inner.begin(atMicroseconds: MonotonicClock.microseconds())
        inner.clientAddress.append(outer.clientAddress.bytes)
        inner.requestID.append(outer.requestID.bytes)
        inner.identity = outer.identity
        inner.replacesCORS = outer.replacesCORS
        inner.timeLimitMicroseconds = left
        itself = self
        Attempt.start(
            inner, upstream: upstream, gate: gate, token: token, on: worker, hedging: excluded)
    }

    var isRacing: Bool { state == .racing }

    /// The first attempt was answered, or its client is gone.
    func cancel() {
        guard state == .racing else { return }
        letGo()
    }

    /// The first attempt has failed. False if there is nothing left to wait for.
    func takeOver() -> Bool {
        guard state == .racing else { return false }
        state = .alone
        first = nil
        outer.downstream.attach(self)
        return true
    }

    private func letGo() {
        state = .over
        let second = self.second
        self.second = nil
        second?.clientLost()
        itself = nil
    }

    /// Whether the client is the second attempt's now.
    private func wins() -> Bool {
        switch state {
        case .racing:
            guard let first else { return false }
            state = .won
            first.yield()
            outer.downstream.attach(self)
        case .alone: state = .won
        case .won, .over: return false
        }
        outer.record.hedgeWins += 1
        adoptRecord()
        return true
    }

    private func adoptRecord() {
        outer.record.upstreamMicroseconds = inner.record.upstreamMicroseconds
        outer.record.failure = inner.record.failure
        outer.responseLines.append(inner.responseLines.bytes)
    }

    private func finished() {
        state = .over
        second = nil
        itself = nil
    }
}

/// As the second attempt sees its client.
extension Hedge: Downstream {
    func respond(_ head: ResponseHead, body: ByteBuffer?, isComplete: Bool) {
        // The first may still do better.
        if state == .racing, head.status >= 500 { return isComplete ? finished() : letGo() }
        guard wins() else { return }
        outer.responseObserver?.responseStarted(head, for: outer)
        let downstream = outer.downstream
        if isComplete { finished() }
        downstream.respond(head, body: body, isComplete: isComplete)
    }

    func respond(_ head: StoredHead, body: StoredBody?, isComplete: Bool) {}

    func send(_ reply: Reply, for exchange: Exchange) {
        let isAwaited = state == .alone
        finished()
        guard isAwaited else { return }
        adoptRecord()
        outer.answer(reply)
    }

    func write(_ body: ByteBuffer) { if state == .won { outer.downstream.write(body) } }

    func end(trailers: [UInt8]) {
        guard state == .won else { return }
        finished()
        outer.downstream.end(trailers: trailers)
    }

    func abort(_ failure: Failure) {
        guard state == .won else { return finished() }
        finished()
        outer.downstream.abort(failure)
    }

    func attach(_ producer: any ResponseProducer) { second = producer }
    func interim(_ head: ResponseHead) {}
    var isWritable: Bool { outer.downstream.isWritable }
    func pauseBody() {}
    func resumeBody() {}
    func abandonedExchangeEnded(_ exchange: Exchange) {}
}

/// As the client sees who answers it.
extension Hedge: ResponseProducer {
    func receiveBody(_ bytes: ByteBuffer, isEnd: Bool, trailers: [UInt8]) {}

    func clientLost() { if state == .won || state == .alone { letGo() } }

    func clientWritabilityChanged(isWritable: Bool) { second?.clientWritabilityChanged(isWritable: isWritable) }
}

/// Tells an attempt that it is late.
final class HedgeTimer: DeadlineOwner {
    private unowned let attempt: Attempt
    private(set) var deadline: Deadline!

    init(_ attempt: Attempt) {
        self.attempt = attempt
        deadline = Deadline(owner: self)
    }

    func deadlineReached() { attempt.isLate() }
}

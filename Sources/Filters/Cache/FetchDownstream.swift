import GatewayCore
import HTTPWire
import NIOCore
import Policies

/// The fetch as the receiver of the origin's response.
extension Fetch: Downstream {
    func respond(_ head: ResponseHead, body: ByteBuffer?, isComplete: Bool) {
        if isComplete { producer = nil }
        started(head, body, isComplete: isComplete)
        // Served otherwise: the rest of what comes is of no interest.
        if isEnded { cancelRest() }
    }

    func respond(_ head: StoredHead, body: StoredBody?, isComplete: Bool) {}

    func write(_ body: ByteBuffer) { if !isEnded { received(body) } }

    func end(trailers: [UInt8]) {
        producer = nil
        if !isEnded { completed(trailers: trailers) }
    }

    func abort(_ failure: Failure) {
        producer = nil
        if !isEnded { abortFollowers(failure) }
    }

    /// The gateway itself answers: the origin could not be asked, or did not answer.
    func send(_ reply: Reply, for exchange: Exchange) {
        producer = nil
        guard !isEnded else { return }
        _ = serveStale()
        account()
        let waiting = followers
        followers = []
        finish()
        for follower in waiting {
            guard let own = follower.leave() else { continue }
            own.record.cache = .miss
            own.record.failure = exchange.record.failure
            own.responseLines.append(exchange.responseLines.bytes)
            CacheStatusField.appendForward(forward, to: own.responseLines)
            own.answer(reply)
        }
    }

    /// RFC 9110 §15.2: passed on to whoever caused the request.
    func interim(_ head: ResponseHead) { followers.first?.exchange?.downstream.interim(head) }

    func attach(_ producer: any ResponseProducer) { self.producer = producer }

    var isWritable: Bool { !isHeldBack }

    func pauseBody() {}
    func resumeBody() {}
    func abandonedExchangeEnded(_ exchange: Exchange) {}

    private func cancelRest() {
        let producer = self.producer
        self.producer = nil
        producer?.clientLost()
    }
}

import GatewayCore
import HTTPWire
import NIOCore

/// A copy of a request on its way: asks a service on nobody's behalf, and throws away what it answers.
final class MirroredRequest: Downstream {
    /// Of an answer; what is longer is cut off, and with it its connection.
    private static let mostBytes = 16 << 20

    private var exchange: Exchange!
    private var body = ByteBuffer()
    private var producer: (any ResponseProducer)?
    private var completion: ((ExchangeRecord) -> Void)?
    private var received = 0
    private var isPaused = false
    /// Nobody else holds it until it is answered.
    private var itself: MirroredRequest?

    /// - Parameter completion: called exactly once; `status` is 0 if there was no answer.
    init(completion: @escaping (ExchangeRecord) -> Void) { self.completion = completion }

    func send(_ copy: MirrorCopy, to service: any ExchangeService, within microseconds: Int) {
        exchange = Exchange(downstream: self, peer: Peer(address: "mirror"))
        itself = self
        body = copy.body
        var head = copy.head
        if body.readableBytes > 0 { head += "Content-Length: \(body.readableBytes)\r\n".utf8 }
        head += "Sluice-Mirror: 1\r\n\r\n".utf8
        guard exchange.begin(head, onBehalfOf: copy.client) else { return conclude() }
        exchange.timeLimitMicroseconds = microseconds
        service.serve(exchange)
    }

    private func conclude() {
        let completion = self.completion
        self.completion = nil
        let producer = self.producer
        self.producer = nil
        producer?.clientLost()
        completion?(exchange.record)
        exchange.giveBack()
        itself = nil
    }

    private func take(_ bytes: ByteBuffer) {
        received += bytes.readableBytes
        if received > Self.mostBytes { conclude() }
    }

    private func sendBody() {
        guard !isPaused, body.readableBytes > 0, let producer else { return }
        let body = self.body
        self.body = ByteBuffer()
        producer.receiveBody(body, isEnd: true, trailers: [])
    }

    // MARK: Downstream

    func send(_ reply: Reply, for exchange: Exchange) {
        producer = nil
        if completion != nil { conclude() }
    }

    func interim(_ head: ResponseHead) {}

    func respond(_ head: ResponseHead, body: ByteBuffer?, isComplete: Bool) {
        exchange.record.status = head.status
        if isComplete { producer = nil }
        if let body { take(body) }
        if isComplete, completion != nil { conclude() }
    }

    func respond(_ head: StoredHead, body: StoredBody?, isComplete: Bool) { if completion != nil { conclude() } }

    func write(_ body: ByteBuffer) { if completion != nil { take(body) } }

    func end(trailers: [UInt8]) {
        producer = nil
        if completion != nil { conclude() }
    }

    func abort(_ failure: Failure) {
        producer = nil
        exchange.record.failure = failure
        if completion != nil { conclude() }
    }

    func attach(_ producer: any ResponseProducer) {
        self.producer = producer
        sendBody()
    }

    var isWritable: Bool { true }
    func pauseBody() { isPaused = true }

    func resumeBody() {
        isPaused = false
        sendBody()
    }

    func abandonedExchangeEnded(_ exchange: Exchange) {}
}

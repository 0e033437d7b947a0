import GatewayCore
import HTTPWire
import NIOCore

/// A request of the gateway's own, with its whole answer: to ask whether a target is well, or for keys. It goes the way of
/// all requests, and so speaks what upstreams speak.
package final class OwnRequest {
    package struct Answer {
        package let head: ResponseHead
        package let body: [UInt8]

        package var status: Int { head.status }
    }

    private var exchange: Exchange!
    private var body: ByteBuffer
    private let mostBytes: Int
    private var producer: (any ResponseProducer)?
    private var head: ResponseHead?
    private var received: [UInt8] = []
    private var completion: ((Result<Answer, Failure>) -> Void)?
    private var isPaused = false
    /// Nobody else holds it until it is answered.
    private var itself: OwnRequest?

    /// - Parameters:
    ///   - head: as HTTP/1.1 text, with the blank line and, if there is a body, its length.
    ///   - mostBytes: a longer answer is a malformed one.
    ///   - timeoutMicroseconds: for the whole answer; nil: what the upstream's settings say.
    ///   - completion: called exactly once, on the worker, within the upstream's time limits.
    package static func send(
        _ head: [UInt8], body: [UInt8] = [], to upstream: Upstream, mostBytes: Int,
        timeoutMicroseconds: Int? = nil, on worker: Worker, completion: @escaping (Result<Answer, Failure>) -> Void
    ) {
        let request = OwnRequest(body, mostBytes, completion)
        let exchange = Exchange(downstream: request, peer: Peer(address: "self"))
        let outcome = head.withUnsafeBufferPointer { exchange.request.parse($0, limit: $0.count + 1) }
        guard case .complete = outcome else { return completion(.failure(.malformedResponse)) }
        exchange.begin(atMicroseconds: MonotonicClock.microseconds())
        exchange.timeLimitMicroseconds = timeoutMicroseconds
        keepForwardingFields(of: exchange)
        request.exchange = exchange
        request.itself = request
        ForwardService(upstream: upstream, gate: nil, worker: worker).serve(exchange)
    }

    /// A client's own are left out on the way to an upstream; these are the gateway's.
    private static func keepForwardingFields(of exchange: Exchange) {
        let fields = exchange.request.fields
        for index in 0..<fields.count {
            switch fields.slots[index].kind {
            case .forwardedFor, .forwardedHost, .forwardedProto, .forwarded, .requestID, .traceparent:
                exchange.requestLines.append(fields.name(index))
                exchange.requestLines.append(": ")
                exchange.requestLines.append(fields.value(index))
                exchange.requestLines.append("\r\n")
            default: continue
            }
        }
    }

    private init(_ body: [UInt8], _ mostBytes: Int, _ completion: @escaping (Result<Answer, Failure>) -> Void) {
        self.body = ByteBuffer(bytes: body)
        self.mostBytes = mostBytes
        self.completion = completion
    }

    private func conclude(_ result: Result<Answer, Failure>) {
        let completion = self.completion
        self.completion = nil
        let producer = self.producer
        self.producer = nil
        producer?.clientLost()
        completion?(result)
        itself = nil
    }

    private func take(_ bytes: ByteBuffer) {
        guard completion != nil else { return }
        guard received.count + bytes.readableBytes <= mostBytes else { return conclude(.failure(.malformedResponse)) }
        received += bytes.readableBytesView
    }

    private func complete() {
        producer = nil
        guard let head else { return conclude(.failure(.malformedResponse)) }
        conclude(.success(Answer(head: head, body: received)))
    }

    private func sendBody() {
        guard !isPaused, body.readableBytes > 0, let producer else { return }
        let body = self.body
        self.body = ByteBuffer()
        producer.receiveBody(body, isEnd: true, trailers: [])
    }
}

extension OwnRequest: Downstream {
    package func send(_ reply: Reply, for exchange: Exchange) {
        producer = nil
        conclude(.failure(exchange.record.failure ?? .noTarget))
    }

    package func interim(_ head: ResponseHead) {}

    package func respond(_ head: ResponseHead, body: ByteBuffer?, isComplete: Bool) {
        self.head = head.copy()
        if let body { take(body) }
        if isComplete, completion != nil { complete() }
    }

    package func respond(_ head: StoredHead, body: StoredBody?, isComplete: Bool) {
        conclude(.failure(.malformedResponse))
    }

    package func write(_ body: ByteBuffer) { take(body) }

    package func end(trailers: [UInt8]) { if completion != nil { complete() } }

    package func abort(_ failure: Failure) {
        producer = nil
        conclude(.failure(failure))
    }

    package func attach(_ producer: any ResponseProducer) {
        self.producer = producer
        sendBody()
    }

    package var isWritable: Bool { true }
    package func pauseBody() { isPaused = true }

    package func resumeBody() {
        isPaused = false
        sendBody()
    }

    package func abandonedExchangeEnded(_ exchange: Exchange) {}
}

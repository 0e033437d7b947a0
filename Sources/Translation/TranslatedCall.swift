import GatewayCore
import HTTPWire
import NIOCore

/// A client's request that the next service gets in another form, and whose response the client gets in another form:
/// an exchange of its own towards the service, tied to the client's. Either side's end and backpressure is the other's.
///
/// The client's side keeps it alive. Subclasses say what becomes of bodies and of the response.
class TranslatedCall {
    let outer: Exchange
    private(set) var inner: Exchange!
    private let service: any ExchangeService
    /// Who asks the service; nil before it does, and when it is done.
    private(set) var producer: (any ResponseProducer)?
    private var isOver = false
    private var hasResponded = false

    init(_ outer: Exchange, service: any ExchangeService) {
        self.outer = outer
        self.service = service
        inner = Exchange(downstream: self, peer: outer.peer)
    }

    /// Asks the service.
    /// - Parameter head: the request as HTTP/1.1 text, blank line included.
    final func ask(_ head: [UInt8]) {
        guard inner.begin(head, onBehalfOf: outer) else {
            return answer(.badRequest("The request can't be put into the service's form."))
        }
        inner.replacesCORS = outer.replacesCORS
        inner.priority = outer.priority
        inner.timeLimitMicroseconds = outer.timeLimitMicroseconds
        inner.leadingSegments = outer.leadingSegments
        inner.version = outer.version
        inner.arm = outer.arm
        adoptRewriting()
        service.serve(inner)
    }

    /// What the route makes of the request line holds for a request that has kept the client's.
    private func adoptRewriting() {
        guard let line = outer.request.rewrittenLine,
            inner.request.pathAndQuery.elementsEqual(outer.request.pathAndQuery)
        else { return }
        line.method.withUnsafeBufferPointer { method in
            line.target.withUnsafeBufferPointer { inner.request.rewrite(method: method, target: $0) }
        }
    }

    /// Nothing more reaches the client by this call, and the service is told to stop.
    final func answer(_ reply: Reply) {
        guard !isOver else { return }
        settle()
        let producer = self.producer
        self.producer = nil
        producer?.clientLost()
        outer.answer(reply)
    }

    /// Sends the head of the response.
    /// - Parameter text: a head of HTTP/1.1, blank line included.
    final func respond(_ text: [UInt8], body: ByteBuffer?, isComplete: Bool) {
        guard !isOver else { return }
        let head = ResponseHead()
        let outcome = text.withUnsafeBufferPointer {
            head.parse($0, answersHEAD: outer.request.isHEAD, limit: $0.count + 1)
        }
        guard case .complete = outcome else {
            return answer(.badGateway("The service's answer can't be put into the client's form."))
        }
        pass(head, body: body, isComplete: isComplete)
    }

    /// Sends the service's own head, or one in its place.
    final func pass(_ head: ResponseHead, body: ByteBuffer?, isComplete: Bool) {
        guard !isOver else { return }
        hasResponded = true
        outer.responseObserver?.responseStarted(head, for: outer)
        if isComplete { settle() } else { adoptRecord() }
        outer.downstream.respond(head, body: body, isComplete: isComplete)
    }

    /// The response is complete.
    final func end() { conclude(trailers: []) }

    /// The same, with the service's trailers.
    final func conclude(trailers: [UInt8]) {
        guard !isOver else { return }
        settle()
        outer.downstream.end(trailers: trailers)
    }

    /// What was learnt of the service is the client's exchange's to tell.
    private func adoptRecord() {
        outer.record.upstreamIndex = inner.record.upstreamIndex
        outer.record.upstreamMicroseconds = inner.record.upstreamMicroseconds
        outer.record.attempts = inner.record.attempts
        outer.record.failure = inner.record.failure
        if inner.record.cache != .none { outer.record.cache = inner.record.cache }
        outer.responseLines.append(inner.responseLines.bytes)
        inner.responseLines.removeAll()
    }

    private func settle() {
        adoptRecord()
        isOver = true
    }

    final var isEnded: Bool { isOver }

    final func forward(_ body: ByteBuffer, isEnd: Bool, trailers: [UInt8] = []) {
        producer?.receiveBody(body, isEnd: isEnd, trailers: trailers)
    }

    // MARK: What subclasses decide

    /// The service takes the body from now on.
    func attached() {}
    func bodyPaused() {}
    func bodyResumed() {}
    /// - Parameter trailers: with the end; clients that speak HTTP/1.1 to gRPC have none that would be the service's.
    func received(_ body: ByteBuffer, isEnd: Bool, trailers: [UInt8]) {}

    /// The service's response. `body` is what came with the head.
    func started(_ head: ResponseHead, _ body: ByteBuffer?, isComplete: Bool) {}
    func continued(_ body: ByteBuffer) {}
    func completed(trailers: [UInt8]) {}
}

/// As the client's side sees it.
extension TranslatedCall: ResponseProducer {
    func receiveBody(_ bytes: ByteBuffer, isEnd: Bool, trailers: [UInt8]) {
        if !isOver { received(bytes, isEnd: isEnd, trailers: trailers) }
    }

    func clientLost() {
        guard !isOver else { return }
        settle()
        let producer = self.producer
        self.producer = nil
        producer?.clientLost()
    }

    func clientWritabilityChanged(isWritable: Bool) { producer?.clientWritabilityChanged(isWritable: isWritable) }
}

/// As the service's side sees it.
extension TranslatedCall: Downstream {
    func send(_ reply: Reply, for exchange: Exchange) {
        producer = nil
        answer(reply)
    }

    func interim(_ head: ResponseHead) { if !isOver { outer.downstream.interim(head) } }

    func respond(_ head: ResponseHead, body: ByteBuffer?, isComplete: Bool) {
        if isComplete { producer = nil }
        if !isOver { started(head, body, isComplete: isComplete) }
    }

    /// A cache stands behind what a gateway makes of its answers.
    func respond(_ head: StoredHead, body: StoredBody?, isComplete: Bool) {
        if isComplete { producer = nil }
        guard !isOver else { return }
        let text = [UInt8](unsafeUninitializedCapacity: head.capacity(extra: 0)) { room, count in
            var writer = HeadWriter(UnsafeMutableRawBufferPointer(room))
            head.write(to: &writer, added: Bytes(start: nil, count: 0), isChunked: false, persistence: .unsaid)
            count = writer.count
        }
        let read = ResponseHead()
        let outcome = text.withUnsafeBufferPointer {
            read.parse($0, answersHEAD: outer.request.isHEAD, limit: $0.count + 1)
        }
        guard case .complete = outcome else {
            return answer(.badGateway("The service's answer can't be put into the client's form."))
        }
        started(read, body?.buffer, isComplete: isComplete)
    }

    func write(_ body: ByteBuffer) { if !isOver { continued(body) } }

    func end(trailers: [UInt8]) {
        producer = nil
        if !isOver { completed(trailers: trailers) }
    }

    func abort(_ failure: Failure) {
        producer = nil
        guard !isOver else { return }
        // While the answer is held nobody has seen any of it.
        guard hasResponded else {
            outer.record.failure = failure
            inner.record.failure = failure
            return answer(failure.reply ?? .badGateway("The service's answer was cut off."))
        }
        settle()
        outer.record.failure = failure
        outer.downstream.abort(failure)
    }

    func attach(_ producer: any ResponseProducer) {
        self.producer = producer
        attached()
    }

    var isWritable: Bool { outer.downstream.isWritable }

    func pauseBody() { bodyPaused() }
    func resumeBody() { bodyResumed() }
    func abandonedExchangeEnded(_ exchange: Exchange) {}
}

import GatewayCore
import HTTP2
import HTTPWire
import NIOCore

/// One request of an HTTP/2 client and its response: the stream on one side, the exchange on the other. Reused by its
/// connection.
final class HTTP2Exchange {
    private let connection: HTTP2ClientConnection
    private var worker: Worker { connection.worker }
    private var exchange: Exchange!
    private var deadline: Deadline!
    private var stream: HTTP2Stream?
    private var producer: (any ResponseProducer)?
    private var inbox = ByteBuffer() {
        didSet { connection.receivedBytes &+= inbox.readableBytes &- oldValue.readableBytes }
    }
    private var trailers: [UInt8] = []
    private var isRequestComplete = false
    private var isEndDelivered = false
    private var isBodyPaused = false
    private var hasResponded = false
    /// The exchange is over; the stream may have bytes to send yet.
    private var isFinished = true
    private var isDelivering = false
    /// What the client sends belongs to a tunnel that the upstream has not agreed to yet (RFC 8441).
    private var awaitsTunnel = false
    private var tunnel: ClientTunnel?
    private var bodyPace = BodyPace()

    init(connection: HTTP2ClientConnection) {
        self.connection = connection
        exchange = Exchange(downstream: self, peer: connection.peer, memory: connection.worker.memory)
        deadline = Deadline(owner: self)
    }

    /// - Parameter text: the head as HTTP/1.1 text; nil if it was too large.
    func begin(_ text: Bytes?, on stream: HTTP2Stream, isEnd: Bool) {
        self.stream = stream
        producer = nil
        trailers = []
        isRequestComplete = isEnd
        isEndDelivered = isEnd
        isBodyPaused = false
        hasResponded = false
        isFinished = false
        awaitsTunnel = stream.asksForTunnel
        let outcome = text.map { exchange.request.parse($0, limit: .max) } ?? .fault(.headTooLarge)
        exchange.begin(atMicroseconds: MonotonicClock.microseconds())
        switch outcome {
        case .complete: break
        case .incomplete: return refuse(.requestLine)
        case .fault(let fault): return refuse(fault)
        }
        exchange.bodyLimit = worker.limits.bodyBytes
        bodyPace.begin(exchange.request.body)
        if !isEnd, !awaitsTunnel { expectProgress() }
        worker.entry.arrive(exchange)
    }

    /// A head that broke the rules was never an exchange, and is not accounted for as one.
    private func refuse(_ fault: HeadFault) {
        worker.entry.refused(fault, on: exchange)
        isFinished = true
        respond(Reply.badRequest(fault.detail.description, status: fault.status))
    }

    private func respond(_ reply: Reply) {
        guard let stream, let session = stream.session else { return }
        hasResponded = true
        if Reply.isGRPC(exchange.request.fields) { return respondGRPC(reply, stream, session) }
        let capacity = reply.capacity(extra: exchange.responseLines.count, requestID: exchange.requestID.count)
        let buffer = worker.buffers.fill(capacity: capacity) { writer in
            worker.date.withBytes { date in
                reply.write(
                    to: &writer, date: date, added: exchange.responseLines.bytes, requestID: exchange.requestID.bytes,
                    isHEAD: exchange.request.isHEAD, persistence: .unsaid)
            }
        }
        expectProgress()
        buffer.withUnsafeReadableBytes {
            session.respond($0.bindMemory(to: UInt8.self), on: stream, isEnd: true)
        }
    }

    private func respondGRPC(_ reply: Reply, _ stream: HTTP2Stream, _ session: HTTP2Session) {
        let lines = exchange.responseLines.bytes
        let buffer = worker.buffers.fill(capacity: reply.grpcCapacity(extra: lines.count)) { writer in
            worker.date.withBytes { reply.writeGRPC(to: &writer, date: $0, added: lines) }
        }
        expectProgress()
        buffer.withUnsafeReadableBytes { session.respond($0.bindMemory(to: UInt8.self), on: stream, isEnd: true) }
    }

    /// The response is handed to the session.
    private func finish() {
        guard !isFinished else { return }
        isFinished = true
        producer = nil
        inbox = ByteBuffer()
        awaitsTunnel = false
        if tunnel != nil {
            tunnel = nil
            connection.tunnelEnded(self)
        }
        worker.entry.finish(exchange)
    }

    private func expectProgress() {
        let limit = tunnel?.microsecondsLeft(atMicroseconds: MonotonicClock.microseconds())
        worker.deadlines.set(deadline, microsecondsFromNow: limit ?? worker.limits.idleTimeoutMicroseconds)
    }

    // MARK: The request body

    private func deliver() {
        guard !isDelivering else { return }
        isDelivering = true
        defer { isDelivering = false }
        while let producer, !isBodyPaused, !isEndDelivered, !awaitsTunnel,
            inbox.readableBytes > 0 || isRequestComplete
        {
            // The client will send no more; what the upstream sends still passes.
            if tunnel != nil, inbox.readableBytes == 0 { return }
            let bytes = inbox
            inbox = ByteBuffer()
            isEndDelivered = isRequestComplete && tunnel == nil
            stream?.consume(bytes.readableBytes)
            if let tap = exchange.tap { tap.received(bytes) }
            if let check = exchange.bodyCheck, tunnel == nil,
                let refusal = check.refusal(of: bytes, isEnd: isEndDelivered)
            {
                return giveUpRequest(refusal, .clientGone)
            }
            producer.receiveBody(bytes, isEnd: isEndDelivered, trailers: isEndDelivered ? trailers : [])
        }
    }

    /// The request turned out bad halfway: the upstream must not take it for complete.
    private func giveUpRequest(_ reply: Reply, _ failure: Failure) {
        let producer = self.producer
        self.producer = nil
        exchange.record.failure = failure
        producer?.clientLost()
        if hasResponded {
            stream?.reset(.cancel)
            finish()
        } else if exchange.isWaiting {
            stream?.reset(.cancel)
        } else {
            exchange.answer(reply)
        }
    }
}

extension HTTP2Exchange: HTTP2StreamOwner {
    func received(_ body: ByteBuffer) {
        guard !isFinished else {
            stream?.consume(body.readableBytes)
            return
        }
        expectProgress()
        exchange.record.bytesIn += body.readableBytes
        let isBody = tunnel == nil && !awaitsTunnel
        if isBody, exchange.record.bytesIn > exchange.bodyLimit { return giveUpRequest(.contentTooLarge, .clientGone) }
        if isBody, bodyPace.isTooSlow(bytes: exchange.record.bytesIn, rate: worker.limits.bodyRate) {
            return giveUpRequest(.requestTimeout, .clientTimeout)
        }
        var body = body
        if inbox.readableBytes == 0 { inbox = body } else { inbox.writeBuffer(&body) }
        deliver()
    }

    func receivedEnd(trailers: [UInt8]) {
        guard !isRequestComplete else { return }
        isRequestComplete = true
        self.trailers = TrailerSection.forwardable(trailers)
        if !hasResponded { worker.deadlines.clear(deadline) }
        deliver()
    }

    func received(responseHead text: Bytes, isEnd: Bool) {}

    func drained() { producer?.clientWritabilityChanged(isWritable: true) }

    func progressed() { expectProgress() }

    func closed(errorCode: UInt32) {
        stream = nil
        worker.deadlines.remove(deadline)
        guard !isFinished else { return connection.ended(self) }
        if exchange.record.failure == nil { exchange.record.failure = .clientGone }
        let producer = self.producer
        finish()
        let isWaiting = exchange.isWaiting
        if isWaiting { exchange.abandon() }
        producer?.clientLost()
        if !isWaiting { connection.ended(self) }
    }
}

extension HTTP2Exchange: Downstream {
    func send(_ reply: Reply, for exchange: Exchange) {
        exchange.shape(reply)
        exchange.record.status = reply.status
        exchange.beginResponse(reply)
        exchange.record.bytesOut = reply.bodyLength(
            requestID: exchange.requestID.count, isHEAD: exchange.request.isHEAD)
        respond(reply)
        finish()
    }

    func interim(_ head: ResponseHead) {
        guard let stream, let session = stream.session, !hasResponded else { return }
        let buffer = worker.buffers.fill(capacity: head.forwardedCapacity(extra: 0)) { writer in
            head.writeForwarded(
                to: &writer, adding: Bytes(start: nil, count: 0), isChunked: false, persistence: .unsaid)
        }
        buffer.withUnsafeReadableBytes { session.interim($0.bindMemory(to: UInt8.self), on: stream) }
    }

    func respond(_ head: ResponseHead, body: ByteBuffer?, isComplete: Bool) {
        if awaitsTunnel {
            if head.status == 101, let terms = exchange.tunnel { return startTunnel(terms, head, body) }
            if refusesSuccess(head.status, isComplete: isComplete) { return }
        }
        exchange.shape(head)
        exchange.record.status = head.status
        exchange.addDefaults(to: head)
        exchange.beginResponse(head)
        let (body, _) = exchange.encoded(head, body, isComplete: isComplete)
        let room = head.forwardedCapacity(extra: exchange.responseLines.count)
        let text = worker.buffers.fill(capacity: room) { writer in
            head.writeForwarded(
                to: &writer, adding: exchange.responseLines.bytes, isChunked: false, persistence: .unsaid)
        }
        respond(text, body, isComplete)
    }

    func respond(_ head: StoredHead, body: StoredBody?, isComplete: Bool) {
        if awaitsTunnel, refusesSuccess(head.status, isComplete: isComplete) { return }
        let shaped = exchange.shape(head)
        exchange.record.status = shaped.status
        exchange.addDefaults(to: shaped)
        exchange.beginResponse(shaped)
        let (head, body) = exchange.encoded(shaped, body, isComplete: isComplete)
        let room = head.capacity(extra: exchange.responseLines.count)
        let text = worker.buffers.fill(capacity: room) { writer in
            head.write(to: &writer, added: exchange.responseLines.bytes, isChunked: false, persistence: .unsaid)
        }
        respond(text, body?.buffer, isComplete)
    }

    private func respond(_ text: ByteBuffer, _ body: ByteBuffer?, _ isComplete: Bool) {
        guard let stream, let session = stream.session else { return }
        hasResponded = true
        let hasBody = (body?.readableBytes ?? 0) > 0
        expectProgress()
        text.withUnsafeReadableBytes {
            session.respond($0.bindMemory(to: UInt8.self), on: stream, isEnd: isComplete && !hasBody)
        }
        if let body, hasBody {
            exchange.record.bytesOut += body.readableBytes
            stream.write(body)
            if isComplete { stream.end() }
        }
        if isComplete { finish() } else { tellIfFull() }
    }

    func write(_ body: ByteBuffer) {
        guard let stream else { return }
        let body = exchange.encoded(body)
        guard body.readableBytes > 0 else { return }
        exchange.record.bytesOut += body.readableBytes
        stream.write(body)
        tellIfFull()
        if tunnel != nil { passedThroughTunnel(body) }
    }

    private func tellIfFull() {
        guard let stream, !stream.isWritable else { return }
        expectProgress()
        producer?.clientWritabilityChanged(isWritable: false)
    }

    func end(trailers: [UInt8]) {
        if let tap = exchange.tap { tap.sent(trailers: trailers) }
        if let stream, let rest = exchange.encodedEnd(), rest.readableBytes > 0 {
            exchange.record.bytesOut += rest.readableBytes
            stream.write(rest)
        }
        stream?.end(trailers: trailers)
        finish()
    }

    func abort(_ failure: Failure) {
        guard !isFinished else { return }
        exchange.record.failure = failure
        stream?.reset(.internalError)
        finish()
    }

    func attach(_ producer: any ResponseProducer) {
        self.producer = producer
        deliver()
    }

    func pauseBody() { isBodyPaused = true }

    func resumeBody() {
        isBodyPaused = false
        bodyPace.restart(bytes: exchange.record.bytesIn)
        deliver()
    }

    var isWritable: Bool { stream?.isWritable ?? false }

    func abandonedExchangeEnded(_ exchange: Exchange) { connection.ended(self) }
}

extension HTTP2Exchange: DeadlineOwner {
    func deadlineReached() {
        guard let stream else { return }
        if tunnel != nil { return endTunnel() }
        if stream.queuedBytes > 0 {
            // The client opens no window: its stream may not be held for it for good.
            if !isFinished { giveUpRequest(.requestTimeout, .clientTimeout) } else { stream.reset(.cancel) }
        } else if !isRequestComplete, !isBodyPaused, !isFinished {
            giveUpRequest(.requestTimeout, .clientTimeout)
        }
    }
}

/// The stream as a tunnel (RFC 8441): DATA frames both ways are bytes of the other protocol.
extension HTTP2Exchange {
    private func startTunnel(_ terms: TunnelTerms, _ head: ResponseHead, _ body: ByteBuffer?) {
        guard let stream, let session = stream.session else { return }
        awaitsTunnel = false
        hasResponded = true
        exchange.record.status = 200
        exchange.beginResponse(head)
        tunnel = ClientTunnel(terms, atMicroseconds: MonotonicClock.microseconds())
        connection.tunnelStarted(self)
        for index in 0..<head.fields.count where head.fields.name(index).equalsIgnoringCase("sec-websocket-accept") {
            head.fields.slots[index].isDropped = true
        }
        let room = head.forwardedCapacity(extra: exchange.responseLines.count)
        var text = worker.buffers.fill(capacity: room) { writer in
            head.writeForwarded(
                to: &writer, adding: exchange.responseLines.bytes, isChunked: false, persistence: .unsaid)
        }
        // RFC 8441 §5: 200 says over HTTP/2 what 101 says over HTTP/1.1.
        text.setString("200", at: text.readerIndex + 9)
        text.withUnsafeReadableBytes { session.respond($0.bindMemory(to: UInt8.self), on: stream, isEnd: false) }
        expectProgress()
        if let body { write(body) }
        deliver()
    }

    /// A response of success would open a tunnel that nobody is behind.
    private func refusesSuccess(_ status: Int, isComplete: Bool) -> Bool {
        awaitsTunnel = false
        guard (200..<300).contains(status) else { return false }
        let producer = self.producer
        self.producer = nil
        if !isComplete { producer?.clientLost() }
        exchange.answer(.badGateway("The upstream did not change to the protocol that was asked for."))
        return true
    }

    private func passedThroughTunnel(_ bytes: ByteBuffer) {
        expectProgress()
        guard tunnel?.terms.isWebSocket == true else { return }
        bytes.withUnsafeReadableBytes { tunnel?.frames.follow($0.bindMemory(to: UInt8.self)) }
        if tunnel?.isLeaving == true { leaveTunnel() }
    }

    /// The node is about to go: a WebSocket is told so as soon as its frames allow.
    func leaveTunnel() {
        guard tunnel?.terms.isWebSocket == true else { return }
        tunnel?.isLeaving = true
        if tunnel?.frames.isBetweenFrames == true { endTunnel() }
    }

    /// Ends it, with a word if the protocol has one.
    private func endTunnel() {
        if let tunnel, tunnel.terms.isWebSocket, tunnel.frames.isBetweenFrames {
            stream?.write(ByteBuffer(bytes: WebSocketFrames.goingAway))
        }
        let producer = self.producer
        self.producer = nil
        stream?.end()
        finish()
        producer?.clientLost()
    }
}

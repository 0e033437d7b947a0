import GatewayCore
import HTTP2
import HTTPWire
import NIOCore

/// One attempt on one stream of an HTTP/2 connection to a target.
final class HTTP2UpstreamStream: UpstreamLink {
    private let connection: HTTP2UpstreamConnection
    private var worker: Worker { connection.worker }
    private var settings: UpstreamSettings { connection.pool.settings }
    private var deadline: Deadline!
    private var attempt: Attempt?
    private var stream: HTTP2Stream?
    private let head = ResponseHead()
    private var answersHEAD = false
    private var isRequestSent = false
    private var hasResponded = false
    private var isPaused = false
    /// What came while the client could not take it.
    private var held = ByteBuffer() {
        didSet { connection.receivedBytes &+= held.readableBytes &- oldValue.readableBytes }
    }
    private var heldEnd: [UInt8]?
    private(set) var hasResponseBytes = false
    private(set) var servedCount = 1

    init(connection: HTTP2UpstreamConnection) {
        self.connection = connection
        servedCount = connection.servedCount
        deadline = Deadline(owner: self)
    }

    var isWritable: Bool { stream?.isWritable ?? true }

    func begin(_ attempt: Attempt, answersHEAD: Bool) {
        self.attempt = attempt
        self.answersHEAD = answersHEAD
    }

    func send(_ buffer: ByteBuffer, isEnd: Bool) {
        if let stream {
            stream.write(buffer)
            if isEnd { stream.end() }
        } else {
            open(buffer, isEnd: isEnd)
        }
        sent(isEnd: isEnd)
    }

    func sendChunk(_ bytes: ByteBuffer, isEnd: Bool, trailers: [UInt8]) {
        stream?.write(bytes)
        if isEnd { stream?.end(trailers: trailers) }
        sent(isEnd: isEnd)
    }

    private func open(_ buffer: ByteBuffer, isEnd: Bool) {
        let acceptsTrailers = attempt?.acceptsTrailers ?? false
        buffer.withUnsafeReadableBytes {
            stream = connection.session.request(
                $0.bindMemory(to: UInt8.self), scheme: connection.pool.target.isSecure ? "https" : "http", owner: self,
                acceptsTrailers: acceptsTrailers, answersHEAD: answersHEAD, isEnd: isEnd)
        }
        if stream == nil { fail(.connectionLost) }
    }

    private func sent(isEnd: Bool) {
        guard attempt != nil else { return }
        isRequestSent = isEnd
        let limit = isEnd && !hasResponded ? settings.responseTimeoutMicroseconds : settings.idleTimeoutMicroseconds
        worker.deadlines.set(deadline, microsecondsFromNow: limit)
    }

    func pauseReading(_ shouldPause: Bool) {
        guard isPaused != shouldPause else { return }
        isPaused = shouldPause
        guard !shouldPause else { return }
        if held.readableBytes > 0 {
            let bytes = held
            held = ByteBuffer()
            pass(bytes)
        }
        if !isPaused, let trailers = heldEnd { end(trailers) }
    }

    func abandon() {
        attempt = nil
        held = ByteBuffer()
        worker.deadlines.remove(deadline)
        stream?.reset(.cancel)
    }

    private func expectProgress() {
        worker.deadlines.set(deadline, microsecondsFromNow: settings.idleTimeoutMicroseconds)
    }

    private func pass(_ bytes: ByteBuffer) {
        stream?.consume(bytes.readableBytes)
        expectProgress()
        attempt?.responseContinued(bytes)
    }

    private func end(_ trailers: [UInt8]) {
        guard let attempt else { return }
        self.attempt = nil
        worker.deadlines.remove(deadline)
        attempt.connectionFinished()
        attempt.responseEnded(trailers: trailers)
    }

    private func fail(_ failure: Failure) {
        guard let attempt else { return }
        self.attempt = nil
        held = ByteBuffer()
        worker.deadlines.remove(deadline)
        stream?.reset(.cancel)
        attempt.connectionLost(failure)
    }
}

extension HTTP2UpstreamStream: HTTP2StreamOwner {
    func received(responseHead text: Bytes, isEnd: Bool) {
        guard let attempt else { return }
        hasResponseBytes = true
        guard case .complete = head.parse(text, answersHEAD: answersHEAD, limit: .max), head.status != 101 else {
            return fail(.malformedResponse)
        }
        if head.isInterim { return attempt.interim(head) }
        hasResponded = true
        expectProgress()
        if isEnd {
            self.attempt = nil
            worker.deadlines.remove(deadline)
            attempt.connectionFinished()
        }
        attempt.responseStarted(head, body: nil, isComplete: isEnd)
    }

    func received(_ body: ByteBuffer) {
        guard attempt != nil else {
            stream?.consume(body.readableBytes)
            return
        }
        guard isPaused else { return pass(body) }
        // Bounded by the stream's window, which opens as bytes are passed on.
        var body = body
        held.writeBuffer(&body)
    }

    func receivedEnd(trailers: [UInt8]) {
        let trailers = TrailerSection.forwardable(trailers)
        if isPaused { heldEnd = trailers } else { end(trailers) }
    }

    func drained() { attempt?.upstreamWritabilityChanged(isWritable: true) }

    func progressed() { if !isRequestSent, attempt != nil { expectProgress() } }

    func closed(errorCode: UInt32) {
        stream = nil
        if heldEnd == nil {
            // A stream that the server has refused was not looked at, and may be tried elsewhere (RFC 9113 §8.7).
            if errorCode == HTTP2ErrorCode.refusedStream.rawValue { servedCount = 2 }
            fail(.connectionLost)
        }
        connection.streamEnded()
    }
}

extension HTTP2UpstreamStream: DeadlineOwner {
    func deadlineReached() {
        if hasResponded {
            if isPaused { expectProgress() } else { fail(.bodyTimeout) }
        } else if isRequestSent {
            fail(.responseTimeout)
        } else if isWritable {
            expectProgress()
        } else {
            fail(.bodyTimeout)
        }
    }
}

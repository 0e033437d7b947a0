import GatewayCore
import HTTPWire
import NIOCore
import NIOTLS

/// An HTTP/1.1 connection to a target: one handler at the socket, one attempt at a time.
final class UpstreamConnection: ChannelDuplexHandler, UpstreamLink {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State { case handshaking, unused, awaitingHead, readingBody, closed }

    private let pool: TargetPool
    private let worker: Worker
    private let channel: any Channel
    private(set) var context: ChannelHandlerContext?
    /// Made by `init`, which needs `self` for it.
    private var deadline: Deadline!

    private var state = State.unused
    private var attempt: Attempt?
    private var inbox = ByteBuffer()
    private let head = ResponseHead()
    private var body = BodyReader()
    private var answersHEAD = false
    private var allowsReuse = true
    /// Nil: the target has not said how long it keeps the connection unused.
    private var targetKeepsMicroseconds: Int?
    private var isRequestSent = false
    private var isTunnel = false
    var account = BufferAccount()
    private var holdsReads = false
    private var hasHeldRead = false
    /// The connection broke: a body that lasts until its end is not complete.
    private var hasFailed = false
    /// The pool has taken it over and wants to hear of its end. Others are attempts at an address that lost the race.
    var isCounted = false
    /// Requests sent over this connection; more than one means that it was taken from the pool.
    private(set) var servedCount = 0
    /// Whether any byte of the current response has come.
    private(set) var hasResponseBytes = false

    /// Told once whether the connection has been encrypted.
    private var handshakeEnded: ((Bool) -> Void)?

    init(pool: TargetPool, worker: Worker, channel: any Channel) {
        self.pool = pool
        self.worker = worker
        self.channel = channel
        deadline = Deadline(owner: self)
    }

    // MARK: For the attempt

    var isWritable: Bool { channel.isWritable && !account.isHeldBack }

    /// Takes the connection for `attempt`; its request is about to be written.
    func begin(_ attempt: Attempt, answersHEAD: Bool) {
        self.attempt = attempt
        self.answersHEAD = answersHEAD
        state = .awaitingHead
        servedCount += 1
        allowsReuse = true
        isRequestSent = false
        hasResponseBytes = false
        expectProgress()
    }

    func send(_ buffer: ByteBuffer, isEnd: Bool) {
        guard let context else { return }
        if isEnd { requestSent() } else { expectProgress() }
        let count = buffer.readableBytes
        context.writeAndFlush(NIOAny(buffer), promise: nil)
        worker.held.passed(count, through: self)
    }

    func sendChunk(_ bytes: ByteBuffer, isEnd: Bool, trailers: [UInt8]) {
        guard let context else { return }
        ChunkedOutput.write(bytes, to: context, worker.buffers)
        if isEnd {
            ChunkedOutput.writeEnd(trailers, to: context, worker.buffers)
            requestSent()
        } else {
            expectProgress()
        }
        context.flush()
        worker.held.passed(bytes.readableBytes, through: self)
    }

    /// Lets go of the attempt without its response; the connection can't be used again.
    func abandon() {
        attempt = nil
        pool.discard()
        close()
    }

    func pauseReading(_ shouldPause: Bool) {
        guard holdsReads != shouldPause else { return }
        holdsReads = shouldPause
        guard !shouldPause, hasHeldRead else { return }
        hasHeldRead = false
        context?.read()
    }

    /// For a connection that has a TLS handler: `ended` is told whether the server was the right one.
    func awaitHandshake(_ ended: @escaping (Bool) -> Void) {
        state = .handshaking
        handshakeEnded = ended
        worker.deadlines.set(deadline, microsecondsFromNow: pool.settings.connectTimeoutMicroseconds)
    }

    func becameUnused() {
        let kept = pool.settings.keepAliveMicroseconds
        worker.deadlines.set(deadline, microsecondsFromNow: targetKeepsMicroseconds.map { min($0, kept) } ?? kept)
    }

    func close() { channel.close(promise: nil) }

    /// The next piece of a body, either way, has to come within the idle timeout.
    private func expectProgress() {
        guard !isTunnel else { return }
        worker.deadlines.set(deadline, microsecondsFromNow: pool.settings.idleTimeoutMicroseconds)
    }

    private func requestSent() {
        isRequestSent = true
        if state == .awaitingHead {
            worker.deadlines.set(deadline, microsecondsFromNow: pool.settings.responseTimeoutMicroseconds)
        }
    }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    /// Also for a channel that never became active: the context and its handler would keep each other for good.
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func read(context: ChannelHandlerContext) {
        if holdsReads { hasHeldRead = true } else { context.read() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        guard attempt != nil else { return close() }  // Nobody asked: what comes can't be matched to a request.
        hasResponseBytes = true
        if inbox.readableBytes == 0 { inbox = buffer } else { inbox.writeBuffer(&buffer) }
        while step() {}
        if inbox.readableBytes == 0 { inbox = ByteBuffer() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted = event { endHandshake(isDone: true) }
        context.fireUserInboundEventTriggered(event)
    }

    private func endHandshake(isDone: Bool) {
        guard state == .handshaking, let handshakeEnded else { return }
        self.handshakeEnded = nil
        state = isDone ? .unused : .closed
        handshakeEnded(isDone)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if !context.channel.isWritable || account.held > 0 { worker.held.measure(self) }
        attempt?.upstreamWritabilityChanged(isWritable: isWritable)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        worker.deadlines.remove(deadline)
        worker.held.forget(self)
        if state == .handshaking { return endHandshake(isDone: false) }
        let wasReadingToEnd = state == .readingBody && body.endsWithConnection && !hasFailed
        state = .closed
        if let attempt {
            self.attempt = nil
            pool.discard()
            pool.closed(self)
            if wasReadingToEnd { attempt.responseEnded(trailers: []) } else { attempt.connectionLost(.connectionLost) }
        } else if isCounted {
            pool.closed(self)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        hasFailed = true
        context.close(promise: nil)
    }

    // MARK: The response

    private func step() -> Bool {
        guard inbox.readableBytes > 0 else { return false }
        switch state {
        case .awaitingHead: return readHead()
        case .readingBody: return readBody()
        case .handshaking, .unused, .closed: return false
        }
    }

    private func readHead() -> Bool {
        let outcome = inbox.withUnsafeReadableBytes { raw in
            head.parse(
                raw.bindMemory(to: UInt8.self), answersHEAD: answersHEAD, limit: pool.settings.responseHeaderBytes)
        }
        switch outcome {
        case .incomplete: return false
        case .fault:
            fail(.malformedResponse)
            return false
        case .complete(let length):
            inbox.moveReaderIndex(forwardBy: length)
            if head.isInterim { return passInterim() }
            return startResponse()
        }
    }

    /// Where 101 was not asked for, `Upgrade` was not forwarded.
    private func passInterim() -> Bool {
        if head.status == 101, attempt?.wantsTunnel == true { return startTunnel() }
        guard head.status != 101 else {
            fail(.malformedResponse)
            return false
        }
        attempt?.interim(head)
        return true
    }

    private func startTunnel() -> Bool {
        guard let attempt else { return false }
        body.start(.untilClose)
        allowsReuse = false
        isTunnel = true
        state = .readingBody
        // Its times are kept on the client's side, for both directions.
        worker.deadlines.clear(deadline)
        let first = inbox.readableBytes > 0 ? readBytes() : nil
        attempt.tunnelStarted(head, body: first)
        return false
    }

    private func startResponse() -> Bool {
        body.start(head.body)
        allowsReuse = head.allowsReuse && !body.endsWithConnection
        // A second before the target closes it, or else a request might cross with that, and be lost if it has a body.
        targetKeepsMicroseconds = head.keepAliveSeconds.map { min(max($0 - 1, 0), 3600) * 1_000_000 }
        state = .readingBody
        var first: ByteBuffer?
        if !body.isComplete, inbox.readableBytes > 0 {
            guard let bytes = readBytes() else { return false }
            first = bytes
        }
        guard let attempt else { return false }
        let isComplete = body.isComplete && body.trailers.isEmpty
        if isComplete {
            // The connection goes back before the client is served: its next, pipelined request may want it at once.
            finish()
        } else {
            expectProgress()
        }
        attempt.responseStarted(head, body: first, isComplete: isComplete)
        if !isComplete, body.isComplete { endWithTrailers() }
        return !isComplete
    }

    private func readBody() -> Bool {
        guard let attempt, let bytes = readBytes() else { return false }
        expectProgress()
        let isComplete = body.isComplete
        let serial = attempt.serial
        if isComplete { finish() }
        attempt.responseContinued(bytes)
        // Writing may have shown that the client is gone.
        if isComplete, attempt.serial == serial { attempt.responseEnded(trailers: body.trailers) }
        return !isComplete
    }

    private func endWithTrailers() {
        guard let attempt else { return }
        finish()
        attempt.responseEnded(trailers: body.trailers)
    }

    private func readBytes() -> ByteBuffer? {
        do throws(HeadFault) {
            return try body.read(from: &inbox)
        } catch {
            fail(.malformedResponse)
            return nil
        }
    }

    /// The response is complete: the connection goes back to the pool, unless something speaks against it.
    private func finish() {
        attempt?.connectionFinished()
        attempt = nil
        holdsReads = false
        if hasHeldRead {
            hasHeldRead = false
            context?.read()
        }
        if allowsReuse, isRequestSent, inbox.readableBytes == 0 {
            state = .unused
            pool.release(self)
        } else {
            state = .closed
            pool.discard()
            close()
        }
    }

    private func fail(_ failure: Failure) {
        guard let attempt else { return }
        self.attempt = nil
        state = .closed
        pool.discard()
        close()
        attempt.connectionLost(failure)
    }
}

extension UpstreamConnection: BufferHolder {
    /// What the target has sent is passed on at once; what it has not taken yet waits here.
    var heldBytes: Int { channel.unsentBytes }

    func holdingBackChanged() { attempt?.upstreamWritabilityChanged(isWritable: isWritable) }
}

extension UpstreamConnection: DeadlineOwner {
    func deadlineReached() {
        switch state {
        case .handshaking, .unused, .closed: close()
        case .awaitingHead:
            // While the client is slow to send its body there is nothing that the upstream could answer.
            if isRequestSent {
                fail(.responseTimeout)
            } else if isWritable {
                expectProgress()
            } else {
                fail(.bodyTimeout)
            }
        case .readingBody:
            // While the client holds the flow back the upstream is not to blame.
            if holdsReads { expectProgress() } else { fail(.bodyTimeout) }
        }
    }
}

import GatewayCore
import HTTPWire
import NIOCore

#if canImport(Glibc)
    import Glibc
#endif

/// The HTTP/1.1 connection of a client: one handler at the socket, one exchange after the other.
///
/// Bytes wait in `inbox` until someone wants them: a head is parsed there in place, a body is handed on as slices. While
/// an exchange is answered, further (pipelined) requests stay in the inbox, and reading stops when it is full.
final class ClientConnection: ChannelDuplexHandler, RemovableChannelHandler, ClientSession {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum State {
        case awaitingHead
        case exchanging
        /// Reads the rest of a body that nobody wants, so that the connection can go on; at most this many bytes.
        case discarding(allowance: Int)
        /// The last bytes are on their way; what still comes in is thrown away.
        case closing
    }

    /// An unwanted body up to this size is read and dropped to save the connection; a longer one costs it.
    static let discardLimit = 64 * 1024
    /// How long a connection that has sent all it had still takes in, and drops, what the client sends (microseconds).
    static let lingerMicroseconds = 2_000_000
    /// Input kept while an exchange is going on.
    static let inboxLimit = 64 * 1024
    /// Input that is worth being counted as held.
    private static let notableInput = 4096

    let worker: Worker
    let channel: any Channel
    let peer: Peer
    private(set) var context: ChannelHandlerContext?
    /// Made by `init`, which needs `self` for them.
    private(set) var exchange: Exchange!
    private var deadline: Deadline!

    var state = State.awaitingHead
    private var inbox = ByteBuffer()
    private var isProcessing = false
    /// No request has come yet.
    private var isUnused = true
    /// Bytes of an unfinished head that are known to hold no complete line end beyond what was parsed.
    private var scannedBytes = 0

    var requestBody = BodyReader()
    var producer: (any ResponseProducer)?
    var isBodyPaused = false
    private var holdsReads = false
    private var hasHeldRead = false

    /// The framing and fate of the response that is being written.
    var hasResponded = false
    var isResponseChunked = false
    var keepsAlive = true
    /// Set once the connection has changed to another protocol.
    var tunnel: ClientTunnel?
    var bodyPace = BodyPace()
    var account = BufferAccount()
    /// Keeps the connection while a filter waits on behalf of a client that has gone.
    private var abandonedSelf: ClientConnection?

    init(worker: Worker, channel: any Channel, peer: Peer) {
        self.worker = worker
        self.channel = channel
        self.peer = peer
        exchange = Exchange(downstream: self, peer: peer, memory: worker.memory)
        deadline = Deadline(owner: self)
    }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        // Behind TLS the connection is established before it is known that it will speak HTTP/1.1.
        if context.channel.isActive { channelActive(context: context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        worker.opened(self)
        if worker.turnsAway { return close() }
        worker.deadlines.set(deadline, microsecondsFromNow: worker.limits.headerTimeoutMicroseconds)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        if inbox.readableBytes == 0 { inbox = buffer } else { inbox.writeBuffer(&buffer) }
        process()
    }

    func read(context: ChannelHandlerContext) {
        if holdsReads { hasHeldRead = true } else { context.read() }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        let isWritable = context.channel.isWritable
        if !isWritable { expectProgress() }
        if !isWritable || account.held > 0 { worker.held.measure(self) }
        producer?.clientWritabilityChanged(isWritable: self.isWritable)
        // What waits behind a response that the client would not take.
        if isWritable, case .awaitingHead = state, inbox.readableBytes > 0 { process() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        worker.deadlines.remove(deadline)
        worker.closed(self)
        worker.held.forget(self)
        if tunnel != nil { worker.tunnels -= 1 }
        inbox = ByteBuffer()
        guard case .exchanging = state else { return }
        state = .closing
        if exchange.record.failure == nil { exchange.record.failure = .clientGone }
        worker.entry.finish(exchange)
        if exchange.isWaiting {
            abandonedSelf = self
            exchange.abandon()
        }
        let producer = self.producer
        self.producer = nil
        producer?.clientLost()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    // MARK: Input

    /// Works off the inbox as far as the state allows. Not reentrant: what happens meanwhile is seen by the loop.
    func process() {
        guard !isProcessing else { return }
        isProcessing = true
        while step() {}
        isProcessing = false
        if inbox.readableBytes == 0 { inbox = ByteBuffer() }
        holdReads(isBodyPaused || isInboxFull || isHeldBack)
        if inbox.readableBytes >= Self.notableInput || account.held > 0 { worker.held.measure(self) }
    }

    /// Memory is scarce: what has come of the body has to go before more is read.
    fileprivate var isHeldBack: Bool { account.isHeldBack && inbox.readableBytes > 0 }

    fileprivate var isInboxFull: Bool {
        switch state {
        case .exchanging: inbox.readableBytes >= Self.inboxLimit
        case .awaitingHead: hasUnsentResponses && inbox.readableBytes >= Self.inboxLimit
        case .discarding, .closing: false
        }
    }

    /// A client that asks on and takes no answers is not answered further.
    private var hasUnsentResponses: Bool { account.held > 0 && !channel.isWritable }

    /// One step; false if nothing more can be done now.
    private func step() -> Bool {
        guard context != nil, inbox.readableBytes > 0 else { return false }
        switch state {
        case .awaitingHead: return hasUnsentResponses ? false : readHead()
        case .exchanging: return deliverBody()
        case .discarding(let allowance): return discardBody(allowance)
        case .closing:
            inbox = ByteBuffer()
            return false
        }
    }

    private func readHead() -> Bool {
        guard skipEmptyLine(), mayHoldHead() else { return false }
        let outcome = inbox.withUnsafeReadableBytes { raw in
            exchange.request.parse(raw.bindMemory(to: UInt8.self), limit: worker.limits.headerBytes)
        }
        switch outcome {
        case .incomplete:
            if scannedBytes == 0 {
                worker.deadlines.set(deadline, microsecondsFromNow: worker.limits.headerTimeoutMicroseconds)
            }
            scannedBytes = inbox.readableBytes
            return false
        case .fault(let fault):
            if !becomeHTTP2() { refuse(fault) }
            return false
        case .complete(let length):
            inbox.moveReaderIndex(forwardBy: length)
            begin()
            return true
        }
    }

    /// RFC 9112 §2.2: an empty line before a request line is let pass, for old clients that end a body with one.
    /// False while its second half is still to come.
    private func skipEmptyLine() -> Bool {
        guard inbox.getInteger(at: inbox.readerIndex, as: UInt8.self) == 0x0D else { return true }
        guard inbox.readableBytes >= 2 else { return false }
        if inbox.getInteger(at: inbox.readerIndex, as: UInt16.self) == 0x0D0A { inbox.moveReaderIndex(forwardBy: 2) }
        return true
    }

    /// A dribbled head is only parsed again when a line has been completed or the limit is reached.
    private func mayHoldHead() -> Bool {
        guard inbox.readableBytes > 0 else { return false }
        guard scannedBytes > 0, scannedBytes < inbox.readableBytes else { return true }
        if inbox.readableBytes >= worker.limits.headerBytes { return true }
        let hasLineEnd = inbox.readableBytesView.dropFirst(scannedBytes).contains(0x0A)
        if !hasLineEnd { scannedBytes = inbox.readableBytes }
        return hasLineEnd
    }

    /// RFC 9113 §3.3: a client that knows sends the preface of HTTP/2, which no HTTP/1.1 request can look like.
    private func becomeHTTP2() -> Bool {
        guard isUnused, inbox.readableBytesView.starts(with: "PRI * HTTP/2.0\r\n".utf8), let context else {
            return false
        }
        let early = inbox
        inbox = ByteBuffer()
        state = .closing
        worker.deadlines.remove(deadline)
        worker.closed(self)
        let next = HTTP2ClientConnection(worker: worker, channel: channel, peer: peer, early: early)
        do {
            try context.pipeline.syncOperations.addHandler(next, position: .after(self))
        } catch {
            close()
        }
        self.context = nil
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        return true
    }

    private func begin() {
        isUnused = false
        scannedBytes = 0
        hasResponded = false
        isResponseChunked = false
        requestBody.start(exchange.request.body)
        bodyPace.begin(exchange.request.body)
        exchange.bodyLimit = worker.limits.bodyBytes
        keepsAlive = exchange.request.wantsKeepAlive && !worker.isDraining
        state = .exchanging
        if requestBody.isComplete { worker.deadlines.clear(deadline) } else { expectProgress() }
        exchange.begin(atMicroseconds: MonotonicClock.microseconds())
        worker.entry.arrive(exchange)
    }

    private func refuse(_ fault: HeadFault) {
        exchange.begin(atMicroseconds: MonotonicClock.microseconds())
        worker.entry.refused(fault, on: exchange)
        write(Reply.badRequest(fault.detail.description, status: fault.status), persistence: .close)
        closeAfterFlush(lingering: true)
    }

    private func deliverBody() -> Bool {
        guard let producer, !isBodyPaused, !requestBody.isComplete else { return false }
        expectProgress()
        do throws(HeadFault) {
            let bytes = try requestBody.read(from: &inbox)
            exchange.record.bytesIn += bytes.readableBytes
            if exchange.record.bytesIn > exchange.bodyLimit, tunnel == nil {
                giveUpRequest(.contentTooLarge)
                return false
            }
            if bodyPace.isTooSlow(bytes: exchange.record.bytesIn, rate: worker.limits.bodyRate), tunnel == nil {
                giveUpRequest(.requestTimeout)
                return false
            }
            if requestBody.isComplete { requestArrived() }
            if bytes.readableBytes > 0 || requestBody.isComplete {
                if let tap = exchange.tap { tap.received(bytes) }
                if let check = exchange.bodyCheck, tunnel == nil,
                    let refusal = check.refusal(of: bytes, isEnd: requestBody.isComplete)
                {
                    giveUpRequest(refusal)
                    return false
                }
                let trailers = requestBody.isComplete ? requestBody.trailers : []
                producer.receiveBody(bytes, isEnd: requestBody.isComplete, trailers: trailers)
            }
            return true
        } catch {
            worker.entry.refused(error, on: exchange)
            giveUpRequest(.badRequest(error.detail.description, status: error.status))
            return false
        }
    }

    private func requestArrived() { worker.deadlines.clear(deadline) }

    /// The request turned out bad halfway: the upstream must not take it for complete, and the client is told if it can be.
    private func giveUpRequest(_ reply: Reply) {
        let producer = self.producer
        self.producer = nil
        exchange.record.failure = .clientGone
        producer?.clientLost()
        keepsAlive = false
        if hasResponded { return abortConnection() }
        exchange.answer(reply)
    }

    private func discardBody(_ allowance: Int) -> Bool {
        do throws(HeadFault) {
            let before = inbox.readableBytes
            _ = try requestBody.read(from: &inbox)
            let left = allowance - (before - inbox.readableBytes)
            if requestBody.isComplete {
                awaitNextHead()
            } else if left < 0 {
                closeAfterFlush(lingering: true)
                return false
            } else {
                state = .discarding(allowance: left)
            }
            return true
        } catch {
            closeAfterFlush(lingering: true)
            return false
        }
    }

    /// Hands over what has arrived of the body at once, so that it can leave together with the head.
    func deliverBody(to producer: any ResponseProducer) {
        self.producer = producer
        guard !requestBody.isComplete else { return }
        let wasProcessing = isProcessing
        isProcessing = true
        while inbox.readableBytes > 0, deliverBody() {}
        isProcessing = wasProcessing
        process()
    }

    // MARK: The end of an exchange

    /// The response is written; decides what becomes of the connection.
    func responseFinished() {
        // Writing it may have shown that the client is gone, and then the exchange is over already.
        guard case .exchanging = state else { return }
        producer = nil
        isBodyPaused = false
        worker.entry.finish(exchange)
        guard keepsAlive, canDiscardRequestBody else { return closeAfterFlush(lingering: !requestBody.isComplete) }
        if requestBody.isComplete {
            awaitNextHead()
        } else {
            expectProgress()
            state = .discarding(allowance: Self.discardLimit)
        }
        process()
    }

    private func awaitNextHead() {
        state = .awaitingHead
        if worker.isDraining { return closeAfterFlush(lingering: false) }
        worker.deadlines.set(deadline, microsecondsFromNow: worker.limits.idleTimeoutMicroseconds)
    }

    /// Whether the unread rest of the body is small enough to be dropped for the sake of the connection.
    var canDiscardRequestBody: Bool {
        if requestBody.isComplete { return true }
        if exchange.request.expectsContinue { return false }
        guard let rest = requestBody.knownRemainder else { return true }
        return rest <= Self.discardLimit
    }

    /// Something has to move within the idle timeout: body bytes from the client, or response bytes to it.
    func expectProgress() {
        let limit = tunnel?.microsecondsLeft(atMicroseconds: MonotonicClock.microseconds())
        worker.deadlines.set(deadline, microsecondsFromNow: limit ?? worker.limits.idleTimeoutMicroseconds)
    }

    /// `close()` alone would drop queued writes. With unread input the kernel would answer with a reset that can destroy
    /// the response in flight, so then only the output is closed and input is drained for a moment (RFC 9112 §9.6).
    func closeAfterFlush(lingering: Bool) {
        state = .closing
        guard let context else { return }
        expectProgress()
        inbox = ByteBuffer()
        holdReads(false)
        context.writeAndFlush(NIOAny(ByteBuffer())).assumeIsolated().whenComplete { [self] _ in
            guard lingering, self.context != nil else { return close() }
            worker.deadlines.set(deadline, microsecondsFromNow: Self.lingerMicroseconds)
            channel.close(mode: .output, promise: nil)
        }
    }

    /// Ends the connection so that the client can't take what it got for complete. To HTTP/1.0 a regular end of the
    /// connection may be the end of the body, so that it has to be a reset.
    func abortConnection() {
        state = .closing
        worker.entry.finish(exchange)
        if !exchange.request.isHTTP11 {
            _ = (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
        }
        close()
    }

    func close() { channel.close(promise: nil) }

    func yield() {
        if case .awaitingHead = state { return }
        drain()
    }

    func drain() {
        switch state {
        case .awaitingHead: closeAfterFlush(lingering: false)
        case .exchanging: if tunnel == nil { keepsAlive = false } else { leaveTunnel() }
        case .discarding, .closing: break
        }
    }

    func abandonedEnded() { abandonedSelf = nil }

    /// What has been read and nobody wanted yet, with the memory that it keeps.
    fileprivate var inboxBytes: Int { inbox.readableBytes == 0 ? 0 : inbox.storageCapacity }

    fileprivate func holdReads(_ shouldHold: Bool) {
        guard holdsReads != shouldHold else { return }
        holdsReads = shouldHold
        guard !shouldHold, hasHeldRead else { return }
        hasHeldRead = false
        context?.read()
    }
}

extension ClientConnection: BufferHolder {
    var heldBytes: Int { inboxBytes + channel.unsentBytes }

    func holdingBackChanged() {
        holdReads(isBodyPaused || isInboxFull || isHeldBack)
        producer?.clientWritabilityChanged(isWritable: isWritable)
    }
}

extension ClientConnection: DeadlineOwner {
    func deadlineReached() {
        switch state {
        case .awaitingHead:
            if inbox.readableBytes == 0 { return close() }
            exchange.begin(atMicroseconds: MonotonicClock.microseconds())
            write(.requestTimeout, persistence: .close)
            closeAfterFlush(lingering: true)
        case .exchanging where tunnel != nil: endTunnel()
        case .exchanging:
            let isClientTheOneAwaited =
                !requestBody.isComplete && !isBodyPaused || !(context?.channel.isWritable ?? true)
            guard isClientTheOneAwaited else { return expectProgress() }
            exchange.record.failure = .clientTimeout
            let producer = self.producer
            self.producer = nil
            producer?.clientLost()
            keepsAlive = false
            if hasResponded || exchange.isWaiting { close() } else { exchange.answer(.requestTimeout) }
        case .discarding, .closing: close()
        }
    }
}

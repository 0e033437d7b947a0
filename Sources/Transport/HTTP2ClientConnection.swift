import GatewayCore
import HTTP2
import HTTPWire
import NIOCore

/// The HTTP/2 connection of a client: carries the session's bytes, and gives each request an `HTTP2Exchange`.
final class HTTP2ClientConnection: ChannelInboundHandler, RemovableChannelHandler, ClientSession {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let worker: Worker
    let peer: Peer
    private let channel: any Channel
    private var context: ChannelHandlerContext?
    private(set) var session: HTTP2Session!
    private var deadline: Deadline!
    /// What came before this handler stood here.
    private var early: ByteBuffer?
    private var isReceiving = false
    private var isOutputScheduled = false
    private var isClosing = false
    private var openExchanges = 0
    private var spare: [HTTP2Exchange] = []

    init(worker: Worker, channel: any Channel, peer: Peer, early: ByteBuffer? = nil) {
        self.worker = worker
        self.channel = channel
        self.peer = peer
        self.early = early
        peer.isHTTP2 = true
        var settings = HTTP2Settings()
        settings.headerBytes = worker.limits.headerBytes
        settings.maximumStreams = worker.limits.streams
        deadline = Deadline(owner: self)
        session = HTTP2Session(server: self, settings: settings)
    }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        worker.opened(self)
        if worker.isDraining { return close() }
        worker.deadlines.set(deadline, microsecondsFromNow: worker.limits.headerTimeoutMicroseconds)
        if let early {
            self.early = nil
            receive(early)
        } else {
            flushOutput()
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { receive(unwrapInboundIn(data)) }

    private func receive(_ bytes: ByteBuffer) {
        isReceiving = true
        bytes.withUnsafeReadableBytes { session.receive($0, atMicroseconds: MonotonicClock.microseconds()) }
        isReceiving = false
        flushOutput()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { flushOutput() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        worker.deadlines.remove(deadline)
        worker.closed(self)
        session.connectionLost()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    // MARK: Output

    /// One flush for all that the streams of this connection have got since the last.
    private func flushOutput() {
        isOutputScheduled = false
        guard let context, !isClosing else { return }
        session.produce()
        context.flush()
        guard session.isOver, context.channel.isWritable else { return }
        isClosing = true
        context.writeAndFlush(NIOAny(ByteBuffer())).assumeIsolated().whenComplete { [self] _ in close() }
    }

    // MARK: ClientSession

    func drain() {
        session.shutDown()
        if session.streamCount == 0 { flushOutput() }
    }

    func close() { channel.close(promise: nil) }

    // MARK: For exchanges

    func ended(_ exchange: HTTP2Exchange, isReusable: Bool) {
        openExchanges -= 1
        if isReusable, spare.count < 32 { spare.append(exchange) }
        guard openExchanges == 0, context != nil else { return }
        worker.deadlines.set(deadline, microsecondsFromNow: worker.limits.idleTimeoutMicroseconds)
    }
}

extension HTTP2ClientConnection: HTTP2SessionOwner {
    func arrived(_ text: Bytes?, on stream: HTTP2Stream, isEnd: Bool) {
        if openExchanges == 0 { worker.deadlines.clear(deadline) }
        openExchanges += 1
        let exchange = spare.popLast() ?? HTTP2Exchange(connection: self)
        stream.owner = exchange
        exchange.begin(text, on: stream, isEnd: isEnd)
    }

    var takesOutput: Bool { channel.isWritable }

    func write(_ output: ByteBuffer) { context?.write(NIOAny(output), promise: nil) }

    func outputIsWaiting() {
        guard !isReceiving, !isOutputScheduled else { return }
        isOutputScheduled = true
        channel.eventLoop.assumeIsolated().execute { [self] in flushOutput() }
    }

    func flooded() { worker.floods += 1 }

    func capacityChanged() {}
}

extension HTTP2ClientConnection: DeadlineOwner {
    /// Nothing is under way.
    func deadlineReached() {
        guard openExchanges == 0 else { return }
        session.terminate(.noError)
        flushOutput()
        if !isClosing { close() }
    }
}

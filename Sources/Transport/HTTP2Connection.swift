import GatewayCore
import HTTP2
import NIOCore

/// The part that both sides of HTTP/2 share: carries a session's bytes, with one flush for all that its streams have got
/// since the last.
class HTTP2Connection: ChannelInboundHandler, RemovableChannelHandler, BufferHolder {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let worker: Worker
    let channel: any Channel
    private(set) var context: ChannelHandlerContext?
    /// Set by the subclass as soon as there is `self`.
    var session: HTTP2Session!
    private var isReceiving = false
    private var isOutputScheduled = false
    private var isClosing = false
    var account = BufferAccount()
    /// What streams have received and hold for who is slow.
    var receivedBytes = 0

    init(worker: Worker, channel: any Channel) {
        self.worker = worker
        self.channel = channel
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    // Named here so that subclasses override them: a protocol's own default would not be.
    func channelActive(context: ChannelHandlerContext) {}

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { receive(unwrapInboundIn(data)) }

    func receive(_ bytes: ByteBuffer) {
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
        session.connectionLost()
        worker.held.forget(self)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    var heldBytes: Int { session.queuedBytes + receivedBytes + channel.unsentBytes }

    func flushOutput() {
        isOutputScheduled = false
        guard let context, !isClosing else { return }
        session.produce()
        context.flush()
        if session.queuedBytes + receivedBytes >= HeldBuffers.grain || account.held > 0 { worker.held.measure(self) }
        guard session.isOver, context.channel.isWritable else { return }
        isClosing = true
        context.writeAndFlush(NIOAny(ByteBuffer())).assumeIsolated().whenComplete { [self] _ in close() }
    }

    /// Ends the connection with what the session still has to say.
    func closeWithGoAway() {
        session.terminate(.noError)
        flushOutput()
        if !isClosing { close() }
    }

    func close() { channel.close(promise: nil) }

    /// Its streams have windows of their own, which bound what they hold; under pressure new requests are refused.
    func holdingBackChanged() {}

    // MARK: For the session

    var takesOutput: Bool { channel.isWritable }

    func write(_ output: ByteBuffer) { context?.write(NIOAny(output), promise: nil) }

    func outputIsWaiting() {
        guard !isReceiving, !isOutputScheduled else { return }
        isOutputScheduled = true
        channel.eventLoop.assumeIsolated().execute { [self] in flushOutput() }
    }
}

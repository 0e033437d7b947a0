import GatewayCore
import HTTP2
import NIOCore

/// The part that both sides of HTTP/2 share: carries a session's bytes, with one flush for all that its streams have got
/// since the last.
class HTTP2Connection: ChannelInboundHandler, RemovableChannelHandler {
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
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func flushOutput() {
        isOutputScheduled = false
        guard let context, !isClosing else { return }
        session.produce()
        context.flush()
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

    // MARK: For the session

    var takesOutput: Bool { channel.isWritable }

    func write(_ output: ByteBuffer) { context?.write(NIOAny(output), promise: nil) }

    func outputIsWaiting() {
        guard !isReceiving, !isOutputScheduled else { return }
        isOutputScheduled = true
        channel.eventLoop.assumeIsolated().execute { [self] in flushOutput() }
    }
}

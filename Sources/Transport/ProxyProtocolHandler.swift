import HTTPWire
import NIOCore

/// Stands at the socket of a listener with `proxy_protocol` until the balancer has said whose connection it is; what
/// follows is for the handlers that are put behind it then.
final class ProxyProtocolHandler: ChannelInboundHandler, RemovableChannelHandler, ClientSession {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let worker: Worker
    private let channel: any Channel
    private let onSource: (String?) throws -> Void
    private var deadline: Deadline!
    private var inbox = ByteBuffer()
    private var isOver = false

    /// - Parameter onSource: told the client's address, nil if the balancer speaks for itself; adds the next handlers.
    init(worker: Worker, channel: any Channel, onSource: @escaping (String?) throws -> Void) {
        self.worker = worker
        self.channel = channel
        self.onSource = onSource
        deadline = Deadline(owner: self)
    }

    func channelActive(context: ChannelHandlerContext) {
        worker.opened(self)
        worker.deadlines.set(deadline, microsecondsFromNow: worker.limits.headerTimeoutMicroseconds)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        inbox.writeBuffer(&bytes)
        let outcome = inbox.withUnsafeReadableBytes { ProxyProtocolHeader.parse($0.bindMemory(to: UInt8.self)) }
        switch outcome {
        case .incomplete: return
        case .fault: close()
        case .complete(let length, let source):
            inbox.moveReaderIndex(forwardBy: length)
            end()
            do {
                try onSource(source)
            } catch {
                return close()
            }
            let rest = inbox
            inbox = ByteBuffer()
            if rest.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(rest)) }
            context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func drain() { close() }
    func yield() {}

    func close() { channel.close(promise: nil) }

    private func end() {
        guard !isOver else { return }
        isOver = true
        worker.deadlines.remove(deadline)
        worker.closed(self)
    }
}

extension ProxyProtocolHandler: DeadlineOwner {
    func deadlineReached() { close() }
}

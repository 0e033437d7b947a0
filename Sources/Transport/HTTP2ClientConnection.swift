import GatewayCore
import HTTP2
import HTTPWire
import NIOCore

/// The HTTP/2 connection of a client: gives each of its requests an `HTTP2Exchange`.
final class HTTP2ClientConnection: HTTP2Connection, ClientSession {
    let peer: Peer
    private var deadline: Deadline!
    /// What came before this handler stood here.
    private var early: ByteBuffer?
    private var openExchanges = 0
    private var spare: [HTTP2Exchange] = []
    private var tunnels: [HTTP2Exchange] = []

    init(worker: Worker, channel: any Channel, peer: Peer, early: ByteBuffer? = nil) {
        self.peer = peer
        self.early = early
        super.init(worker: worker, channel: channel)
        peer.isHTTP2 = true
        var settings = HTTP2Settings()
        settings.headerBytes = worker.limits.headerBytes
        settings.maximumStreams = worker.limits.streams
        deadline = Deadline(owner: self)
        session = HTTP2Session(server: self, settings: settings)
    }

    override func handlerAdded(context: ChannelHandlerContext) {
        super.handlerAdded(context: context)
        worker.opened(self)
        if worker.turnsAway { return close() }
        worker.deadlines.set(deadline, microsecondsFromNow: worker.limits.headerTimeoutMicroseconds)
        if let early {
            self.early = nil
            receive(early)
        } else {
            flushOutput()
        }
    }

    override func channelInactive(context: ChannelHandlerContext) {
        worker.deadlines.remove(deadline)
        worker.closed(self)
        super.channelInactive(context: context)
    }

    /// GOAWAY tells the client which of its requests were taken, so it loses none.
    func yield() { drain() }

    func drain() {
        for tunnel in tunnels { tunnel.leaveTunnel() }
        session.shutDown()
        if session.streamCount == 0 { flushOutput() }
    }

    func tunnelStarted(_ exchange: HTTP2Exchange) {
        tunnels.append(exchange)
        worker.tunnels += 1
    }

    func tunnelEnded(_ exchange: HTTP2Exchange) {
        tunnels.removeAll { $0 === exchange }
        worker.tunnels -= 1
    }

    /// The exchange is over, and so is its stream.
    func ended(_ exchange: HTTP2Exchange) {
        openExchanges -= 1
        if spare.count < 32 { spare.append(exchange) }
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

    func flooded() { worker.floods += 1 }

    func capacityChanged() {}
}

extension HTTP2ClientConnection: DeadlineOwner {
    /// Nothing is under way.
    func deadlineReached() {
        if openExchanges == 0 { closeWithGoAway() }
    }
}

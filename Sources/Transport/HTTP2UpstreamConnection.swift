import GatewayCore
import HTTP2
import HTTPWire
import NIOCore
import NIOTLS

/// An HTTP/2 connection to a target, with many attempts at once.
final class HTTP2UpstreamConnection: HTTP2Connection {
    let pool: HTTP2TargetPool
    private var deadline: Deadline!
    private(set) var isReady = false
    private(set) var servedCount = 0
    /// The pool does not count it any more.
    private var isUnwanted = false

    init(pool: HTTP2TargetPool, worker: Worker, channel: any Channel) {
        self.pool = pool
        super.init(worker: worker, channel: channel)
        var settings = HTTP2Settings()
        settings.headerBytes = pool.settings.responseHeaderBytes
        settings.streamWindow = 256 * 1024
        deadline = Deadline(owner: self)
        session = HTTP2Session(client: self, settings: settings)
    }

    /// Room for further streams.
    var vacancies: Int {
        guard isReady, !session.isGoingAway, context != nil else { return 0 }
        return min(pool.settings.maximumStreams, session.peerMaximumStreams) - session.streamCount
    }

    var isUnused: Bool { session.streamCount == 0 }

    func makeStream() -> HTTP2UpstreamStream {
        servedCount += 1
        worker.deadlines.clear(deadline)
        return HTTP2UpstreamStream(connection: self)
    }

    func streamEnded() {
        if isUnused { worker.deadlines.set(deadline, microsecondsFromNow: pool.settings.keepAliveMicroseconds) }
        pool.vacated()
        if isUnused, session.isGoingAway { closeWithGoAway() }
    }

    override func channelActive(context: ChannelHandlerContext) {
        worker.deadlines.set(deadline, microsecondsFromNow: pool.settings.connectTimeoutMicroseconds)
        if !pool.target.isSecure { ready() }
    }

    override func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case TLSUserEvent.handshakeCompleted(let agreed) = event else { return }
        if agreed == "h2" { return ready() }
        isUnwanted = pool.agreedOnHTTP1(self)
        close()
    }

    private func ready() {
        isReady = true
        worker.deadlines.set(deadline, microsecondsFromNow: pool.settings.keepAliveMicroseconds)
        flushOutput()
        pool.opened()
    }

    override func channelInactive(context: ChannelHandlerContext) {
        worker.deadlines.remove(deadline)
        super.channelInactive(context: context)
        guard !isUnwanted else { return }
        pool.closed(self, failure: isReady ? nil : pool.target.isSecure ? .handshakeFailed : .connectionLost)
    }
}

extension HTTP2UpstreamConnection: HTTP2SessionOwner {
    /// Only servers are asked.
    func arrived(_ text: Bytes?, on stream: HTTP2Stream, isEnd: Bool) {}

    func flooded() {}

    func capacityChanged() { pool.vacated() }
}

extension HTTP2UpstreamConnection: DeadlineOwner {
    func deadlineReached() {
        if !isReady { close() } else if isUnused { closeWithGoAway() }
    }
}

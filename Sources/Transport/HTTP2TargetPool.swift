import Encryption
import GatewayCore
import HTTP2
import NIOCore
import NIOPosix

/// The HTTP/2 connections of one worker to one target: few, since each carries many attempts. A further one is opened when
/// those that are open are full; what finds no place waits in a bounded queue.
final class HTTP2TargetPool: TargetConnections {
    let target: UpstreamSettings.Target
    var index: Int
    let settings: UpstreamSettings
    private let worker: Worker
    /// Told with what waits that the target speaks HTTP/1.1 only; nil: that is a failed handshake.
    var onHTTP1: (([Attempt]) -> Void)?
    private var connections: [HTTP2UpstreamConnection] = []
    private var openingCount = 0
    private var pending: CircularBuffer<Attempt> = []
    var waitingCount: Int { pending.count }
    private var isClosed = false
    private var isServing = false

    init(_ target: UpstreamSettings.Target, index: Int, settings: UpstreamSettings, worker: Worker) {
        self.target = target
        self.index = index
        self.settings = settings
        self.worker = worker
    }

    var openCount: Int { connections.count + openingCount }
    var unusedCount: Int { connections.count { $0.isUnused } }
    var activeCount: Int { connections.reduce(pending.count) { $0 + $1.session.streamCount } }

    func acquire(for attempt: Attempt, fresh: Bool) {
        if pending.isEmpty, let connection = connections.first(where: { $0.vacancies > 0 }) {
            return attempt.connected(connection.makeStream())
        }
        guard pending.count < settings.maximumPending else { return attempt.failedToConnect(.tooManyPending) }
        pending.append(attempt)
        attempt.queued()
        openIfNeeded()
    }

    func forget(_ attempt: Attempt) {
        if let index = pending.firstIndex(where: { $0 === attempt }) { pending.remove(at: index) }
    }

    /// A connection is ready, or has room again.
    func vacated() {
        guard !isServing else { return }
        isServing = true
        defer { isServing = false }
        while !pending.isEmpty, let connection = connections.first(where: { $0.vacancies > 0 }) {
            pending.removeFirst().connected(connection.makeStream())
        }
        openIfNeeded()
    }

    func opened() {
        openingCount -= 1
        vacated()
    }

    /// The target has not agreed on HTTP/2. False if there is nobody who could speak HTTP/1.1.
    func agreedOnHTTP1(_ connection: HTTP2UpstreamConnection) -> Bool {
        guard let onHTTP1 else { return false }
        connections.removeAll { $0 === connection }
        openingCount -= 1
        let waiting = Array(pending)
        pending = []
        onHTTP1(waiting)
        return true
    }

    /// - Parameter failure: why it never was ready; nil if it was.
    func closed(_ connection: HTTP2UpstreamConnection, failure: Failure?) {
        connections.removeAll { $0 === connection }
        guard let failure else { return openIfNeeded() }
        openingCount -= 1
        failPending(failure)
    }

    func close() {
        isClosed = true
        for connection in connections where connection.isUnused { connection.closeWithGoAway() }
    }

    /// One at a time: most of what waits will find room on the next.
    private func openIfNeeded() {
        guard !pending.isEmpty, openingCount == 0, openCount < settings.maximumConnections else { return }
        open()
    }

    private func open() {
        openingCount += 1
        let opening = NIOLoopBound((self, worker), eventLoop: worker.loop)
        let loop = worker.loop
        ClientBootstrap(group: worker.loop)
            .connectTimeout(.microseconds(Int64(settings.connectTimeoutMicroseconds)))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let (pool, worker) = opening.value
                    let pipeline = channel.pipeline.syncOperations
                    if pool.target.isSecure, let tls = pool.settings.http2TLS {
                        try pipeline.addHandler(tls.makeHandler(for: pool.target.host))
                    }
                    let connection = HTTP2UpstreamConnection(pool: pool, worker: worker, channel: channel)
                    try pipeline.addHandler(connection)
                    pool.connections.append(connection)
                }
            }
            .connect(host: target.connectHost, port: target.port)
            .whenFailure { error in
                loop.execute { opening.value.0.failedToOpen(error) }
            }
    }

    private func failedToOpen(_ error: any Error) {
        // A connection that was ready once has told of its end itself.
        guard openingCount > 0 else { return }
        connections.removeAll { $0.context == nil && !$0.isReady }
        openingCount -= 1
        if case ChannelError.connectTimeout = error { return failPending(.connectTimeout) }
        failPending(.connectRefused)
    }

    private func failPending(_ failure: Failure) {
        let waiting = pending
        pending = []
        for attempt in waiting { attempt.failedToConnect(failure) }
    }
}

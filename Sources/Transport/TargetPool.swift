import Encryption
import GatewayCore
import NIOCore
import NIOPosix

/// The connections of one worker to one target: a stack of unused ones (the warmest on top), a bound on all of them, and
/// a bounded queue of attempts that wait for one.
final class TargetPool: TargetConnections {
    let target: UpstreamSettings.Target
    /// Its place among the upstream's targets.
    var index: Int
    let settings: UpstreamSettings
    private let worker: Worker
    /// Large bodies come in large reads: a quarter of the system calls of NIO's default of 64 KiB.
    private static let readSizes = AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 4096, maximum: 256 << 10)
    private var unused: [UpstreamConnection] = []
    private var pending: CircularBuffer<Attempt> = []
    var waitingCount: Int { pending.count }
    private var isClosed = false
    /// Open and opening connections.
    private(set) var openCount = 0
    var unusedCount: Int { unused.count }
    /// Attempts that hold a connection or wait for one.
    private(set) var activeCount = 0

    init(_ target: UpstreamSettings.Target, index: Int, settings: UpstreamSettings, worker: Worker) {
        self.target = target
        self.index = index
        self.settings = settings
        self.worker = worker
    }

    /// Leads to exactly one of `attempt.connected` and `attempt.failedToConnect`, maybe at once.
    /// `fresh` asks for a new connection, after a pooled one turned out to be stale.
    func acquire(for attempt: Attempt, fresh: Bool) {
        activeCount += 1
        if !fresh, let connection = unused.popLast() { return attempt.connected(connection) }
        if openCount < settings.maximumConnections { return open(for: attempt) }
        guard pending.count < settings.maximumPending else {
            activeCount -= 1
            return attempt.failedToConnect(.tooManyPending)
        }
        pending.append(attempt)
        attempt.queued()
    }

    /// The attempt has stopped waiting.
    func forget(_ attempt: Attempt) {
        if let index = pending.firstIndex(where: { $0 === attempt }) {
            pending.remove(at: index)
            activeCount -= 1
        }
    }

    /// The attempt is done with the connection, which can serve another.
    func release(_ connection: UpstreamConnection) {
        activeCount -= 1
        if let next = pending.popFirst() { return next.connected(connection) }
        if isClosed { return connection.close() }
        unused.append(connection)
        connection.becameUnused()
    }

    /// The attempt is done, and its connection is closing.
    func discard() { activeCount -= 1 }

    func closed(_ connection: UpstreamConnection) {
        openCount -= 1
        if let index = unused.lastIndex(where: { $0 === connection }) { unused.remove(at: index) }
        if let next = pending.popFirst() { open(for: next) }
    }

    func close() {
        isClosed = true
        for connection in unused { connection.close() }
    }

    private func open(for attempt: Attempt) {
        openCount += 1
        let opening = NIOLoopBound((self, attempt, attempt.serial), eventLoop: worker.loop)
        let worker = NIOLoopBound(self.worker, eventLoop: self.worker.loop)
        let loop = self.worker.loop
        ClientBootstrap(group: self.worker.loop)
            .connectTimeout(.microseconds(Int64(settings.connectTimeoutMicroseconds)))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(.recvAllocator, value: Self.readSizes)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pool = opening.value.0
                    let pipeline = channel.pipeline.syncOperations
                    if pool.target.isSecure, let tls = pool.settings.tls {
                        try pipeline.addHandler(tls.makeHandler(for: pool.target.host))
                    }
                    let connection = UpstreamConnection(pool: pool, worker: worker.value, channel: channel)
                    try pipeline.addHandler(connection)
                }
            }
            .connect(host: target.connectHost, port: target.port)
            .whenComplete { result in
                // Not from within: a channel that is closed before it has told of its activation never tells of its end.
                loop.execute {
                    let (pool, attempt, serial) = opening.value
                    pool.opened(result, for: attempt, serial: serial)
                }
            }
    }

    private func opened(_ result: Result<any Channel, any Error>, for attempt: Attempt, serial: Int) {
        let isStillWanted = attempt.serial == serial
        switch result {
        case .success(let channel):
            guard channel.isActive,
                let connection = try? channel.pipeline.syncOperations.handler(type: UpstreamConnection.self)
            else { return failed(.connectionLost, attempt, isStillWanted) }
            guard target.isSecure else { return established(connection, for: attempt, serial: serial) }
            connection.awaitHandshake { [self] isDone in
                if isDone { return established(connection, for: attempt, serial: serial) }
                failed(.handshakeFailed, attempt, attempt.serial == serial)
            }
        case .failure(let error):
            var failure = Failure.connectRefused
            if case ChannelError.connectTimeout = error { failure = .connectTimeout }
            failed(failure, attempt, isStillWanted)
        }
    }

    private func established(_ connection: UpstreamConnection, for attempt: Attempt, serial: Int) {
        connection.isCounted = true
        if attempt.serial == serial { return attempt.connected(connection) }
        release(connection)
    }

    private func failed(_ failure: Failure, _ attempt: Attempt, _ isStillWanted: Bool) {
        openCount -= 1
        activeCount -= 1
        if isStillWanted { attempt.failedToConnect(failure) }
        // What waited behind this attempt would otherwise wait for a connection that nobody opens.
        if openCount > 0 {
            if openCount < settings.maximumConnections, let next = pending.popFirst() { open(for: next) }
        } else {
            while let next = pending.popFirst() {
                activeCount -= 1
                next.failedToConnect(failure)
            }
        }
    }
}

import GatewayCore
import NIOCore

/// One event loop with all that the transports own on it. What belongs to a worker is only touched on its loop.
package final class Worker {
    package let loop: any EventLoop
    package let index: Int
    /// The gateway's side: set before the first listener opens.
    package var entry: (any ExchangeEntry)!
    package var limits: TransportLimits
    package private(set) var isDraining = false
    /// Another process serves already at the same listeners: idle connections end with their next response, so that no
    /// client sends into a connection that is just being closed.
    private var isYielding = false
    /// Whether connections that have not asked anything yet are closed.
    var turnsAway: Bool { isDraining && !isYielding }

    let buffers = BufferRing()
    let deadlines = DeadlineWheel()
    let date = HTTPDate()
    /// What connections hold for peers that are slow.
    let held: HeldBuffers
    package var memory: BufferMemory { held.memory }
    var idleAttempts: [Attempt] = []
    private var clients: [ObjectIdentifier: any ClientSession] = [:]
    private var ticker: RepeatedTask?
    private var drained: [EventLoopPromise<Void>] = []

    package init(
        loop: any EventLoop, index: Int, limits: TransportLimits, memory: BufferMemory = BufferMemory()
    ) {
        held = HeldBuffers(memory)
        self.loop = loop
        self.index = index
        self.limits = limits
    }

    /// Between two ticks of a worker's clock.
    package static let tickMicroseconds = DeadlineWheel.tickMicroseconds

    /// Starts the clock of the worker's deadlines; `onTick` is called with each tick, for others' periodic work.
    package func start(onTick: @escaping () -> Void) {
        let bound = NIOLoopBound((self, onTick), eventLoop: loop)
        let interval = TimeAmount.microseconds(Int64(DeadlineWheel.tickMicroseconds))
        ticker = loop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
            let (worker, onTick) = bound.value
            worker.deadlines.turn(nowMicroseconds: MonotonicClock.microseconds())
            worker.held.tick()
            onTick()
        }
    }

    package func stop() { ticker?.cancel() }

    /// Client connections that are open now.
    package var connectionCount: Int { clients.count }

    /// Connections that were closed at once because of `limits.connections`, so far.
    package internal(set) var refusedConnections = 0

    /// Upgraded connections that are open now.
    package internal(set) var tunnels = 0

    /// Connections that were ended because their client did no more than cost (HTTP/2), so far.
    package internal(set) var floods = 0

    /// TLS handshakes of clients that failed, so far.
    package internal(set) var failedHandshakes = 0

    /// Ends each connection with its next response, idle ones too.
    package func yield() {
        isYielding = true
        isDraining = true
        for client in Array(clients.values) { client.yield() }
    }

    /// Ends idle connections now and busy ones with their current response. The future completes when all are gone.
    package func drain() -> EventLoopFuture<Void> {
        isYielding = false
        isDraining = true
        let promise = loop.makePromise(of: Void.self)
        drained.append(promise)
        for client in Array(clients.values) { client.drain() }
        completeDrainIfEmpty()
        return promise.futureResult
    }

    /// Closes what is left, for the end of the drain period.
    package func closeAll() {
        for client in Array(clients.values) { client.close() }
    }

    func opened(_ client: any ClientSession) { clients[ObjectIdentifier(client)] = client }

    func closed(_ client: any ClientSession) {
        clients[ObjectIdentifier(client)] = nil
        completeDrainIfEmpty()
    }

    private func completeDrainIfEmpty() {
        guard isDraining, clients.isEmpty else { return }
        let waiting = drained
        drained = []
        for promise in waiting { promise.succeed(()) }
    }
}

/// Bounds on what a client connection may take. Times in microseconds, sizes in bytes.
package struct TransportLimits: Sendable {
    package var headerBytes = 32 * 1024
    /// Requests at once on one HTTP/2 connection.
    package var streams = 256
    package var bodyBytes = 16 * 1024 * 1024
    package var headerTimeoutMicroseconds = 10_000_000
    package var idleTimeoutMicroseconds = 60_000_000
    /// Bytes of a request body a second; see `BodyPace`.
    package var bodyRate = 0

    package init() {}
}

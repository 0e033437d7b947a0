import Configuration
import Encryption
import Filters
import GatewayCore
import NIOCore
import NIOPosix
import RedisClient
import Telemetry
import Transport

/// One Sluice process: its workers, listeners and admin listener, from start to drain.
package actor GatewayNode {
    /// Of Sluice.
    package static let version = "0.1.0"

    package struct Options: Sendable {
        /// Event loops; by default one per core.
        package var workers = System.coreCount
        /// Of the configuration it starts with.
        package var origin = ConfigurationOrigin.file("")
        /// In which systemd says which sockets it has opened.
        package var environment: [String: String] = [:]
        /// By which another process takes over, and this one from the one before; nil: none does.
        package var handover: String?
        package init() {}
    }

    let group: MultiThreadedEventLoopGroup
    let workerCount: Int
    let log: StructuredLog
    let view: NodeView
    let connections: ConnectionCount
    let memory: NodeMemory
    var snapshot: Snapshot
    var workers: [WorkerHandle] = []
    var listeners: [BoundListener] = []
    var admin: (handle: NIOLoopBound<Worker>, listener: Listener)?
    let state: SharedState
    var accessLog: AccessLogSink?
    var isStopping = false
    /// Sockets that wait to be bound.
    var inherited: InheritedListeners
    let predecessor: HandoverReceiver?
    let handoverPath: String?
    var offer: HandoverOffer?
    let successor = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    var hasSuccessor = false
    var status: ConfigurationStatus
    /// The reload that the next one waits for.
    var lastReload: Task<Void, any Error>?
    /// Made with the first name that has to be looked up.
    var names: NameWatch?
    /// Of upstreams whose targets were looked up.
    var rosters: [String: TargetRoster] = [:]

    /// Compiles the configuration; nothing is bound yet.
    /// - Throws: `SnapshotFailure`, or `LogOutputFailure` when the access log can't be opened.
    package init(_ configuration: GatewayConfiguration, options: Options, log: StructuredLog) throws {
        self.log = log
        view = NodeView(log: log)
        state = try SharedState(configuration, log: log)
        snapshot = try Snapshot(configuration, previous: nil, cluster: state.breakers, log: log)
        status = ConfigurationStatus(options.origin, snapshot)
        handoverPath = options.handover
        let taken = try options.handover.flatMap { try HandoverReceiver.connect($0) }
        predecessor = taken?.receiver
        inherited = taken?.listeners ?? InheritedListeners.ofSystemd(options.environment)
        accessLog = try Self.openAccessLog(configuration.accessLog)
        connections = ConnectionCount(
            maximum: configuration.limits.connections,
            perAddress: configuration.limits.connectionsPerAddress ?? .max)
        memory = NodeMemory(limit: configuration.limits.memoryBytes)
        workerCount = max(options.workers, 1)
        group = MultiThreadedEventLoopGroup(numberOfThreads: workerCount)
    }

    /// What `sluice check` asks: whether the configuration could be put to work.
    package static func validate(_ configuration: GatewayConfiguration) throws(SnapshotFailure) {
        for (name, authenticator) in configuration.authenticators {
            _ = try Snapshot.verifier(name, authenticator)
        }
        _ = try SharedState(configuration)
        _ = try Snapshot.translations(of: configuration)
        _ = try Snapshot.listenerTLS(of: configuration, previous: nil)
        for isHTTP2 in [false, true] { _ = try Snapshot.upstreamTLS(of: configuration, isHTTP2: isHTTP2) }
    }

    // MARK: Life

    /// Opens everything. Returns when all listeners are bound.
    /// - Throws: `BindFailure` naming the address.
    package func start() async throws {
        var iterator = group.makeIterator()
        var index = 0
        while let loop = iterator.next() {
            workers.append(try await startWorker(on: loop, index: index))
            index += 1
        }
        state.breakers.whenLimitsChange { [workers] in
            Task { for worker in workers { try? await worker.run { $0.forgetRefusals() } } }
        }
        shareCaptures()
        publish()
        await watchNames()
        await names?.settle(within: .seconds(3))
        let binds = snapshot.configuration.listeners.map(\.bind)
        // First what may fail, while the process before this one, if there is one, still serves.
        try await bindListeners(binds.filter { !inherited.has($0) }, of: snapshot)
        try predecessor?.silence()
        try await bindListeners(binds.filter { inherited.has($0) }, of: snapshot)
        try await startAdmin()
        predecessor?.confirm()
        if !inherited.isEmpty {
            log.warning(
                "inherited listeners are not configured any more, and are closed",
                ["listeners": .string(inherited.addresses.map(\.description).joined(separator: " "))])
            inherited.closeRest()
        }
        try await state.startHeartbeat(on: group.next()) { [weak self] in await self?.description ?? NodeDescription() }
        try await state.startBreakers(on: group.next())
        try await state.startConsumers(on: group.next())
        view.update { [listenerAddresses, adminAddress] in
            $0.address = listenerAddresses.joined(separator: " ")
            $0.admin = adminAddress
        }
        view.pulse.start(view)
        view.started()
        try offerHandover()
        log.info(
            "sluice is serving",
            [
                "listeners": .string(listenerAddresses.joined(separator: " ")), "admin": .string(adminAddress),
                "routes": .integer(snapshot.configuration.routes.count), "workers": .integer(workers.count),
                "node": .string(state.nodeID), "state": .string(state.description),
            ])
    }

    /// Its name in the cluster.
    package nonisolated var nodeID: String { state.nodeID }

    /// Where clients are served, as bound (port 0 has become a real port).
    package var listenerAddresses: [String] {
        listeners.map { "\(BindAddress(host: $0.bind.host, port: $0.listeners.first?.port ?? $0.bind.port))" }
    }

    package var adminAddress: String {
        guard let admin else { return "" }
        return "\(BindAddress(host: snapshot.configuration.admin.bind.host, port: admin.listener.port))"
    }

    /// What other hosts may know of this node.
    private var description: NodeDescription {
        get async {
            var description = NodeDescription()
            description.address = listenerAddresses.joined(separator: " ")
            description.admin = adminAddress
            description.version = Self.version
            description.revision = snapshot.revision
            let counts = await view.requestCounts()
            description.requests = counts.answered
            description.failures = counts.failed
            description.origin = status.origin.label
            description.configuration = status.origin.revision.map { "\($0)" } ?? ""
            description.figures = view.pulse.takeUnsent()
            if let rules = snapshot.configuration.telemetry.decisions.map(DecisionAudit.Rules.init) {
                description.decisionRules = rules
                description.decisions = await view.collect { $0.takeDecisions() }.flatMap { $0 }
            }
            return description
        }
    }

    /// For log rotation.
    package func reopenAccessLog() throws { try accessLog?.reopen() }

    /// Readiness fails, listeners close, requests in flight finish within `drain`; then all is closed.
    package func stop() async {
        guard !isStopping else { return }
        isStopping = true
        view.draining()
        await names?.stop()
        log.info("draining", ["seconds": .integer(snapshot.configuration.drainMicroseconds / 1_000_000)])
        offer?.withdraw(isSucceeded: hasSuccessor)
        for entry in listeners { for listener in entry.listeners { try? await listener.close().get() } }
        if hasSuccessor { await yieldWorkers() }
        await drainWorkers()
        view.pulse.stop()
        await state.stopHeartbeat()
        await state.stopConsumers()
        await state.health.stop()
        await state.breakers.stop()
        for worker in workers {
            let returned = try? await worker.run { $0.returnLeases() }
            try? await returned?.get()
        }
        for worker in workers {
            let told = try? await worker.run { $0.flushTraces() }
            try? await told?.get()
        }
        view.captures.whenChanged {}
        for worker in workers { try? await worker.run { $0.close() } }
        try? await admin?.listener.close().get()
        await view.current.cluster?.close()
        _ = accessLog?.close(withinMilliseconds: 1000)
        log.info("stopped")
        try? await group.shutdownGracefully()
    }

    /// Idle connections get some time for a last request, since closing them could meet one that is on its way.
    private func yieldWorkers() async {
        for worker in workers { try? await worker.run { $0.worker.yield() } }
        let limit = min(snapshot.configuration.drainMicroseconds, 10_000_000)
        let end = ContinuousClock.now + .microseconds(limit)
        while ContinuousClock.now < end {
            var open = 0
            for worker in workers { open += (try? await worker.run { $0.worker.connectionCount }) ?? 0 }
            if open == 0 { return }
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    private func drainWorkers() async {
        let limit = Duration.microseconds(snapshot.configuration.drainMicroseconds)
        let workers = self.workers
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for worker in workers {
                    let drained = try? await worker.run { $0.worker.drain() }
                    try? await drained?.get()
                }
            }
            group.addTask { try? await Task.sleep(for: limit) }
            await group.next()
            // Past the limit what is left is cut off, which completes the drain as well.
            for worker in workers { try? await worker.run { $0.worker.closeAll() } }
            group.cancelAll()
        }
    }

    // MARK: Parts

    private func startWorker(on loop: any EventLoop, index: Int) async throws -> WorkerHandle {
        let (snapshot, state, sink) = (self.snapshot, self.state, accessLog)
        let workerCount = self.workerCount
        let (log, memory, tail, captures) = (self.log, self.memory, view.tail, view.captures)
        return try await loop.submit {
            let worker = Worker(
                loop: loop, index: index, limits: snapshot.transportLimits, memory: BufferMemory(memory))
            let metrics = WorkerMetrics(names: snapshot.metricNames)
            let store = state.makeStore(on: loop, metrics: metrics, log: log)
            let accounts = FetchAccounts()
            let cache = state.makeCache(on: loop, link: store.link, memory: worker.memory) {
                accounts.gateway?.account($0)
            }
            let resources = WorkerResources(
                metrics: metrics, store: store.store, leases: store.leases, redis: store.link, cache: cache,
                consumers: try state.makeConsumers(link: store.link), plans: state.plans,
                services: UpstreamServiceClient(worker: worker, tls: snapshot.serviceTLS),
                accessLog: sink.map { AccessLog(sink: $0, rules: AccessLogRules(snapshot.configuration.accessLog)) },
                tail: tail, captures: captures, node: state.nodeID, workerCount: workerCount)
            let gateway = try WorkerGateway(worker: worker, snapshot: snapshot, resources: resources)
            accounts.gateway = gateway
            worker.entry = gateway
            worker.start { gateway.tick() }
            return WorkerHandle(gateway)
        }.get()
    }

    /// Workers learn which captures are in force, and so does this node of those that others make.
    private func shareCaptures() {
        let captures = view.captures
        captures.whenChanged { [workers] in for worker in workers { worker.post { $0.adoptCaptures() } } }
        state.breakers.whenCapturesChange { text in
            switch CaptureEvent(text, now: MonotonicClock.microseconds()) {
            case .make(let rule): try? captures.make(rule, replaces: true)
            case .end(let id): captures.remove(id)
            case nil: break
            }
        }
    }

    func publish() {
        let (workers, snapshot, accessLog, state) = (self.workers, self.snapshot, self.accessLog, self.state)
        let status = self.status
        let cache = state.nodeCache(on: group.next())
        let cluster = state.access(on: group.next())
        state.breakers.adopt(snapshot.breakers)
        adoptHealth()
        view.update {
            $0.workers = workers
            $0.names = snapshot.metricNames
            $0.accessLog = accessLog
            $0.usesRedis = snapshot.configuration.state.redis != nil
            $0.requiresRedis = snapshot.configuration.state.onFailure == .deny
            $0.liveNodes = { state.liveNodes }
            $0.cache = cache
            $0.snapshot = snapshot
            $0.nodeID = state.nodeID
            $0.cluster = $0.cluster ?? cluster
            $0.configuration = status
        }
    }

    static func openAccessLog(_ settings: AccessLogSettings) throws(LogOutputFailure) -> AccessLogSink? {
        switch settings.destination {
        case .off: nil
        case .stdout: try AccessLogSink(.standardOutput)
        case .stderr: try AccessLogSink(.standardError)
        case .file(let path): try AccessLogSink(.file(path))
        }
    }
}

/// Where the cache of a worker, which is made first, finds the worker's gateway.
private final class FetchAccounts {
    weak var gateway: WorkerGateway?
}

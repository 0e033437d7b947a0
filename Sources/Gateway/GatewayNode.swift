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

    private let group: MultiThreadedEventLoopGroup
    private let workerCount: Int
    private let log: StructuredLog
    private let view = NodeView()
    private let connections: ConnectionCount
    private let memory: NodeMemory
    private var snapshot: Snapshot
    private var workers: [WorkerHandle] = []
    private var listeners: [BoundListener] = []
    private var admin: (handle: NIOLoopBound<Worker>, listener: Listener)?
    private let state: SharedState
    private var accessLog: AccessLogSink?
    private var isStopping = false
    /// Sockets that wait to be bound.
    private var inherited: InheritedListeners
    private let predecessor: HandoverReceiver?
    private let handoverPath: String?
    private var offer: HandoverOffer?
    private let successor = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    private var hasSuccessor = false
    private var status: ConfigurationStatus
    /// The reload that the next one waits for.
    private var lastReload: Task<Void, any Error>?
    /// Made with the first name that has to be looked up.
    private var names: NameWatch?
    /// Of upstreams whose targets were looked up.
    private var rosters: [String: TargetRoster] = [:]

    /// Compiles the configuration; nothing is bound yet.
    /// - Throws: `SnapshotFailure`, or `LogOutputFailure` when the access log can't be opened.
    package init(_ configuration: GatewayConfiguration, options: Options, log: StructuredLog) throws {
        self.log = log
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

    /// Puts a new configuration to work without closing a connection; one at a time. On any error the old one serves on,
    /// untouched.
    /// - Parameter load: reads it.
    package func reload(
        from origin: ConfigurationOrigin, _ load: @escaping @Sendable () async throws -> GatewayConfiguration
    ) async throws {
        let previous = lastReload
        let task = Task {
            _ = await previous?.result
            try await take(origin, load)
        }
        lastReload = task
        try await task.value
    }

    /// What `POST /api/reload` does.
    package func whenAskedToReload(_ body: @escaping @Sendable () async throws -> Void) {
        view.update { $0.reload = body }
    }

    private func take(
        _ origin: ConfigurationOrigin, _ load: @Sendable () async throws -> GatewayConfiguration
    ) async throws {
        guard !isStopping else { return }
        do {
            try await replace(with: try await load())
            status.took(origin, snapshot)
            log.log(
                .info, "configuration reloaded",
                ["generation": .integer(snapshot.generation), "routes": .integer(snapshot.configuration.routes.count)],
                thins: false)
        } catch {
            status.refused(origin, because: "\(error)")
            log.log(
                .error, "reload refused; the old configuration serves on", ["reason": .string("\(error)")],
                thins: false)
            publish()
            throw error
        }
        publish()
    }

    private func replace(with configuration: GatewayConfiguration) async throws {
        let next = try Snapshot(configuration, previous: snapshot, cluster: state.breakers, log: log)
        try state.checkUnchanged(configuration)
        guard configuration.admin == snapshot.configuration.admin else {
            throw SnapshotFailure(place: "admin", reason: "admin can't be changed by a reload; restart the node")
        }
        let isLogKept = configuration.accessLog.destination == snapshot.configuration.accessLog.destination
        let nextLog = isLogKept ? accessLog : try Self.openAccessLog(configuration.accessLog)
        let bound = Set(listeners.map(\.bind))
        do {
            try await bindNewListeners(of: next)
            for worker in workers { try await worker.run { try $0.prepare(next) } }
        } catch {
            for worker in workers { try? await worker.run { $0.discardPrepared() } }
            await closeListeners { !bound.contains($0) }
            if !isLogKept { _ = nextLog?.close(withinMilliseconds: 500) }
            throw error
        }
        next.adoptBreakerSettings()
        let rules = AccessLogRules(configuration.accessLog)
        for worker in workers {
            try await worker.run { $0.adoptPrepared(nextLog.map { AccessLog(sink: $0, rules: rules) }) }
        }
        connections.setMaximum(
            configuration.limits.connections, perAddress: configuration.limits.connectionsPerAddress ?? .max)
        memory.setLimit(configuration.limits.memoryBytes)
        for entry in listeners {
            let (tls, balancers) = (next.listenerTLS[entry.bind], next.balancers[entry.bind])
            for admission in entry.admissions {
                admission.eventLoop.execute {
                    admission.value.tls = tls
                    admission.value.balancers = balancers
                }
            }
        }
        let kept = Set(configuration.listeners.map(\.bind))
        await closeListeners { !kept.contains($0) }
        if let accessLog, accessLog !== nextLog { _ = accessLog.close(withinMilliseconds: 500) }
        accessLog = nextLog
        snapshot = next
        await watchNames()
        await retarget(isReload: true)
    }

    private func closeListeners(where isSuperfluous: (BindAddress) -> Bool) async {
        for index in listeners.indices.reversed() where isSuperfluous(listeners[index].bind) {
            for listener in listeners.remove(at: index).listeners { try? await listener.close().get() }
        }
    }

    /// For log rotation.
    package func reopenAccessLog() throws { try accessLog?.reopen() }

    // MARK: Upgrade

    /// Returns when another process has taken over, or the task is cancelled.
    package func waitForSuccessor() async {
        for await _ in successor.stream { return }
    }

    private func offerHandover() throws {
        guard let handoverPath else { return }
        offer = try HandoverOffer(
            path: handoverPath,
            steps: HandoverOffer.Steps(
                listeners: { [weak self] in await self?.duplicatedListeners ?? [] },
                fallSilent: { [weak self] in await self?.fallSilent() },
                resume: { [weak self] in await self?.resume() },
                taken: { [weak self] in await self?.yieldToSuccessor() }))
    }

    /// For another process; this one's stay open.
    private var duplicatedListeners: [(address: BindAddress, descriptor: Int32)] {
        var all = listeners.flatMap { entry in entry.listeners.map { (entry.bind, $0.descriptor) } }
        if let admin { all.append((snapshot.configuration.admin.bind, admin.listener.descriptor)) }
        return all.compactMap { address, descriptor in
            (try? ListeningSocket.duplicate(descriptor)).map { (address, $0) }
        }
    }

    /// Accepts no more: connections wait in the sockets' queues until the successor accepts them. The sockets are kept, in
    /// case it does not come to that.
    private func fallSilent() async {
        for listener in duplicatedListeners { inherited.add(listener.descriptor, for: listener.address) }
        await closeListeners { _ in true }
        try? await admin?.listener.close().get()
    }

    /// The successor has failed: accepts again.
    private func resume() async {
        log.warning("the process that was to take over has gone; serving on")
        do {
            try await bindListeners(snapshot.configuration.listeners.map(\.bind), of: snapshot)
            try await startAdmin()
        } catch {
            log.log(.error, "listeners could not be resumed", ["reason": .string("\(error)")], thins: false)
        }
        inherited.closeRest()
    }

    private func yieldToSuccessor() {
        log.info("another process has taken over")
        inherited.closeRest()
        hasSuccessor = true
        successor.continuation.yield()
    }

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
        let (log, memory, tail) = (self.log, self.memory, view.tail)
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
                tail: tail, node: state.nodeID, workerCount: workerCount)
            let gateway = try WorkerGateway(worker: worker, snapshot: snapshot, resources: resources)
            accounts.gateway = gateway
            worker.entry = gateway
            worker.start { gateway.tick() }
            return WorkerHandle(gateway)
        }.get()
    }

    private func bindListeners(_ binds: [BindAddress], of snapshot: Snapshot) async throws {
        for bind in binds {
            var bound = BoundListener(bind: bind)
            var port = bind.port
            do {
                var sources = try sockets(for: bind)
                if sources.isEmpty {
                    sources = workers.map { ($0, nil) }
                    try await Listener.checkUnused(host: bind.host, port: port, on: group.next()).get()
                }
                for (worker, socket) in sources {
                    let wanted = port
                    let (connections, tls, balancers) = (
                        self.connections, snapshot.listenerTLS[bind], snapshot.balancers[bind]
                    )
                    let (future, admission) = try await worker.run { gateway in
                        let admission = ClientAdmission(
                            worker: gateway.worker, count: connections, listener: "\(bind)", tls: tls
                        ) {
                            try PeerCertificate(der: $0)
                        }
                        admission.balancers = balancers
                        return (
                            Listener.bind(
                                host: bind.host, port: wanted, inherited: socket, admission: admission),
                            NIOLoopBound(admission, eventLoop: gateway.worker.loop)
                        )
                    }
                    let listener = try await future.get()
                    // Port 0: the first worker finds a free port, and the others share it.
                    port = listener.port
                    bound.listeners.append(listener)
                    bound.admissions.append(admission)
                }
            } catch {
                for listener in bound.listeners { try? await listener.close().get() }
                throw BindFailure(key: "listeners", address: "\(bind)", reason: "\(error)")
            }
            listeners.append(bound)
        }
    }

    /// Which worker accepts from which inherited socket; empty: none is inherited. None is left out, since connections wait in
    /// each. A worker more than there are sockets shares one, except in debug builds: NIO then takes a wake-up without a
    /// connection, which another worker was quicker to accept, for a bug.
    private func sockets(for bind: BindAddress) throws -> [(WorkerHandle, Int32?)] {
        let descriptors = inherited.take(bind)
        guard !descriptors.isEmpty else { return [] }
        let count = max(InheritedListeners.areShared ? workers.count : 0, descriptors.count)
        return try (0..<count).map { index in
            let descriptor =
                index < descriptors.count
                ? descriptors[index] : try ListeningSocket.duplicate(descriptors[index % descriptors.count])
            return (workers[index % workers.count], descriptor)
        }
    }

    /// All of those that are not bound yet, or none.
    private func bindNewListeners(of snapshot: Snapshot) async throws {
        let known = Set(listeners.map(\.bind))
        let count = listeners.count
        do {
            try await bindListeners(
                snapshot.configuration.listeners.map(\.bind).filter { !known.contains($0) }, of: snapshot)
        } catch {
            for entry in listeners[count...] { for listener in entry.listeners { try? await listener.close().get() } }
            listeners.removeSubrange(count...)
            throw error
        }
    }

    private func startAdmin() async throws {
        let settings = snapshot.configuration.admin
        let (view, loop) = (self.view, group.next())
        let connections = ConnectionCount(maximum: 256)
        let handle = try await loop.submit {
            var limits = TransportLimits()
            limits.bodyBytes = 64 * 1024
            let worker = Worker(loop: loop, index: -1, limits: limits)
            worker.entry = AdminEntry(node: view, token: settings.token, worker: worker)
            worker.start {}
            return NIOLoopBound(worker, eventLoop: loop)
        }.get()
        do {
            let socket = inherited.take(settings.bind).first
            if socket == nil {
                try await Listener.checkUnused(host: settings.bind.host, port: settings.bind.port, on: loop).get()
            }
            let listener = try await loop.flatSubmit {
                Listener.bind(
                    host: settings.bind.host, port: settings.bind.port, inherited: socket,
                    admission: ClientAdmission(worker: handle.value, count: connections))
            }.get()
            admin = (handle, listener)
        } catch {
            throw BindFailure(key: "admin", address: "\(settings.bind)", reason: "\(error)")
        }
    }

    // MARK: Names

    private func watchNames() async {
        let upstreams = snapshot.configuration.upstreams.values
        let wanted = upstreams.reduce(into: Set<NameWatch.Name>()) { $0.formUnion($1.watchedNames) }
        guard names != nil || !wanted.isEmpty else { return }
        let names = self.names ?? NameWatch(log: log) { [weak self] in await self?.retarget(isReload: false) }
        self.names = names
        await names.watch(wanted, snapshot.configuration.names, on: group.next())
    }

    /// Gives workers what names stand for now.
    /// - Parameter isReload: what workers have was made of the configuration alone.
    private func retarget(isReload: Bool) async {
        guard let places = await names?.places else { return }
        // From here on nothing is waited for: what was found later is told later.
        let configuration = snapshot.configuration
        rosters = rosters.filter { configuration.upstreams[$0.key]?.watchedNames.isEmpty == false }
        for (name, upstream) in configuration.upstreams where !upstream.watchedNames.isEmpty {
            let targets = upstream.transportTargets(zone: configuration.nodeZone, places)
            let before = rosters[name]
            guard isReload || before?.targets != targets else { continue }
            let roster = TargetRoster.next(targets, of: name, upstream, after: before, log: log)
            rosters[name] = roster
            for worker in workers { worker.post { $0.retarget(name, roster) } }
            guard before?.targets != targets else { continue }
            log.info(
                "targets found by name",
                ["upstream": .string(name), "targets": .string(targets.map(\.name).joined(separator: " "))])
        }
        adoptHealth()
    }

    private func adoptHealth() {
        var health: [String: any ClusterChecks] = snapshot.health
        for (name, roster) in rosters { health[name] = roster.health }
        state.health.adopt(health)
    }

    private func publish() {
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

    private static func openAccessLog(_ settings: AccessLogSettings) throws(LogOutputFailure) -> AccessLogSink? {
        switch settings.destination {
        case .off: nil
        case .stdout: try AccessLogSink(.standardOutput)
        case .stderr: try AccessLogSink(.standardError)
        case .file(let path): try AccessLogSink(.file(path))
        }
    }
}

/// An address that all workers accept connections at.
private struct BoundListener {
    let bind: BindAddress
    var listeners: [Listener] = []
    /// One for each of them.
    var admissions: [NIOLoopBound<ClientAdmission>] = []
}

/// Where the cache of a worker, which is made first, finds the worker's gateway.
private final class FetchAccounts {
    weak var gateway: WorkerGateway?
}

/// An address that can't be listened on.
package struct BindFailure: Error, CustomStringConvertible {
    package let key: String
    package let address: String
    package let reason: String
    package var description: String {
        "\(key): can't listen on \(address): \(reason); free the address or bind to another one"
    }
}

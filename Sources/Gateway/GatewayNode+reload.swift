import Configuration
import GatewayCore
import NIOCore
import Telemetry
import Transport

/// Taking a new configuration while the old one serves.
extension GatewayNode {
    /// Puts a new configuration to work without closing a connection; one at a time. On any error the old one serves on,
    /// untouched.
    /// - Parameter load: reads it.
    package func reload(
        from origin: ConfigurationOrigin, _ load: @escaping @Sendable () throws -> GatewayConfiguration
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
        _ origin: ConfigurationOrigin, _ load: @escaping @Sendable () throws -> GatewayConfiguration
    ) async throws {
        guard !isStopping else { return }
        do {
            let (previous, breakers, log) = (snapshot, state.breakers, log)
            let next = try await QuietThread.run {
                try Snapshot(try load(), previous: previous, cluster: breakers, log: log)
            }
            try await replace(with: next)
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

    private func replace(with next: Snapshot) async throws {
        let configuration = next.configuration
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
        let former = snapshot
        snapshot = next
        await watchNames()
        await retarget(isReload: true)
        // Taking ten thousand routes apart takes a while as well.
        try? await QuietThread.run { withExtendedLifetime(former) {} }
    }
}

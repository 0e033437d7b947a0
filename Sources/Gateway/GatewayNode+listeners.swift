import Configuration
import Encryption
import Filters
import GatewayCore
import NIOCore
import NIOPosix
import Transport

/// Where clients and operators connect.
extension GatewayNode {
    func bindListeners(_ binds: [BindAddress], of snapshot: Snapshot) async throws {
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
    func bindNewListeners(of snapshot: Snapshot) async throws {
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

    func startAdmin() async throws {
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

    func closeListeners(where isSuperfluous: (BindAddress) -> Bool) async {
        for index in listeners.indices.reversed() where isSuperfluous(listeners[index].bind) {
            for listener in listeners.remove(at: index).listeners { try? await listener.close().get() }
        }
    }
}

/// An address that all workers accept connections at.
struct BoundListener {
    let bind: BindAddress
    var listeners: [Listener] = []
    /// One for each of them.
    var admissions: [NIOLoopBound<ClientAdmission>] = []
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

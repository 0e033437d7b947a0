import Configuration
import NIOCore
import Telemetry
import Transport

/// Handing the listeners over to another process.
extension GatewayNode {
    /// Returns when another process has taken over, or the task is cancelled.
    package func waitForSuccessor() async {
        for await _ in successor.stream { return }
    }

    func offerHandover() throws {
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
}

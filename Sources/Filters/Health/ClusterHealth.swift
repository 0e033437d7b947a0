import GatewayCore
import NIOCore
import RedisClient
import Synchronization

/// The health of this node's upstreams by their names, and the way by which it is shared with the cluster. Without Redis
/// nothing is started, and each node checks for itself.
package final class ClusterHealth: Sendable {
    private struct Guarded {
        var checks: [String: any ClusterChecks] = [:]
        var sharing: NIOLoopBound<HealthSharing>?
        var loop: (any EventLoop)?
    }

    private let guarded = Mutex(Guarded())

    package init() {}

    /// Those of a configuration that is put to work.
    package func adopt(_ checks: [String: any ClusterChecks]) {
        guarded.withLock { $0.checks = checks }
    }

    /// Begins to share, over a link that is about to be started. On its loop.
    package func start(_ link: RedisLink, namespace: String, nodeID: String) {
        let sharing = HealthSharing(link: link, namespace: namespace, nodeID: nodeID) { [self] in
            guarded.withLock { $0.checks }
        }
        let bound = NIOLoopBound(sharing, eventLoop: link.eventLoop)
        guarded.withLock { ($0.sharing, $0.loop) = (bound, link.eventLoop) }
        sharing.start()
    }

    /// Findings of an upstream have changed elsewhere.
    package func heard(of upstream: String) { onLoop { $0.heard(of: upstream) } }

    package func stop() async {
        let (sharing, loop) = guarded.withLock { ($0.sharing, $0.loop) }
        guard let sharing, let loop else { return }
        try? await loop.submit { sharing.value.stop() }.get()
    }

    private func onLoop(_ body: @escaping @Sendable (HealthSharing) -> Void) {
        let (sharing, loop) = guarded.withLock { ($0.sharing, $0.loop) }
        guard let sharing, let loop else { return }
        loop.execute { body(sharing.value) }
    }
}

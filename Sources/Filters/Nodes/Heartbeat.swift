import NIOCore
import RedisClient
import Synchronization

/// Announces this node in `<namespace>:nodes` once a second, and knows how many nodes are alive: what a limit is divided
/// by while Redis can't be asked. The last known number stays in force then.
package final class Heartbeat: Sendable {
    /// A node that was silent for this long is not counted.
    static let lapseMicroseconds = 5_000_000

    private let live = Atomic<Int>(1)
    private let nodeID: String
    private let namespace: String
    private let task = Mutex<Task<Void, Never>?>(nil)

    package init(nodeID: String, namespace: String) {
        self.nodeID = nodeID
        self.namespace = namespace
    }

    /// At least 1.
    package var liveNodes: Int { live.load(ordering: .relaxed) }

    package func start(_ client: RedisClient) {
        let beat = Task { [self] in
            while !Task.isCancelled {
                await announce(client)
                try? await Task.sleep(for: .seconds(1))
            }
            await leave(client)
            try? await client.close()
        }
        task.withLock { $0 = beat }
    }

    /// Takes this node off the list, so that the others need not wait for it to lapse.
    package func stop() async {
        let beat = task.withLock { $0 }
        beat?.cancel()
        await beat?.value
    }

    private func announce(_ client: RedisClient) async {
        let script = String(decoding: PackageResources.heartbeat_lua, as: UTF8.self)
        let reply = try? await client.send(
            "EVAL", script, "1", "\(namespace):nodes", nodeID, "\(Self.lapseMicroseconds)",
            routedBy: "\(namespace):nodes")
        if let count = reply?.integer { live.store(max(count, 1), ordering: .relaxed) }
    }

    private func leave(_ client: RedisClient) async {
        _ = try? await client.send("ZREM", "\(namespace):nodes", nodeID, routedBy: "\(namespace):nodes")
    }
}

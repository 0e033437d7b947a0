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

    /// - Parameter description: what `<namespace>:node:<id>` tells of this node: address, version.
    package func start(_ client: RedisClient, description: [String: String] = [:]) {
        let beat = Task { [self] in
            var started: Int?
            var counts = LiveNodeCount()
            var isHeard = false
            while !Task.isCancelled {
                if let count = await announce(client) {
                    live.store(counts.heard(count), ordering: .relaxed)
                    isHeard = true
                }
                await describe(client, description, &started)
                // Until the first answer this node takes itself for the only one: in an outage it would admit too much.
                try? await Task.sleep(for: isHeard ? .seconds(1) : .milliseconds(20))
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

    /// - Returns: how many nodes Redis knows of; nil: it did not answer.
    private func announce(_ client: RedisClient) async -> Int? {
        let script = String(decoding: PackageResources.heartbeat_lua, as: UTF8.self)
        let reply = try? await client.send(
            "EVAL", script, "1", "\(namespace):nodes", nodeID, "\(Self.lapseMicroseconds)",
            routedBy: "\(namespace):nodes")
        return reply?.integer
    }

    private func describe(_ client: RedisClient, _ description: [String: String], _ started: inout Int?) async {
        if started == nil, let time = try? await client.send("TIME").elements, time.count == 2 {
            started = (time[0].integer ?? 0) * 1_000_000 + (time[1].integer ?? 0)
        }
        let fields = description.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }
        let words = ["HSET", nodeKey] + fields + ["started", "\(started ?? 0)"]
        _ = try? await client.send(words, routedBy: nodeKey)
        _ = try? await client.send("PEXPIRE", nodeKey, "\(Self.lapseMicroseconds / 1000)", routedBy: nodeKey)
    }

    private var nodeKey: String { "\(namespace):node:\(nodeID)" }

    private func leave(_ client: RedisClient) async {
        _ = try? await client.send("DEL", nodeKey, routedBy: nodeKey)
        _ = try? await client.send("ZREM", "\(namespace):nodes", nodeID, routedBy: "\(namespace):nodes")
    }
}

import GatewayCore
import NIOCore
import RedisClient
import Synchronization
import Telemetry

/// Announces this node in `<namespace>:nodes` once a second, describes it in `<namespace>:node:<id>`, and knows how many
/// nodes are alive: what a limit is divided by while Redis can't be asked. The last known number stays in force then.
package final class Heartbeat: Sendable {
    /// A node that was silent for this long is not counted.
    static let lapseMicroseconds = 5_000_000

    private let live = Atomic<Int>(1)
    private let nodeID: String
    private let namespace: String
    private let began = ContinuousClock.now
    private let task = Mutex<Task<Void, Never>?>(nil)

    package init(nodeID: String, namespace: String) {
        self.nodeID = nodeID
        self.namespace = namespace
    }

    /// At least 1.
    package var liveNodes: Int { live.load(ordering: .relaxed) }

    /// - Parameter describe: asked before each heartbeat.
    package func start(_ client: RedisClient, describe: @escaping @Sendable () async -> NodeDescription) {
        let beat = Task { [self] in
            var introduction = Introduction()
            var counts = LiveNodeCount()
            var isHeard = false
            while !Task.isCancelled {
                if let count = await announce(client) {
                    live.store(counts.heard(count), ordering: .relaxed)
                    isHeard = true
                }
                let description = await describe()
                await introduce(client, description, &introduction)
                await FiguresInRedis.stream(namespace, node: nodeID).append(
                    description.figures.map(\.fields), to: client)
                await tell(description, to: client)
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

    private var nodesKey: String { "\(namespace):nodes" }
    private var nodeKey: String { "\(namespace):node:\(nodeID)" }

    /// What one heartbeat leaves to the next.
    private struct Introduction {
        var pace = RequestPace()
        /// When the node started, by the clock of Redis, as the first heartbeat found it; or nothing.
        var started = ""
    }

    /// - Returns: how many nodes Redis knows of; nil: it did not answer.
    private func announce(_ client: RedisClient) async -> Int? {
        let script = String(decoding: PackageResources.heartbeat_lua, as: UTF8.self)
        let reply = try? await client.send(
            "EVAL", script, "1", nodesKey, nodeID, "\(Self.lapseMicroseconds)", routedBy: nodesKey)
        return reply?.integer
    }

    /// A command of its own, because in a cluster the key lives in another slot than the list of nodes.
    private func introduce(
        _ client: RedisClient, _ node: NodeDescription, _ introduction: inout Introduction
    ) async {
        let now = ContinuousClock.now
        let script = String(decoding: PackageResources.node_lua, as: UTF8.self)
        let reply = try? await client.send(
            [
                "EVAL", script, "1", nodeKey, "\(Self.lapseMicroseconds)", introduction.started,
                "\(Int((now - began) / .microseconds(1)))", "address", node.address, "admin", node.admin,
                "version", node.version, "revision", node.revision,
                "requests", introduction.pace.perSecond(node.requests, at: now), "answered", "\(node.requests)",
                "failed", "\(node.failures)", "origin", node.origin, "configuration", node.configuration,
            ] + node.summary, routedBy: nodeKey)
        if let started = reply?.text { introduction.started = started }
    }

    private func tell(_ node: NodeDescription, to client: RedisClient) async {
        guard let rules = node.decisionRules, !node.decisions.isEmpty else { return }
        let now = MonotonicClock.microseconds()
        await DecisionsInRedis.stream(namespace, rules).append(
            node.decisions.map { $0.fields(node: nodeID, now: now) }, to: client)
    }

    private func leave(_ client: RedisClient) async {
        _ = try? await client.send("ZREM", nodesKey, nodeID, routedBy: nodesKey)
        _ = try? await client.send("DEL", nodeKey, routedBy: nodeKey)
        let figures = FiguresInRedis.stream(namespace, node: nodeID).key
        _ = try? await client.send("DEL", figures, routedBy: figures)
    }
}

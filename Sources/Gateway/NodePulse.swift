import Filters
import GatewayCore
import Synchronization
import Telemetry

/// Once a second, what this node has done in it: kept for some minutes for the dashboard, and told to the cluster with the
/// next heartbeat.
final class NodePulse: Sendable {
    private struct State {
        var history: [TimedFigures] = []
        /// What the cluster has not been told yet.
        var unsent: [NodeFigures] = []
        var last: (at: ContinuousClock.Instant, cpuMicroseconds: Int)?
    }

    /// Seconds that are kept.
    static let remembered = 300
    private static let mostUnsent = 5

    private let state = Mutex(State())
    private let task = Mutex<Task<Void, Never>?>(nil)

    func start(_ node: NodeView) {
        let beat = Task { [self] in
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(1))
                await measure(node)
            }
        }
        task.withLock { $0 = beat }
    }

    func stop() { task.withLock { $0 }?.cancel() }

    /// The latest five minutes.
    var history: [TimedFigures] { state.withLock { $0.history } }

    /// What was measured since the last call; at most a few.
    func takeUnsent() -> [NodeFigures] {
        state.withLock { state in
            defer { state.unsent.removeAll() }
            return state.unsent
        }
    }

    private func measure(_ node: NodeView) async {
        let digests = await node.collect { $0.digest() }
        let process = ProcessMetrics.read()
        let now = ContinuousClock.now
        var figures = NodeFigures(
            digests.reduce(into: TrafficDigest()) { $0 += $1.traffic }, names: node.current.names.routes.names)
        figures.workers = max(1, digests.count)
        figures.connections = digests.reduce(0) { $0 + $1.connections }
        figures.pending = digests.reduce(0) { $0 + $1.pending }
        figures.memoryBytes = process.residentBytes
        state.withLock { state in
            if let last = state.last {
                figures.spanMilliseconds = max(1, Int((now - last.at) / .milliseconds(1)))
                figures.cpuMicroseconds = max(0, process.cpuMicroseconds - last.cpuMicroseconds)
            }
            state.last = (now, process.cpuMicroseconds)
            if state.history.count == Self.remembered { state.history.removeFirst() }
            state.history.append(TimedFigures(time: StructuredLog.wallClock() / 1000, figures: figures))
            if state.unsent.count == Self.mostUnsent { state.unsent.removeFirst() }
            state.unsent.append(figures)
        }
    }
}

/// What a worker tells of its last second.
struct WorkerDigest: Sendable {
    let traffic: TrafficDigest
    let connections: Int
    let pending: Int
}

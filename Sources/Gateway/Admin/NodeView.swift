import NIOCore
import Synchronization
import Telemetry
import Transport

/// What the admin listener may see of the node.
final class NodeView: Sendable {
    struct Source: Sendable {
        var workers: [WorkerHandle] = []
        var names = MetricNames()
        var accessLog: AccessLogSink?
        /// Whether limits are shared through Redis, and must be (`on_failure: deny`).
        var usesRedis = false
        var requiresRedis = false
        var liveNodes: @Sendable () -> Int = { 1 }
        /// Nil until the node has started.
        var cache: NodeCache?
        var snapshot: Snapshot?
        var nodeID = ""
        /// The shared state; nil without Redis.
        var cluster: ClusterAccess?
        var configuration: ConfigurationStatus?
        /// Has the node read its configuration anew; nil until it has started.
        var reload: (@Sendable () async throws -> Void)?
        /// Where clients are served, and where this is.
        var address = ""
        var admin = ""
    }

    private let source = Mutex(Source())
    /// The node's last minutes.
    let pulse = NodePulse()
    let tail = RequestTail()
    let captures: CaptureRules
    let began = ContinuousClock.now
    private let isStarted = Atomic<Bool>(false)
    private let isStopping = Atomic<Bool>(false)

    init(log: StructuredLog? = nil) { captures = CaptureRules(log: log) }

    func update(_ change: (inout Source) -> Void) { source.withLock { change(&$0) } }
    func started() { isStarted.store(true, ordering: .relaxed) }
    func draining() { isStopping.store(true, ordering: .relaxed) }

    var current: Source { source.withLock { $0 } }
    var isServing: Bool { isStarted.load(ordering: .relaxed) && !isDraining }
    var isDraining: Bool { isStopping.load(ordering: .relaxed) }

    /// What all workers have counted, together.
    func values() async -> MetricValues {
        await collect { $0.measure() }.reduce(into: MetricValues()) { $0 += $1 }
    }

    func metrics() async -> MetricsSnapshot {
        let source = current
        let shards = await collect { ($0.measure(), $0.gauges) }
        var snapshot = MetricsSnapshot(
            names: source.names, summing: shards.map(\.0),
            accessLog: source.accessLog?.statistics ?? AccessLogStatistics(), process: ProcessMetrics.read(),
            nodes: source.liveNodes(), workers: shards.map(\.1))
        snapshot.configuration = source.configuration?.metrics
        return snapshot
    }

    /// The configuration in force.
    /// - Throws: `AdminMistake` while the node is starting.
    func snapshot() throws(AdminMistake) -> Snapshot {
        guard let snapshot = current.snapshot else { throw AdminMistake("the node is still starting", status: 503) }
        return snapshot
    }

    /// Requests answered since the start, and those of them with a 5xx status.
    func requestCounts() async -> (answered: Int, failed: Int) {
        await collect { ($0.answeredRequests, $0.failedRequests) }.reduce((0, 0)) { ($0.0 + $1.0, $0.1 + $1.1) }
    }

    /// One value of each worker.
    func collect<Value: Sendable>(_ body: @escaping @Sendable (WorkerGateway) -> Value) async -> [Value] {
        var values: [Value] = []
        for worker in current.workers {
            if let value = try? await worker.run(body) { values.append(value) }
        }
        return values
    }
}

/// A worker's gateway as other threads may hold it: whatever is done with it is done on its loop.
struct WorkerHandle: Sendable {
    let loop: any EventLoop
    private let gateway: NIOLoopBound<WorkerGateway>

    /// On the worker's loop only.
    init(_ gateway: WorkerGateway) {
        loop = gateway.worker.loop
        self.gateway = NIOLoopBound(gateway, eventLoop: gateway.worker.loop)
    }

    /// Without waiting for it; in the order of the calls.
    func post(_ body: @escaping @Sendable (WorkerGateway) -> Void) {
        loop.execute { [gateway] in body(gateway.value) }
    }

    func run<Value: Sendable>(_ body: @escaping @Sendable (WorkerGateway) throws -> Value) async throws -> Value {
        try await loop.submit { [gateway] in try body(gateway.value) }.get()
    }
}

import Filters
import GatewayCore
import NIOCore
import Synchronization
import Telemetry
import Transport

/// What the admin listener may see of the node: its readiness and its counters.
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
    }

    private let source = Mutex(Source())
    private let isStarted = Atomic<Bool>(false)
    private let isDraining = Atomic<Bool>(false)

    func update(_ change: (inout Source) -> Void) { source.withLock { change(&$0) } }
    func started() { isStarted.store(true, ordering: .relaxed) }
    func draining() { isDraining.store(true, ordering: .relaxed) }

    /// 200 while requests should be sent here. Without Redis a node that decides alone is degraded but ready: taking all
    /// nodes out because Redis is gone would turn a blip into an outage (STATE.md, promise 4).
    func readiness() async -> Reply {
        let source = self.source.withLock { $0 }
        let connected = await Self.collect(source.workers) { $0.isRedisReady }
        let isRedisUp = connected.allSatisfy { $0 ?? true }
        let isServing = isStarted.load(ordering: .relaxed) && !isDraining.load(ordering: .relaxed)
        let isReady = isServing && (isRedisUp || !source.requiresRedis)
        var status = isReady ? "ready" : isDraining.load(ordering: .relaxed) ? "draining" : "not ready"
        if isReady, source.usesRedis, !isRedisUp { status = "degraded" }
        let redis = source.usesRedis ? (isRedisUp ? "up" : "down") : "not configured"
        return AdminEntry.json(
            isReady ? 200 : 503, #"{"status":"\#(status)","dependencies":{"redis":"\#(redis)"}}"#)
    }

    func metrics() async -> Reply {
        let source = self.source.withLock { $0 }
        let shards = await Self.collect(source.workers) { $0.measure() }
        let snapshot = MetricsSnapshot(
            names: source.names, summing: shards, accessLog: source.accessLog?.statistics ?? AccessLogStatistics(),
            process: ProcessMetrics.read(), nodes: source.liveNodes())
        return Reply(status: 200, contentType: PrometheusText.contentType, content: PrometheusText.render(snapshot))
    }

    /// What the node's memory holds of responses, and how often its cache took part, by route.
    func cache() async -> Reply {
        let source = self.source.withLock { $0 }
        let shards = await Self.collect(source.workers) { $0.measure() }
        let values = shards.reduce(into: MetricValues()) { $0 += $1 }
        let routes = zip(source.names.routes.names, values.routes).filter { $0.1.cache.total > 0 }.map { name, route in
            let counts = CacheOutcome.allCases.map { "\"\($0.label)\":\(route.cache[$0])" }
            return "{\"route\":\(JSONText.quoted(name)),\(counts.joined(separator: ","))}"
        }
        let counters = source.cache?.near.counters ?? NearCounters()
        return AdminEntry.json(
            200,
            "{\"memory\":{\"entries\":\(counters.entries),\"bytes\":\(counters.bytes),\"evictions\":\(counters.evictions)},"
                + "\"shared\":\(source.usesRedis),\"routes\":[\(routes.joined(separator: ","))]}")
    }

    func purge(_ body: [UInt8]) async -> Reply {
        do throws(AdminMistake) {
            let order = try AdminCache.order(body)
            guard let cache = source.withLock({ $0.cache }) else { throw AdminMistake("the node is still starting") }
            return await Self.carryOut(order, cache)
        } catch {
            return error.reply
        }
    }

    private static func carryOut(_ order: CachePurgeOrder, _ cache: NodeCache) async -> Reply {
        do {
            try await cache.purge(order)
            return AdminEntry.json(200, "{\"purged\":true,\"cluster\":\(cache.redis != nil)}")
        } catch {
            return .unavailable(
                "This node's memory was purged, but Redis could not be asked (\(error)), so other nodes may serve on; try again.",
                retryAfterSeconds: 1)
        }
    }

    /// Requests answered since the start.
    func requestCount() async -> Int {
        await Self.collect(source.withLock { $0.workers }) { $0.answeredRequests }.reduce(0, +)
    }

    private static func collect<Value: Sendable>(
        _ workers: [WorkerHandle], _ body: @escaping @Sendable (WorkerGateway) -> Value
    ) async -> [Value] {
        var values: [Value] = []
        for worker in workers {
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

    func run<Value: Sendable>(_ body: @escaping @Sendable (WorkerGateway) throws -> Value) async throws -> Value {
        try await loop.submit { [gateway] in try body(gateway.value) }.get()
    }
}

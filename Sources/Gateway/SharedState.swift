import Configuration
import Filters
import GatewayCore
import NIOCore
import RedisClient
import Telemetry

#if canImport(Glibc)
    import Glibc
#endif

/// What this node shares with others, or would if it had any: the way to Redis, the memory to fall back on, and who is alive.
struct SharedState: Sendable {
    let nodeID: String
    private let settings: StateSettings
    private let memory = SharedBuckets()
    private let heartbeat: Heartbeat

    init(_ configuration: GatewayConfiguration) {
        settings = configuration.state
        nodeID = configuration.nodeID ?? Self.defaultNodeID()
        heartbeat = Heartbeat(nodeID: nodeID, namespace: settings.namespace)
    }

    /// Nodes that share the limits, this one included.
    var liveNodes: Int { heartbeat.liveNodes }

    var description: String { settings.redis.map { "redis://\($0.host):\($0.port)/\($0.database)" } ?? "in-process" }

    /// A worker's store, with its leases and its connection if there are any. On the worker's loop.
    func makeStore(
        on loop: any EventLoop, metrics: WorkerMetrics, log: StructuredLog
    ) -> (
        store: any RateLimitStore, leases: LeasingRateLimitStore?, connection: RedisConnection?
    ) {
        let local = InMemoryRateLimitStore(memory)
        guard let redis = settings.redis else { return (local, nil, nil) }
        let connection = RedisConnection(Self.connectionSettings(redis, settings, nodeID), on: loop)
        connection.onChange = { change in Self.report(change, to: log) }
        connection.start()
        let shared = RedisRateLimitStore(
            connection: connection, namespace: settings.namespace, metrics: metrics)
        let degrading = DegradingRateLimitStore(
            shared: shared, local: settings.onFailure == .local ? local : nil,
            liveNodes: { [heartbeat] in heartbeat.liveNodes })
        // Above the fallback: leases are paid for, so they are spent first when Redis is away.
        let leases = LeasingRateLimitStore(degrading)
        return (leases, leases, connection)
    }

    func startHeartbeat(on loop: any EventLoop) async throws {
        guard let redis = settings.redis else { return }
        var connection = Self.connectionSettings(redis, settings, nodeID)
        connection.timeout = .seconds(1)
        heartbeat.start(try await RedisClient.start(connection, on: loop))
    }

    func stopHeartbeat() async { await heartbeat.stop() }

    /// Where the state lives can't change under running counters.
    func checkUnchanged(_ configuration: GatewayConfiguration) throws(SnapshotFailure) {
        guard configuration.state == settings else {
            throw SnapshotFailure(
                place: "state", reason: "state can't be changed by a reload; restart the node to move its shared state")
        }
        guard configuration.nodeID == nil || configuration.nodeID == nodeID else {
            throw SnapshotFailure(
                place: "node.id", reason: "a node can't change its id by a reload; restart it")
        }
    }

    private static func connectionSettings(
        _ redis: RedisEndpoint, _ settings: StateSettings, _ nodeID: String
    ) -> RedisSettings {
        var connection = RedisSettings(host: redis.host, port: redis.port)
        connection.username = redis.user
        connection.password = redis.password.map { String(decoding: $0.bytes, as: UTF8.self) }
        connection.database = redis.database
        connection.clientName = "sluice-\(nodeID)"
        connection.timeout = .microseconds(Int64(settings.timeoutMicroseconds))
        return connection
    }

    private static func report(_ change: RedisConnection.Change, to log: StructuredLog) {
        switch change {
        case .connected: log.info("redis connected")
        case .lost(let error): log.warning("redis connection lost", ["reason": .string(error.description)])
        case .unreachable(let error, _): log.warning("redis unreachable", ["reason": .string(error.description)])
        case .closed: break
        }
    }

    private static func defaultNodeID() -> String {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        let host = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return "\(host.isEmpty ? "node" : host)-\(getpid())"
    }
}

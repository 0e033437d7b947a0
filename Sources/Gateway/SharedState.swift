import Configuration
import Filters
import GatewayCore
import NIOCore
import RedisClient
import Synchronization
import Telemetry

#if canImport(Glibc)
    import Glibc
#endif

/// What this node shares with others, or would if it had any: the way to Redis, the memory to fall back on, and who is alive.
struct SharedState: Sendable {
    let nodeID: String
    private let settings: StateSettings
    /// Nil: what is shared stays in this process.
    private let redis: RedisSettings?
    private let memory = SharedBuckets()
    private let heartbeat: Heartbeat
    let breakers = ClusterBreakers()
    let plans: SharedPlans
    private let consumerNews = ConsumerNews()
    private let consumerFollower: ConsumerFollower
    let health = ClusterHealth()
    private let near: NearCache
    private let fills = NodeFills()
    private let cacheStores = CacheStores()
    private let cacheSettings: NodeCacheSettings

    /// - Throws: `SnapshotFailure` when the certificates of `state.tls` can't be used.
    init(_ configuration: GatewayConfiguration, log: StructuredLog? = nil) throws(SnapshotFailure) {
        settings = configuration.state
        cacheSettings = configuration.cache
        near = NearCache(capacity: configuration.cache.memoryBytes)
        nodeID = configuration.nodeID ?? Self.defaultNodeID()
        redis = try RedisSettings(settings, clientName: "sluice-\(nodeID)")
        plans = SharedPlans(compile: LimitCatalogue.sharedPlan) { name, reason in
            log?.warning("a plan in redis is not valid", ["plan": .string(name), "reason": .string(reason)])
        }
        consumerFollower = ConsumerFollower(news: consumerNews, plans: plans)
        heartbeat = Heartbeat(nodeID: nodeID, namespace: settings.namespace)
    }

    /// Nodes that share the limits, this one included.
    var liveNodes: Int { heartbeat.liveNodes }

    var description: String { settings.redis?.description ?? "in-process" }

    /// A worker's store, with its leases and its way to Redis if there are any. On the worker's loop.
    func makeStore(
        on loop: any EventLoop, metrics: WorkerMetrics, log: StructuredLog
    ) -> (
        store: any RateLimitStore, leases: LeasingRateLimitStore?, link: RedisLink?
    ) {
        let local = InMemoryRateLimitStore(memory)
        guard let redis else { return (local, nil, nil) }
        let link = RedisLink(redis, on: loop)
        link.onChange = { change in Self.report(change, to: log) }
        link.start()
        // Of this start of this worker alone: what one before it borrowed is not to be counted as held.
        let holder = "\(nodeID)/\(String(UInt32.random(in: .min ... .max), radix: 36))"
        let asked = RedisRateLimitStore(
            connection: link, namespace: settings.namespace, holder: holder, metrics: metrics)
        let degrading = DegradingRateLimitStore(
            // In a cluster the subjects of a request live in different slots, so each is a question of its own.
            shared: link.isClustered ? SplittingRateLimitStore(asked) : asked,
            local: settings.onFailure == .local ? local : nil,
            liveNodes: { [heartbeat] in heartbeat.liveNodes })
        // Above the fallback: leases are paid for, so they are spent first when Redis is away.
        let leases = LeasingRateLimitStore(degrading)
        return (leases, leases, link)
    }

    /// A worker's part of the node's response cache. On the worker's loop.
    /// - Parameter account: told of fetches that no client's exchange accounts for.
    func makeCache(
        on loop: any EventLoop, link: RedisLink?, memory: BufferMemory, account: @escaping (ExchangeRecord) -> Void
    ) -> ResponseCache {
        let shared = link.map {
            RedisResponses(link: $0, namespace: settings.namespace, compresses: cacheSettings.compresses)
        }
        if let shared { cacheStores.add(shared, on: loop) }
        // So that the next request asks Redis, which knows of the purge.
        shared?.whenOutrun = { [near] key in near.distrust(key, except: "") }
        return ResponseCache(
            near: near, fills: fills, shared: shared, loop: loop, lag: cacheSettings.lagMicroseconds,
            memory: memory, account: account)
    }

    /// What a worker knows of the consumers in Redis; nil without Redis. On the worker's loop.
    func makeConsumers(link: RedisLink?) throws -> SharedConsumers? {
        try link.map { try SharedConsumers(link: $0, namespace: settings.namespace, news: consumerNews) }
    }

    /// - Parameter loop: on which a purge asks Redis.
    func nodeCache(on loop: any EventLoop) -> NodeCache {
        NodeCache(near: near, redis: redis, namespace: settings.namespace, loop: loop)
    }

    /// What the admin listener asks; nil without Redis.
    func access(on loop: any EventLoop) -> ClusterAccess? {
        redis.map { ClusterAccess($0, namespace: settings.namespace, on: loop) }
    }

    func startHeartbeat(
        on loop: any EventLoop, describe: @escaping @Sendable () async -> NodeDescription
    ) async throws {
        guard var redis else { return }
        redis.timeout = .seconds(1)
        heartbeat.start(try await RedisClient.start(redis, on: loop), describe: describe)
    }

    func stopHeartbeat() async { await heartbeat.stop() }

    func startConsumers(on loop: any EventLoop) async throws {
        guard var redis else { return }
        redis.timeout = .seconds(1)
        redis.longestBackoff = .milliseconds(500)
        consumerFollower.start(try await RedisClient.start(redis, on: loop), namespace: settings.namespace)
    }

    func stopConsumers() async { await consumerFollower.stop() }

    func startBreakers(on loop: any EventLoop) async throws {
        guard var redis else { return }
        // No request waits for it.
        redis.timeout = .seconds(1)
        redis.longestBackoff = .milliseconds(500)
        breakers.whenCacheChanges { [near, fills, cacheStores] event in
            switch event {
            case .filled(let key, let version):
                if let version { near.distrust(key, except: version) }
                cacheStores.filled(key)
            case .purge(let key, let isSoft):
                if isSoft { near.soften(key) } else { near.remove(key) }
                fills.checkFill(key)
            case .purgeURL(let text, let isSoft):
                let url = CacheURL(text)
                near.purge(isSoft: isSoft, sparesFetches: true) { url.isOf(key: $0) }
                fills.void { url.isOf(key: $0) }
            case .purgeTag(let tag, let isSoft): near.purge(tag: tag, isSoft: isSoft)
            case .purgeAll: near.removeAll()
            case .flowing(let key): cacheStores.filled(key)
            // News may have been missed.
            case nil: near.distrust()
            }
        }
        breakers.whenConsumersChange { [consumerNews] in consumerNews.hear($0) }
        breakers.whenHealthChanges { [health] upstream in health.heard(of: upstream) }
        try await breakers.start(redis, namespace: settings.namespace, nodeID: nodeID, on: loop) {
            [health, settings, nodeID] link in
            health.start(link, namespace: settings.namespace, nodeID: nodeID)
        }
    }

    /// Where the state lives can't change under running counters.
    func checkUnchanged(_ configuration: GatewayConfiguration) throws(SnapshotFailure) {
        guard configuration.state == settings else {
            throw SnapshotFailure(
                place: "state", reason: "state can't be changed by a reload; restart the node to move its shared state")
        }
        guard configuration.cache == cacheSettings else {
            throw SnapshotFailure(place: "cache", reason: "cache can't be changed by a reload; restart the node")
        }
        guard configuration.nodeID == nil || configuration.nodeID == nodeID else {
            throw SnapshotFailure(
                place: "node.id", reason: "a node can't change its id by a reload; restart it")
        }
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

/// The shared cache as each worker sees it, for news that concerns all of them.
private final class CacheStores: Sendable {
    private let stores = Mutex<[(store: NIOLoopBound<RedisResponses>, loop: any EventLoop)]>([])

    /// On the store's loop.
    func add(_ store: RedisResponses, on loop: any EventLoop) {
        let bound = NIOLoopBound(store, eventLoop: loop)
        stores.withLock { $0.append((bound, loop)) }
    }

    func filled(_ key: [UInt8]) {
        for (store, loop) in stores.withLock({ $0 }) { loop.execute { store.value.filled(key) } }
    }
}

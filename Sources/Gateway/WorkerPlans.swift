import Configuration
import Encryption
import Filters
import GatewayCore
import JSON
import Policies
import RedisClient
import Telemetry
import Translation
import Transport

/// What a worker brings to its plans besides the configuration.
struct WorkerResources {
    let metrics: WorkerMetrics
    let store: any RateLimitStore
    /// The leases of the store, if it has any.
    let leases: LeasingRateLimitStore?
    /// The way to Redis behind the store, if there is one.
    let redis: RedisLink?
    let cache: ResponseCache
    /// Consumers, keys and plans in Redis, if there is one.
    let consumers: SharedConsumers?
    let plans: SharedPlans
    /// For questions of the gateway's own.
    let services: UpstreamServiceClient
    var accessLog: AccessLog?
    /// Of the node.
    let tail: RequestTail
    /// Of the node.
    let captures: CaptureRules
    /// The node's name.
    let node: String
    /// Nil: decisions are not recorded.
    var audit: DecisionAudit?
    /// The part of per-node bounds that this worker gets.
    let workerCount: Int
}

/// The routes of one configuration, assembled for one worker.
struct WorkerPlans {
    /// Made when first needed: ten thousand at once would hold up a loop for as long as a request takes.
    private var routes: [RoutePlan?]
    private var assembly: PlanAssembly
    private(set) var upstreams: [String: Upstream] = [:]
    private(set) var probers: [String: HealthProber] = [:]
    private(set) var fetchers: [KeySetFetcher] = []
    let unknownVersions: UnknownVersions

    /// - Parameter previous: upstreams that have not changed are taken over with their connections.
    init(snapshot: Snapshot, resources: WorkerResources, worker: Worker, previous: WorkerPlans?) throws {
        let configuration = snapshot.configuration
        unknownVersions = UnknownVersions(configuration)
        for (name, settings) in configuration.upstreams {
            let wanted = Transport.UpstreamSettings(
                settings, name: name, tls: snapshot.upstreamTLS[name], http2TLS: snapshot.upstreamHTTP2TLS[name],
                zone: configuration.nodeZone, workers: resources.workerCount)
            let (ejections, health) = (snapshot.ejections[name], snapshot.health[name])
            if let known = previous?.upstreams[name], known.settings == wanted,
                known.configured.ejections === ejections, known.configured.health === health
            {
                upstreams[name] = known
                probers[name] = previous?.probers[name]
            } else {
                var names = snapshot.metricNames
                upstreams[name] = Upstream(
                    settings: wanted, metricsIndex: names.upstreams.index(of: name), worker: worker,
                    ejections: ejections, health: health)
                // Checks are the node's: one worker makes them.
                if worker.index == 0, let health {
                    probers[name] = HealthProber(wanted, wanted.targets, health, worker: worker)
                }
            }
        }
        assembly = try PlanAssembly(snapshot: snapshot, resources: resources, worker: worker, upstreams: upstreams)
        routes = Array(repeating: nil, count: configuration.served.all.count)
        fetchers = assembly.fetchers
    }

    /// The plan of a route, by its place among all that is served.
    subscript(index: Int) -> RoutePlan {
        mutating get {
            if let plan = routes[index] { return plan }
            let plan = assembly.plan(of: assembly.snapshot.configuration.served.all[index])
            routes[index] = plan
            return plan
        }
    }

    /// The targets of an upstream have changed.
    mutating func retarget(_ name: String, _ roster: TargetRoster, worker: Worker) {
        guard let upstream = upstreams[name] else { return }
        upstream.adopt(roster)
        guard let prober = probers[name], let health = roster.health else { return }
        prober.stop()
        probers[name] = HealthProber(upstream.settings, roster.targets, health, worker: worker)
    }

    /// Lets go of the connections that `next` has not taken over.
    func retire(keeping next: WorkerPlans) {
        for (name, upstream) in upstreams where next.upstreams[name] !== upstream { upstream.close() }
        for (name, prober) in probers where next.probers[name] !== prober { prober.stop() }
    }
}

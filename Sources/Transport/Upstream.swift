import Encryption
import GatewayCore
import Policies

/// How an upstream is reached. Times in microseconds; counts are this worker's share.
package struct UpstreamSettings: Hashable, Sendable {
    package struct Target: Hashable, Sendable {
        package var host: String
        package var port: Int
        package var weight: Int
        package var isSecure: Bool
        package var speaks: Speaking

        /// What the target is spoken to in.
        package enum Speaking: Hashable, Sendable { case http1, http2, negotiated }

        package init(host: String, port: Int, weight: Int = 1, isSecure: Bool = false, speaks: Speaking = .http1) {
            self.host = host
            self.port = port
            self.weight = weight
            self.isSecure = isSecure
            self.speaks = speaks
        }
    }

    package var name: String
    package var targets: [Target]
    /// For secure targets.
    package var tls: ClientTLS?
    /// For secure targets that speak HTTP/2.
    package var http2TLS: ClientTLS?
    package var balance = BalanceMethod.leastRequests
    package var connectTimeoutMicroseconds = 1_000_000
    /// From the end of the request to the response head.
    package var responseTimeoutMicroseconds = 5_000_000
    /// Between two pieces of a body.
    package var idleTimeoutMicroseconds = 60_000_000
    /// How long an unused connection is kept.
    package var keepAliveMicroseconds = 60_000_000
    package var maximumConnections = 1024
    package var maximumPending = 1024
    /// Attempts at once on one HTTP/2 connection.
    package var maximumStreams = 100
    /// From the start to the end of a response; nil: no bound.
    package var totalTimeoutMicroseconds: Int?
    package var responseHeaderBytes = 64 * 1024
    /// Nil: no attempt is made again.
    package var retries: RetrySettings?
    /// Nil: targets are only judged by how requests go.
    package var health: HealthCheck?

    package init(name: String, targets: [Target]) {
        self.name = name
        self.targets = targets
    }
}

/// An upstream as one worker sees it: a pool of connections for each target, and the choice between them.
package final class Upstream {
    package let settings: UpstreamSettings
    /// The upstream's place in the metrics of this process.
    package let metricsIndex: Int
    let pools: [any TargetConnections]
    private var loads: [TargetLoad]
    private var generator: BalanceGenerator
    /// Nil: no target is ever taken out.
    package let ejections: TargetEjections?
    /// Nil: nobody checks.
    package let health: TargetHealth?
    var retryBudget: RetryBudget

    package init(
        settings: UpstreamSettings, metricsIndex: Int, worker: Worker, ejections: TargetEjections? = nil,
        health: TargetHealth? = nil
    ) {
        self.settings = settings
        self.health = health
        retryBudget = RetryBudget(share: settings.retries?.budget ?? 0)
        self.metricsIndex = metricsIndex
        self.ejections = ejections
        pools = settings.targets.indices.map { index -> any TargetConnections in
            switch settings.targets[index].speaks {
            case .http1: TargetPool(index: index, settings: settings, worker: worker)
            case .http2: HTTP2TargetPool(index: index, settings: settings, worker: worker)
            case .negotiated: NegotiatingTargetPool(index: index, settings: settings, worker: worker)
            }
        }
        loads = settings.targets.map { target in
            TargetLoad(weight: target.weight, identity: StableHash.of("\(target.host):\(target.port)".utf8))
        }
        generator = BalanceGenerator(seed: .random(in: .min ... .max))
    }

    /// Connections in use and unused, for metrics.
    package var connectionCount: Int { pools.reduce(0) { $0 + $1.openCount } }

    /// Those of them that wait for a request.
    package var unusedConnectionCount: Int { pools.reduce(0) { $0 + $1.unusedCount } }

    /// Attempts that wait for a connection.
    package var waitingCount: Int { pools.reduce(0) { $0 + $1.waitingCount } }

    /// Picks the target for an exchange; `excluding` are the targets that it has found unreachable (bit by index).
    func pick(for exchange: Exchange, excluding: UInt64) -> (any TargetConnections)? {
        if pools.count == 1 { return excluding & 1 == 0 ? pools[0] : nil }
        let unhealthy = health?.unhealthy ?? 0
        let out = (ejections?.unavailable ?? 0) | unhealthy
        // A target that is out is still better than none, and best is one whose check at least goes well.
        let choice =
            choose(for: exchange, without: excluding | out)
            ?? (out == unhealthy ? nil : choose(for: exchange, without: excluding | unhealthy))
            ?? (out == 0 ? nil : choose(for: exchange, without: excluding))
        return choice.map { pools[$0] }
    }

    private func choose(for exchange: Exchange, without excluded: UInt64) -> Int? {
        for index in pools.indices {
            loads[index].outstanding = pools[index].activeCount
            loads[index].isAvailable = index >= 64 || excluded & (1 << UInt64(index)) == 0
        }
        return choose(for: exchange)
    }

    private func choose(for exchange: Exchange) -> Int? {
        switch settings.balance {
        case .roundRobin: Balancing.roundRobin(&loads)
        case .leastRequests: Balancing.leastRequests(loads, &generator)
        case .randomTwo: Balancing.randomTwo(loads, &generator)
        case .hash(let source): Balancing.hash(BalanceKey.of(exchange, by: source), loads)
        }
    }

    /// Closes what is unused; connections in use close when they are done.
    package func close() {
        for pool in pools { pool.close() }
    }
}

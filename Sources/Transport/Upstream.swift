import GatewayCore
import Policies

/// An upstream as one worker sees it: a pool of connections for each target, and the choice between them.
package final class Upstream {
    package let settings: UpstreamSettings
    /// The upstream's place in the metrics of this process.
    package let metricsIndex: Int
    /// What it began with: the targets as configured.
    package let configured: TargetRoster
    private(set) var roster: TargetRoster
    private(set) var pools: [any TargetConnections]
    var retryBudget: RetryBudget
    var hedgeBudget: RetryBudget
    /// Nil: not bounded.
    var concurrency: ConcurrencyLimit?
    private let worker: Worker
    private var loads: [TargetLoad]
    private var ramps: TargetRamps
    private var generator = BalanceGenerator(seed: .random(in: .min ... .max))
    /// Targets of this node's zone, by bits; none if all are.
    private var near: UInt64
    /// How long answers take, if hedges are timed by it.
    private var latency: QuantileEstimate?

    package init(
        settings: UpstreamSettings, metricsIndex: Int, worker: Worker, ejections: TargetEjections? = nil,
        health: TargetHealth? = nil
    ) {
        self.settings = settings
        self.metricsIndex = metricsIndex
        self.worker = worker
        configured = TargetRoster(settings.targets, ejections: ejections, health: health)
        roster = configured
        retryBudget = RetryBudget(share: settings.retries?.budget ?? 0)
        hedgeBudget = RetryBudget(share: settings.hedge?.budget ?? 0)
        if case .percentile(let percent) = settings.hedge?.after { latency = QuantileEstimate(percent: percent) }
        concurrency = settings.adaptive.map { ConcurrencyLimit($0) }
        pools = settings.targets.enumerated().map { Self.pool($1, at: $0, settings, worker) }
        loads = Self.loads(settings.targets)
        ramps = TargetRamps(targets: settings.targets.count, duration: settings.slowStartMicroseconds)
        near = Self.near(settings.targets)
    }

    package var ejections: TargetEjections? { roster.ejections }
    package var health: TargetHealth? { roster.health }

    /// Connections in use and unused, for metrics.
    package var connectionCount: Int { pools.reduce(0) { $0 + $1.openCount } }

    /// Those of them that wait for a request.
    package var unusedConnectionCount: Int { pools.reduce(0) { $0 + $1.unusedCount } }

    /// Attempts that wait for a connection.
    package var waitingCount: Int { pools.reduce(0) { $0 + $1.waitingCount } }

    /// What the adaptive limit allows at once, if there is one, and what is under way by it.
    package var concurrencyLimit: Int? { concurrency?.current }
    package var inFlight: Int { concurrency?.inFlight ?? 0 }

    /// Closes what is unused; connections in use close when they are done.
    package func close() {
        for pool in pools { pool.close() }
    }

    // MARK: The choice

    /// Picks the target for an exchange; `excluding` are the targets that it has found unreachable (bit by index).
    func pick(for exchange: Exchange, excluding: UInt64) -> (any TargetConnections)? {
        if pools.count == 1 { return excluding & 1 == 0 ? pools[0] : nil }
        let unhealthy = health?.unhealthy ?? 0
        let out = (ejections?.unavailable ?? 0) | unhealthy
        if out != ramps.out { ramps.note(out: out, now: MonotonicClock.microseconds()) }
        if ramps.growing != 0 {
            ramps.adjust(&loads, { roster.targets[$0].weight }, now: MonotonicClock.microseconds())
        }
        if near != 0, let preferred = ZonePreference.preferred(near: near, out: out),
            let choice = choose(for: exchange, without: excluding | ~preferred)
        {
            return pools[choice]
        }
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

    // MARK: Targets

    /// Takes other targets. Those that stay keep their connections; what is under way at others comes to its end.
    package func adopt(_ next: TargetRoster) {
        var left = pools
        let isFirst = pools.isEmpty
        var added: UInt64 = 0
        pools = next.targets.enumerated().map { index, target in
            guard let place = left.firstIndex(where: { $0.target.isReached(as: target) }) else {
                if index < 64 { added |= 1 << UInt64(index) }
                return Self.pool(target, at: index, settings, worker)
            }
            let pool = left.remove(at: place)
            pool.index = index
            return pool
        }
        for pool in left { pool.close() }
        roster = next
        loads = Self.loads(next.targets)
        near = Self.near(next.targets)
        let out = (ejections?.unavailable ?? 0) | (health?.unhealthy ?? 0)
        ramps = TargetRamps(targets: next.targets.count, duration: settings.slowStartMicroseconds, out: out)
        // With none that has its share already there is nothing to spare the new ones.
        if !isFirst, added.nonzeroBitCount < next.targets.count {
            ramps.begin(added, now: MonotonicClock.microseconds())
        }
    }

    private static func pool(
        _ target: UpstreamSettings.Target, at index: Int, _ settings: UpstreamSettings, _ worker: Worker
    ) -> any TargetConnections {
        switch target.speaks {
        case .http1: TargetPool(target, index: index, settings: settings, worker: worker)
        case .http2: HTTP2TargetPool(target, index: index, settings: settings, worker: worker)
        case .negotiated: NegotiatingTargetPool(target, index: index, settings: settings, worker: worker)
        }
    }

    private static func loads(_ targets: [UpstreamSettings.Target]) -> [TargetLoad] {
        targets.map { TargetLoad(weight: $0.weight, identity: StableHash.of($0.name.utf8)) }
    }

    private static func near(_ targets: [UpstreamSettings.Target]) -> UInt64 {
        // Beyond 64 targets bits do not tell them apart.
        guard targets.count <= 64, !targets.allSatisfy(\.isNear) else { return 0 }
        return targets.indices.reduce(0) { targets[$1].isNear ? $0 | 1 << UInt64($1) : $0 }
    }

    // MARK: What answers tell

    func answered(after microseconds: Int, status: Int) {
        latency?.note(microseconds)
        guard concurrency != nil else { return }
        concurrency?.note(
            latency: microseconds, isOverload: status == 503 || status == 429, now: MonotonicClock.microseconds())
    }

    func timedOut(after microseconds: Int) {
        latency?.note(microseconds)
        concurrency?.note(latency: microseconds, isOverload: true, now: MonotonicClock.microseconds())
    }

    /// Nil: too little is known.
    func hedgeDelayMicroseconds(_ settings: HedgeSettings) -> Int? {
        switch settings.after {
        case .microseconds(let delay): delay
        case .percentile: latency?.value
        }
    }
}

extension UpstreamSettings.Target {
    /// Connections to one are connections to the other.
    fileprivate func isReached(as other: UpstreamSettings.Target) -> Bool {
        host == other.host && address == other.address && port == other.port && isSecure == other.isSecure
            && speaks == other.speaks
    }
}

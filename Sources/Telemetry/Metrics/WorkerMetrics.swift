/// Everything counted, as a value: one worker's share, or the sum of all.
package struct MetricValues: Sendable {
    package var routes: [RouteMetrics] = []
    package var upstreams: [UpstreamMetrics] = []
    package var policies: [LimitMetrics] = []
    package var versions: [VersionMetrics] = []
    package var steps: [StepMetrics] = []
    package var leases = LeaseMetrics()
    package var redis = RedisMetrics()
    package var connections = ConnectionMetrics()
    package var cache = CacheGauges()
    package var shedding = SheddingMetrics()
    /// How late the workers' clocks ticked.
    package var lag = LatencyHistogram()
    package var traces = TraceCounts()
    /// Decisions that the audit had no room for.
    package var droppedDecisions = 0

    package init() {}

    /// Makes room for every name there is; what was counted stays.
    package mutating func grow(to names: MetricNames) {
        Self.grow(&routes, to: names.routes.names.count, RouteMetrics())
        Self.grow(&upstreams, to: names.upstreams.names.count, UpstreamMetrics())
        Self.grow(&policies, to: names.policies.names.count, LimitMetrics())
        Self.grow(&versions, to: names.versions.names.count, VersionMetrics())
        Self.grow(&steps, to: names.steps.names.count, StepMetrics())
    }

    private static func grow<Element>(_ list: inout [Element], to count: Int, _ empty: Element) {
        if list.count < count { list.append(contentsOf: repeatElement(empty, count: count - list.count)) }
    }

    /// A worker that has not yet taken over the newest names has fewer entries; the rest count as zero.
    package static func += (left: inout MetricValues, right: MetricValues) {
        add(&left.routes, right.routes, +=)
        add(&left.upstreams, right.upstreams, +=)
        add(&left.policies, right.policies, +=)
        add(&left.versions, right.versions, +=)
        add(&left.steps, right.steps, +=)
        left.leases += right.leases
        left.redis += right.redis
        left.connections += right.connections
        left.cache += right.cache
        left.shedding += right.shedding
        left.lag += right.lag
        left.traces += right.traces
        left.droppedDecisions += right.droppedDecisions
    }

    private static func add<Element>(
        _ left: inout [Element], _ right: [Element], _ plus: (inout Element, Element) -> Void
    ) {
        for index in right.indices {
            if index < left.count { plus(&left[index], right[index]) } else { left.append(right[index]) }
        }
    }
}

/// One worker's counters: plain integers that only this worker touches. Others see them as copies, taken on the
/// worker's loop; copying shares the histograms' storage until the worker records again.
package final class WorkerMetrics {
    /// Indexed by `MetricNames`: `metrics.values.routes[index].begin()`.
    package var values = MetricValues()
    /// Whether requests are counted and timed at all.
    package var isCounting = true
    /// Requests that were not.
    package var uncounted = (answered: 0, failed: 0)
    /// What has happened since the node last asked for its live figures.
    package var tally = TrafficTally()
    /// The worst that the worker's clock was late in the second before that.
    package var latestLagMicroseconds = 0

    package init(names: MetricNames) {
        values.grow(to: names)
    }

    /// Makes room for the names of a new configuration, before the first request is matched by it.
    package func adopt(_ names: MetricNames) {
        values.grow(to: names)
    }
}

/// The sums of all workers at one time, with the names and what the process says of itself.
package struct MetricsSnapshot: Sendable {
    package var names: MetricNames
    package var values: MetricValues
    package var accessLog: AccessLogStatistics
    package var process: ProcessMetrics?
    /// Live nodes of the cluster, as this one last knew.
    package var nodes: Int
    /// Nil: not told.
    package var configuration: ConfigurationMetrics?
    /// In the order of the workers' numbers.
    package var workers: [WorkerGauges]

    /// How one worker stands.
    package struct WorkerGauges: Hashable, Sendable {
        package var connections: Int
        /// The worst that its clock was late within the last second.
        package var lagMicroseconds: Int

        package init(connections: Int, lagMicroseconds: Int) {
            self.connections = connections
            self.lagMicroseconds = lagMicroseconds
        }
    }

    package init(
        names: MetricNames, summing shards: [MetricValues], accessLog: AccessLogStatistics = AccessLogStatistics(),
        process: ProcessMetrics? = nil, nodes: Int = 1, workers: [WorkerGauges] = []
    ) {
        self.workers = workers
        self.nodes = nodes
        self.names = names
        self.values = MetricValues()
        self.accessLog = accessLog
        self.process = process
        values.grow(to: names)
        for shard in shards { values += shard }
    }
}

/// Figures with the time at which they were told, in milliseconds since 1970.
package struct TimedFigures: Hashable, Sendable {
    package var time: Int
    package var figures: NodeFigures

    package init(time: Int, figures: NodeFigures) {
        self.time = time
        self.figures = figures
    }
}

/// The figures of all nodes as one line of time.
///
/// Nodes tell theirs about once a second, each at its own moment, so time is cut into steps of two seconds: every node that
/// is alive has told something in each. Within a step a node counts with its mean, and the nodes add up; latencies are
/// merged as histograms, never averaged.
package enum ClusterFigures {
    package static let stepMilliseconds = 2000
    /// A step is only shown when what belongs to it must have arrived.
    private static let patienceMilliseconds = 1200

    package struct Point: Hashable, Sendable {
        /// When the step began.
        package var time: Int
        package var nodes = 0
        /// A second.
        package var requests = 0.0
        package var errors = 0.0
        package var limited = 0.0
        package var hits = 0.0
        package var lookups = 0.0
        /// What the gateway took of a request itself, on average; nil without requests.
        package var ownMicroseconds: Int?
        package var latency = SparseLatency()
        /// The share of its workers' CPU that the busiest node used.
        package var busy = 0.0
        package var lagMicroseconds = 0
        package var inFlight = 0
        package var connections = 0
        package var pending = 0
        package var memoryBytes = 0
    }

    /// The steps that begin after `after` and are complete at `now`, in order.
    package static func series(_ nodes: [[TimedFigures]], after: Int, now: Int) -> [Point] {
        let end = (now - patienceMilliseconds) / stepMilliseconds
        var steps: [Int: [[NodeFigures]]] = [:]
        for node in nodes {
            let own = Dictionary(grouping: node) { $0.time / stepMilliseconds }
            for (step, figures) in own where step * stepMilliseconds > after && step < end {
                steps[step, default: []].append(figures.map(\.figures))
            }
        }
        return steps.sorted { $0.key < $1.key }.map { point(at: $0.key * stepMilliseconds, $0.value) }
    }

    private static func point(at time: Int, _ nodes: [[NodeFigures]]) -> Point {
        var point = Point(time: time, nodes: nodes.count)
        var (own, requests) = (0, 0)
        for figures in nodes {
            let mean = Mean(figures)
            point.requests += mean.perSecond(\.requests)
            point.errors += mean.perSecond(\.errors)
            point.limited += mean.perSecond(\.limited)
            point.hits += mean.perSecond(\.hits)
            point.lookups += mean.perSecond(\.lookups)
            point.busy = max(point.busy, mean.busy)
            own += mean.sum(\.ownMicroseconds)
            requests += mean.sum(\.requests)
            for one in figures { point.latency += one.latency }
            point.lagMicroseconds = max(point.lagMicroseconds, figures.map(\.lagMicroseconds).max() ?? 0)
            guard let latest = figures.last else { continue }
            point.inFlight += latest.inFlight
            point.connections += latest.connections
            point.pending += latest.pending
            point.memoryBytes += latest.memoryBytes
        }
        if requests > 0 { point.ownMicroseconds = own / requests }
        return point
    }

    /// What the routes of all nodes do a second, the busiest first, by figures of about the last seconds.
    package static func routes(_ nodes: [[NodeFigures]]) -> [(name: String, tally: RouteTally, perSecond: Double)] {
        var sums: [String: (tally: RouteTally, perSecond: Double)] = [:]
        for figures in nodes {
            let span = Double(max(1, figures.reduce(0) { $0 + $1.spanMilliseconds })) / 1000
            for route in figures.flatMap(\.routes) {
                sums[route.name, default: (RouteTally(), 0)].tally += route.tally
                sums[route.name]?.perSecond += Double(route.tally.requests) / span
            }
        }
        return sums.map { ($0.key, $0.value.tally, $0.value.perSecond) }.sorted {
            ($1.perSecond, $0.name) < ($0.perSecond, $1.name)
        }
    }

    /// The figures of one node within a time, as rates.
    package struct Mean {
        private let figures: [NodeFigures]
        private let seconds: Double

        package init(_ figures: [NodeFigures]) {
            self.figures = figures
            seconds = Double(max(1, figures.reduce(0) { $0 + $1.spanMilliseconds })) / 1000
        }

        func sum(_ path: KeyPath<NodeFigures, Int>) -> Int { figures.reduce(0) { $0 + $1[keyPath: path] } }
        package func perSecond(_ path: KeyPath<NodeFigures, Int>) -> Double { Double(sum(path)) / seconds }
        /// The share of its workers' CPU.
        package var busy: Double {
            perSecond(\.cpuMicroseconds) / 1_000_000 / Double(max(1, figures.last?.workers ?? 1))
        }
        package var latency: SparseLatency { figures.reduce(into: SparseLatency()) { $0 += $1.latency } }
    }
}

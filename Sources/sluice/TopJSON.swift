import Filters
import Telemetry

/// What `--json` prints; times in milliseconds.
struct TopJSON: Encodable {
    struct Cluster: Encodable {
        let nodes: Int
        let requestsPerSecond: Double
        let errorsPerSecond: Double
        let limitedPerSecond: Double
        let p50Ms: Double?
        let p95Ms: Double?
        let p99Ms: Double?
        let busy: Double
        let lagMs: Double
        let inFlight: Int
        let connections: Int
        let pending: Int
    }

    struct Node: Encodable {
        let id: String
        let requestsPerSecond: Double
        let errorsPerSecond: Double
        let p99Ms: Double?
        let busy: Double
        let memoryBytes: Int
        let connections: Int
        let revision: String
    }

    struct Route: Encodable {
        let name: String
        let requestsPerSecond: Double
        let errorShare: Double
    }

    let cluster: Cluster?
    let nodes: [Node]
    let routes: [Route]
    let limits: LimitsJSON
    let breakers: BreakersJSON

    init(_ figures: TopFigures) {
        func milliseconds(_ value: Int?) -> Double? { value.map { Double($0) / 1000 } }
        cluster = figures.now.map {
            Cluster(
                nodes: $0.nodes, requestsPerSecond: $0.requests, errorsPerSecond: $0.errors,
                limitedPerSecond: $0.limited, p50Ms: milliseconds($0.latency.quantile(0.5)),
                p95Ms: milliseconds($0.latency.quantile(0.95)), p99Ms: milliseconds($0.latency.quantile(0.99)),
                busy: $0.busy, lagMs: Double($0.lagMicroseconds) / 1000, inFlight: $0.inFlight,
                connections: $0.connections, pending: $0.pending)
        }
        nodes = figures.nodes.map {
            Node(
                id: $0.reading.id, requestsPerSecond: $0.mean.perSecond(\.requests),
                errorsPerSecond: $0.mean.perSecond(\.errors), p99Ms: milliseconds($0.mean.latency.quantile(0.99)),
                busy: $0.mean.busy, memoryBytes: $0.last.memoryBytes, connections: $0.last.connections,
                revision: $0.reading.revision)
        }
        routes = figures.routes.map {
            Route(
                name: $0.name, requestsPerSecond: $0.perSecond,
                errorShare: Double($0.tally.errors) / Double(max(1, $0.tally.requests)))
        }
        limits = LimitsJSON(figures.limits)
        breakers = BreakersJSON(breakers: figures.breakers.map { .init($0) })
    }
}

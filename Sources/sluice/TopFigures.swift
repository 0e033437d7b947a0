import Filters
import Gateway
import Telemetry

/// What there is to show.
struct TopFigures {
    struct Node {
        let reading: NodeReading
        let mean: ClusterFigures.Mean
        let last: NodeFigures
    }

    let namespace: String
    let nodes: [Node]
    /// The last whole step; nil: nobody has told anything yet.
    let now: ClusterFigures.Point?
    let series: [ClusterFigures.Point]
    let routes: [(name: String, tally: RouteTally, perSecond: Double)]
    let limits: [BucketReading]
    let breakers: [BreakerReading]

}

extension TopFigures {
    private static let span = 60_000
    private static let nowSpan = 10_000

    /// - Throws: `RedisError` when Redis can't be asked.
    init(_ access: SharedStateAccess) async throws {
        namespace = access.namespace
        let client = access.client
        let time = try await client.time(routedBy: "\(namespace):nodes") / 1000
        let figures = FiguresInRedis(client, namespace: namespace)
        var told: [[TimedFigures]] = []
        var nodes: [Node] = []
        for reading in try await NodesInRedis(client, namespace: namespace).list() {
            let own = try await figures.read(reading.id, afterMilliseconds: time - Self.span)
            let latest = own.filter { $0.time > time - Self.nowSpan }.map(\.figures)
            told.append(own)
            nodes.append(
                Node(reading: reading, mean: ClusterFigures.Mean(latest), last: latest.last ?? NodeFigures()))
        }
        self.nodes = nodes
        series = ClusterFigures.series(told, after: time - Self.span, now: time)
        now = series.last
        routes = ClusterFigures.routes(
            told.map { $0.filter { $0.time > time - Self.nowSpan }.map(\.figures) })
        limits = Array(try await LimitsInRedis(client, namespace: namespace).list().readings.prefix(20))
        breakers = try await BreakersInRedis(client, namespace: namespace).list()
    }
}

import Filters
import JSON
import RedisClient
import Telemetry

/// The nodes of the cluster with what they told of their last minutes, as this node finds them in Redis; itself alone where
/// there is none, or it is away.
struct ClusterOverview: Sendable {
    struct Node: Sendable {
        let reading: NodeReading
        /// Oldest first.
        let figures: [TimedFigures]
    }

    let node: String
    /// `up`, `down`, `not configured`.
    let redis: String
    let nodes: [Node]
    /// Of the clock that stamped the figures.
    let nowMilliseconds: Int

    /// What rates of now are made of.
    private static let nowSpan = 10_000
    private static let sparkSteps = 30

    /// - Parameter after: figures of a minute before it are read as well, for what is shown of now.
    static func read(_ view: NodeView, after: Int) async -> ClusterOverview {
        guard let cluster = view.current.cluster else { return alone(view, redis: "not configured") }
        do throws(AdminMistake) {
            return try await cluster.ask { try await read(view, $0, cluster.namespace, after: after) }
        } catch {
            return alone(view, redis: "down")
        }
    }

    private static func read(
        _ view: NodeView, _ client: RedisClient, _ namespace: String, after: Int
    ) async throws -> ClusterOverview {
        let now = try await client.time(routedBy: "\(namespace):nodes") / 1000
        let figures = FiguresInRedis(client, namespace: namespace)
        let start = max(0, min(after, now - sparkSteps * ClusterFigures.stepMilliseconds) - 1)
        var nodes: [Node] = []
        for reading in try await NodesInRedis(client, namespace: namespace).list() {
            nodes.append(Node(reading: reading, figures: try await figures.read(reading.id, afterMilliseconds: start)))
        }
        return ClusterOverview(node: view.current.nodeID, redis: "up", nodes: nodes, nowMilliseconds: now)
    }

    private static func alone(_ view: NodeView, redis: String) -> ClusterOverview {
        let source = view.current
        let now = StructuredLog.wallClock() / 1000
        let fields = [
            "address": source.address, "admin": source.admin, "version": GatewayNode.version,
            "revision": source.snapshot?.revision ?? "",
            "started": "\(now * 1000 - Int((ContinuousClock.now - view.began) / .microseconds(1)))",
        ]
        let reading = NodeReading(id: source.nodeID, seen: now * 1000, fields: fields, now: now * 1000)
        return ClusterOverview(
            node: source.nodeID, redis: redis, nodes: [Node(reading: reading, figures: view.pulse.history)],
            nowMilliseconds: now)
    }

    func json(after: Int) -> JSONValue {
        let series = ClusterFigures.series(nodes.map(\.figures), after: after, now: nowMilliseconds)
        let latest = nodes.map { node in
            node.figures.filter { $0.time > nowMilliseconds - Self.nowSpan }.map(\.figures)
        }
        return [
            "node": .string(node), "version": .string(GatewayNode.version), "shared": .bool(redis != "not configured"),
            "redis": .string(redis), "now_ms": .integer(nowMilliseconds),
            "step_ms": .integer(ClusterFigures.stepMilliseconds), "series": .array(series.map(\.json)),
            "nodes": .array(zip(nodes, latest).map { describe($0, $1) }),
            "routes": .array(
                ClusterFigures.routes(latest).prefix(NodeFigures.mostRoutes).map { name, tally, perSecond in
                    let share = Double(tally.errors) / Double(max(1, tally.requests))
                    return [
                        "name": .string(name), "requests": .decimal(perSecond), "errors": .decimal(perSecond * share),
                        "mean": .decimal(Double(tally.microseconds) / Double(max(1, tally.requests)) / 1000),
                    ]
                }),
        ]
    }

    private func describe(_ node: Node, _ latest: [NodeFigures]) -> JSONValue {
        let mean = ClusterFigures.Mean(latest)
        let start = nowMilliseconds - Self.sparkSteps * ClusterFigures.stepMilliseconds
        let spark = ClusterFigures.series([node.figures], after: start, now: nowMilliseconds)
        let last = latest.last ?? NodeFigures()
        let figures: [(String, JSONValue)] = [
            ("requests", .decimal(mean.perSecond(\.requests))), ("errors", .decimal(mean.perSecond(\.errors))),
            ("p99", mean.latency.quantile(0.99).map { .decimal(Double($0) / 1000) }.orNull),
            ("busy", .decimal(mean.busy)), ("lag", .decimal(Double(last.lagMicroseconds) / 1000)),
            ("memory", .integer(last.memoryBytes)), ("connections", .integer(last.connections)),
            ("in_flight", .integer(last.inFlight)), ("pending", .integer(last.pending)),
            ("spark", .array(spark.map { .decimal($0.requests) })),
        ]
        return JSONValue(members: (node.reading.json.object?.members ?? []).map { ($0.name, $0.value) } + figures)
    }
}

extension ClusterFigures.Point {
    fileprivate var json: JSONValue {
        func milliseconds(_ value: Int?) -> JSONValue { value.map { .decimal(Double($0) / 1000) }.orNull }
        return [
            "t": .integer(time), "nodes": .integer(nodes), "requests": .decimal(requests), "errors": .decimal(errors),
            "limited": .decimal(limited), "p50": milliseconds(latency.quantile(0.5)),
            "p95": milliseconds(latency.quantile(0.95)), "p99": milliseconds(latency.quantile(0.99)),
            "own": milliseconds(ownMicroseconds), "busy": .decimal(busy),
            "lag": .decimal(Double(lagMicroseconds) / 1000), "in_flight": .integer(inFlight),
            "connections": .integer(connections), "pending": .integer(pending), "memory": .integer(memoryBytes),
            "hits": .decimal(hits), "lookups": .decimal(lookups),
        ]
    }
}

extension NodeReading {
    /// As `sluice nodes --json` prints it.
    var json: JSONValue {
        [
            "id": .string(id), "address": .string(address), "admin": .string(admin), "version": .string(version),
            "revision": .string(revision),
            "up_ms": uptimeMicroseconds.map { .decimal(Double($0) / 1000) }.orNull,
            "seen_ms_ago": .decimal(Double(sinceSeenMicroseconds) / 1000),
            "requests_per_second": Double(requests).map { .decimal($0) }.orNull,
        ]
    }
}

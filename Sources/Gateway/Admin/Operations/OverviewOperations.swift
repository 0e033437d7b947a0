import Filters
import GatewayCore
import JSON
import RedisClient
import Telemetry

/// The cluster at a glance: what all nodes did in the last minutes, and which there are.
enum OverviewOperations {
    static let all: [AdminOperation] = [
        AdminOperation(
            method: .get, path: "/api/overview", id: "overview",
            summary:
                "Throughput, errors, latencies and saturation of the whole cluster in steps of two seconds, its nodes and busiest routes.",
            query: [
                AdminParameter(
                    name: "after", schema: ["type": "integer", "minimum": 0],
                    description:
                        "Only steps that began after this one (t of the last step known); all of five minutes if not given."
                )
            ],
            answer: AdminAnswer(
                description:
                    "Rates are a second, times milliseconds, shares 0 to 1. Without Redis, or while it is away, of this node alone.",
                schema: AdminSchema.object([
                    "node": AdminSchema.text, "version": AdminSchema.text, "shared": AdminSchema.boolean,
                    "redis": AdminSchema.choice(["up", "down", "not configured"]), "now_ms": AdminSchema.integer,
                    "step_ms": AdminSchema.integer, "series": AdminSchema.list(point),
                    "nodes": AdminSchema.list(AdminSchema.any),
                    "routes": AdminSchema.list(
                        AdminSchema.object([
                            "name": AdminSchema.text, "requests": AdminSchema.number, "errors": AdminSchema.number,
                            "mean": AdminSchema.number,
                        ])),
                ])),
            problems: [400: "The parameter is not as described."]
        ) { request throws(AdminMistake) in
            let after = try request.number("after", in: 0...1 << 50, default: 0)
            return .json(200, await ClusterOverview.read(request.node, after: after).json(after: after))
        },
        AdminOperation(
            method: .get, path: "/api/nodes", id: "nodes", summary: "The live nodes of the cluster.",
            answer: AdminAnswer(
                description: "This node alone where nothing is shared.",
                schema: AdminSchema.object([
                    "node": AdminSchema.text, "shared": AdminSchema.boolean,
                    "nodes": AdminSchema.list(AdminSchema.any),
                ]))
        ) { request in
            let overview = await ClusterOverview.read(request.node, after: Int.max)
            return .json(
                200,
                [
                    "node": .string(overview.node), "shared": .bool(request.node.current.cluster != nil),
                    "nodes": .array(overview.nodes.map { $0.reading.json }),
                ])
        },
    ]

    private static let point = AdminSchema.object([
        "t": AdminSchema.integer, "nodes": AdminSchema.integer, "requests": AdminSchema.number,
        "errors": AdminSchema.number, "limited": AdminSchema.number, "p50": AdminSchema.nullable("number"),
        "p95": AdminSchema.nullable("number"), "p99": AdminSchema.nullable("number"),
        "own": AdminSchema.nullable("number"), "busy": AdminSchema.number, "lag": AdminSchema.number,
        "in_flight": AdminSchema.integer, "connections": AdminSchema.integer, "pending": AdminSchema.integer,
        "memory": AdminSchema.integer, "hits": AdminSchema.number, "lookups": AdminSchema.number,
    ])
}

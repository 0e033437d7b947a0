import Configuration
import GatewayCore
import JSON
import Policies
import Telemetry

/// The routes as they are configured, with what this node has counted.
enum RouteOperations {
    static let all: [AdminOperation] = [
        AdminOperation(
            method: .get, path: "/api/routes", id: "routes",
            summary: "The routes of this node's configuration, with its counts and latencies since the start.",
            query: [
                AdminParameter(
                    name: "limit", schema: ["type": "integer", "minimum": 1, "maximum": 10000],
                    description: "How many, the busiest first; 200 if not given.")
            ],
            answer: AdminAnswer(
                description: "Latencies in milliseconds.",
                schema: AdminSchema.object([
                    "routes": AdminSchema.list(AdminSchema.any), "found": AdminSchema.integer,
                ])),
            problems: [400: "A parameter is not as described."]
        ) { request throws(AdminMistake) in try await list(request) }
    ]

    private static func list(_ request: AdminRequest) async throws(AdminMistake) -> Reply {
        let limit = try request.number("limit", in: 1...10_000, default: 200)
        let configuration = try request.node.snapshot().configuration
        // Once for each gateway, and not for each version's path.
        let routes = configuration.served.all.filter { $0.version == nil }
        let counted = Dictionary(
            zip(request.node.current.names.routes.names, await request.node.values().routes).map { ($0, $1) },
            uniquingKeysWith: { first, _ in first })
        let listed = routes.map { ($0, counted[$0.rule.name] ?? RouteMetrics()) }
            .sorted { $0.1.total.count > $1.1.total.count }
        return .json(
            200,
            [
                "routes": .array(listed.prefix(limit).map { describe($0, configuration.routes[$0.route], $1) }),
                "found": .integer(routes.count),
            ])
    }

    private static func describe(_ served: ServedRoute, _ route: RouteSettings, _ metrics: RouteMetrics) -> JSONValue {
        let rule = served.rule
        return [
            "name": .string(rule.name), "path": .string(rule.path.text),
            "hosts": .array(rule.hosts.map { .string($0) }), "methods": .array(rule.methods.map { .string($0) }),
            "upstream": .string(route.upstreams.first ?? ""),
            "upstreams": .array(route.upstreams.map { .string($0) }),
            "versions": .array((route.versions?.rules.names ?? []).map { .string($0) }),
            "requests": .integer(metrics.statuses.total), "in_flight": .integer(metrics.inFlight),
            "statuses": JSONValue(
                members: zip(StatusCounts.classes, metrics.statuses.byClass).filter { $0.1 > 0 }.map {
                    ($0, .integer($1))
                }),
            "total_ms": quantiles(metrics.total), "gateway_ms": quantiles(metrics.gateway),
            "upstream_ms": quantiles(metrics.upstream),
            "has_cache": .bool(route.cache != nil), "limits": .integer(route.limits.count),
        ]
    }

    private static func quantiles(_ histogram: LatencyHistogram) -> JSONValue {
        JSONValue(
            members: [("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("p999", 0.999)].map { name, share in
                (name, histogram.quantile(share).map { .decimal(Double($0) / 1000) }.orNull)
            })
    }
}

import Filters
import GatewayCore
import JSON
import Telemetry

/// The response cache: what it holds, how often it took part, and its purge.
enum CacheOperations {
    static let all: [AdminOperation] = [
        AdminOperation(
            method: .get, path: "/api/cache", id: "cache",
            summary: "What this node's memory holds of responses, and how often the cache took part, by route.",
            answer: AdminAnswer(
                description: "Counts since the node's start.",
                schema: AdminSchema.object([
                    "memory": AdminSchema.object([
                        "entries": AdminSchema.integer, "bytes": AdminSchema.integer, "evictions": AdminSchema.integer,
                    ]),
                    "shared": AdminSchema.boolean,
                    "routes": AdminSchema.list(
                        AdminSchema.object([
                            "route": AdminSchema.text, "hit": AdminSchema.integer, "stale": AdminSchema.integer,
                            "revalidated": AdminSchema.integer, "miss": AdminSchema.integer,
                            "bypass": AdminSchema.integer,
                        ])),
                ]))
        ) { request in await summary(request.node) },
        AdminOperation(
            method: .post, path: "/api/cache/purge", id: "purgeCache",
            summary: "Removes cached responses, or makes them stale, on all nodes.",
            body: AdminBody(
                schema: AdminSchema.object(
                    [
                        "url": AdminSchema.text, "route": AdminSchema.text, "tag": AdminSchema.text,
                        "soft": AdminSchema.boolean,
                    ], required: [])),
            answer: AdminAnswer(
                description: "Done; cluster says whether other nodes have heard of it.",
                schema: AdminSchema.object(["purged": AdminSchema.boolean, "cluster": AdminSchema.boolean])),
            problems: [503: "This node was purged, but Redis could not be asked."]
        ) { request throws(AdminMistake) in
            let order = try CachePurge.order(request.body)
            guard let cache = request.node.current.cache else {
                throw AdminMistake("the node is still starting", status: 503)
            }
            return try await carryOut(order, cache)
        },
    ]

    private static func summary(_ node: NodeView) async -> Reply {
        let source = node.current
        let values = await node.values()
        let routes = zip(source.names.routes.names, values.routes).filter { $0.1.cache.total > 0 }
        let counters = source.cache?.near.counters ?? NearCounters()
        return .json(
            200,
            [
                "memory": [
                    "entries": .integer(counters.entries), "bytes": .integer(counters.bytes),
                    "evictions": .integer(counters.evictions),
                ],
                "shared": .bool(source.usesRedis),
                "routes": .array(
                    routes.map { name, route in
                        JSONValue(
                            members: [("route", .string(name))]
                                + CacheOutcome.allCases.map { ("\($0.label)", .integer(route.cache[$0])) })
                    }),
            ])
    }

    private static func carryOut(_ order: CachePurgeOrder, _ cache: NodeCache) async throws(AdminMistake) -> Reply {
        do {
            try await cache.purge(order)
        } catch {
            throw AdminMistake(
                "This node's memory was purged, but Redis could not be asked (\(error)), so other nodes may serve on; try again.",
                status: 503)
        }
        return .json(200, ["purged": true, "cluster": .bool(cache.redis != nil)])
    }
}

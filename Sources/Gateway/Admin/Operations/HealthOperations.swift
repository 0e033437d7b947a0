import GatewayCore
import JSON
import Telemetry

/// Whether the node lives, whether it is to get requests, and what it counts.
enum HealthOperations {
    static let all: [AdminOperation] = [
        AdminOperation(
            method: .get, path: "/healthz", id: "health", summary: "Whether the process serves at all.", access: .open,
            answer: AdminAnswer(
                description: "It does.", schema: AdminSchema.object(["status": AdminSchema.choice(["alive"])]))
        ) { _ in .json(200, ["status": "alive"]) },
        AdminOperation(
            method: .get, path: "/readyz", id: "readiness", summary: "Whether requests should be sent here.",
            access: .open,
            answer: AdminAnswer(
                description: "They should; degraded: without Redis, each node by itself.",
                schema: AdminSchema.object([
                    "status": AdminSchema.choice(["ready", "degraded", "not ready", "draining"]),
                    "dependencies": AdminSchema.object([
                        "redis": AdminSchema.choice(["up", "down", "not configured"])
                    ]),
                    "configuration": ["type": ["object", "null"]],
                ]))
        ) { request in await readiness(request.node) },
        AdminOperation(
            method: .get, path: "/metrics", id: "metrics",
            summary: "All metrics of this node, for Prometheus; OpenMetrics where Accept asks for it.",
            answer: AdminAnswer(
                contentType: "text/plain", description: "The text exposition format.", schema: AdminSchema.text)
        ) { request in
            let snapshot = await request.node.metrics()
            let format = PrometheusText.Format(accept: request.accept)
            return Reply(
                status: 200, contentType: format.contentType, content: PrometheusText.render(snapshot, as: format))
        },
    ]

    /// 200 while requests should be sent here. Without Redis a node that decides alone is degraded but ready: taking all
    /// nodes out because Redis is gone would turn a blip into an outage (STATE.md, promise 4).
    private static func readiness(_ node: NodeView) async -> Reply {
        let source = node.current
        let isRedisUp = await node.collect { $0.isRedisReady }.allSatisfy { $0 ?? true }
        let isReady = node.isServing && (isRedisUp || !source.requiresRedis)
        var status = isReady ? "ready" : node.isDraining ? "draining" : "not ready"
        if isReady, source.usesRedis, !isRedisUp { status = "degraded" }
        let redis = source.usesRedis ? (isRedisUp ? "up" : "down") : "not configured"
        return .json(
            isReady ? 200 : 503,
            [
                "status": .string(status), "dependencies": ["redis": .string(redis)],
                "configuration": source.configuration?.summary ?? .null,
            ])
    }
}

import Filters
import GatewayCore
import JSON

/// The audit of limit decisions.
enum DecisionOperations {
    static let all: [AdminOperation] = [
        AdminOperation(
            method: .get, path: "/api/decisions", id: "decisions",
            summary: "The latest limit decisions that all nodes recorded (telemetry.decisions).",
            query: [
                AdminParameter(
                    name: "limit", schema: ["type": "integer", "minimum": 1, "maximum": 1000],
                    description: "How many; 100 if not given.")
            ],
            answer: AdminAnswer(
                description: "Newest first; weight: how many such decisions one stands for.",
                schema: AdminSchema.object([
                    "shared": AdminSchema.boolean, "decisions": AdminSchema.list(AdminSchema.any),
                ])),
            problems: [400: "The parameter is not as described.", 503: "Redis could not be asked."]
        ) { request throws(AdminMistake) in
            let limit = try request.number("limit", in: 1...1000, default: 100)
            var readings: [DecisionsInRedis.Reading] = []
            if let cluster = request.node.current.cluster {
                readings = try await cluster.ask {
                    try await DecisionsInRedis($0, namespace: cluster.namespace).latest(limit)
                }
            }
            return .json(
                200,
                [
                    "shared": .bool(request.node.current.cluster != nil),
                    "decisions": .array(readings.map { $0.json }),
                ])
        }
    ]
}

extension DecisionsInRedis.Reading {
    fileprivate var json: JSONValue {
        [
            "time_ms": .integer(time / 1000), "policy": .string(policy), "subject": .string(subject),
            "decision": .string(decision), "cost": .integer(cost), "before": .integer(before),
            "after": .integer(after), "node": .string(node), "route": .string(route), "weight": .integer(weight),
        ]
    }
}

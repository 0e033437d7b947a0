import Filters
import GatewayCore
import JSON

/// The cluster at a glance.
enum OverviewOperations {
    static let all: [AdminOperation] = [
        AdminOperation(
            method: .get, path: "/api/nodes", id: "nodes", summary: "The live nodes of the cluster.",
            answer: AdminAnswer(
                description: "This node alone where nothing is shared.",
                schema: AdminSchema.object([
                    "node": AdminSchema.text, "shared": AdminSchema.boolean,
                    "nodes": AdminSchema.list(AdminSchema.any),
                ])),
            problems: [503: "Redis could not be asked."]
        ) { request throws(AdminMistake) in
            let source = request.node.current
            var nodes: [JSONValue] = [["id": .string(source.nodeID), "version": .string(GatewayNode.version)]]
            if let cluster = source.cluster {
                nodes = try await cluster.ask {
                    try await NodesInRedis($0, namespace: cluster.namespace).list().map(\.json)
                }
            }
            return .json(
                200,
                [
                    "node": .string(source.nodeID), "shared": .bool(source.cluster != nil), "nodes": .array(nodes),
                ])
        }
    ]
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

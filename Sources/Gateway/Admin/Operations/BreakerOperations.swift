import Configuration
import Filters
import GatewayCore
import JSON
import Policies

/// The circuit breakers: their states and reasons, and an operator's orders.
enum BreakerOperations {
    static let all: [AdminOperation] = [
        AdminOperation(
            method: .get, path: "/api/breakers", id: "breakers",
            summary: "The breaker of each upstream, with its history.",
            answer: AdminAnswer(
                description: "As the cluster has them, or this node where nothing is shared.",
                schema: AdminSchema.object([
                    "shared": AdminSchema.boolean, "breakers": AdminSchema.list(AdminSchema.any),
                ]))
        ) { request throws(AdminMistake) in try await list(request.node) },
        AdminOperation(
            method: .post, path: "/api/breakers/{upstream}/force", id: "forceBreaker",
            summary: "Opens or closes a breaker on all nodes for a while, or ends that.",
            body: AdminBody(
                schema: AdminSchema.object(
                    ["state": AdminSchema.choice(["open", "closed", "auto"]), "for": AdminSchema.text],
                    required: ["state"])),
            answer: AdminAnswer(
                description: "All nodes have heard of it.",
                schema: AdminSchema.object(["upstream": AdminSchema.text, "state": AdminSchema.text])),
            problems: [404: "No upstream has this name, or it has no breaker.", 409: "Nothing is shared."]
        ) { request throws(AdminMistake) in try await force(request) },
    ]

    private static func list(_ node: NodeView) async throws(AdminMistake) -> Reply {
        let snapshot = try node.snapshot()
        var shared: [String: BreakerReading] = [:]
        if let cluster = node.current.cluster {
            let readings = try await cluster.ask {
                try await BreakersInRedis($0, namespace: cluster.namespace).list()
            }
            shared = Dictionary(readings.map { ($0.upstream, $0) }, uniquingKeysWith: { first, _ in first })
        }
        let breakers = snapshot.configuration.upstreams.keys.sorted().compactMap { name in
            snapshot.breakers[name].map { describe(name, $0, shared[name]) }
        }
        return .json(200, ["shared": .bool(node.current.cluster != nil), "breakers": .array(breakers)])
    }

    private static func describe(_ name: String, _ breaker: SharedBreaker, _ reading: BreakerReading?) -> JSONValue {
        let history = breaker.history.reversed().map { past -> JSONValue in
            [
                "time_ms": .integer(past.time / 1000), "from": .string(past.transition.from.rawValue),
                "to": .string(past.transition.to.rawValue), "cause": .string("\(past.transition.cause)"),
            ]
        }
        let evidence = (reading?.evidence ?? []).map { node -> JSONValue in
            [
                "node": .string(node.node), "failures_in_a_row": .integer(node.row),
                "reported_ms_ago": .decimal(Double(node.sinceReportMicroseconds) / 1000),
            ]
        }
        return [
            "upstream": .string(name), "state": .string((reading?.state ?? breaker.state).rawValue),
            "forced": (reading?.force).map { .string($0.rawValue) }.orNull,
            "cause": .string(reading?.cause ?? ""),
            "since_ms": (reading?.ageMicroseconds).map { .decimal(Double($0) / 1000) }.orNull,
            "remaining_ms": (reading?.remainingMicroseconds).map { .decimal(Double($0) / 1000) }.orNull,
            "calls": .integer(reading?.calls ?? 0), "failed": .integer(reading?.failed ?? 0),
            "slow": .integer(reading?.slow ?? 0), "nodes": .array(evidence), "history": .array(history),
        ]
    }

    private static func force(_ request: AdminRequest) async throws(AdminMistake) -> Reply {
        let name = request.parameters["upstream"] ?? ""
        let order = try Order(request.body)
        let breakers = try request.node.snapshot().breakers
        guard breakers[name] != nil else {
            throw AdminMistake(
                "no upstream \(name) has a breaker; there are \(breakers.keys.sorted().joined(separator: ", "))",
                status: 404)
        }
        guard let cluster = request.node.current.cluster else {
            throw AdminMistake(
                "without state.redis breakers are each worker's own and can't be ordered about; configure state.redis",
                status: 409)
        }
        let reply = try await cluster.ask {
            try await BreakersInRedis($0, namespace: cluster.namespace).force(
                name, order.order, forMicroseconds: order.microseconds)
        }
        return .json(200, ["upstream": .string(name), "state": .string(reply.view.state.rawValue)])
    }

    /// `{"state": "open", "for": "10m"}`
    private struct Order {
        let order: BreakerScripts.Order
        let microseconds: Int

        private static let expectation =
            #"expected {"state": "open", "for": "10m"}; state is open, closed or auto, for a time such as 90s, 10m or 1h, by default 10m"#

        init(_ body: [UInt8]) throws(AdminMistake) {
            let object = try JSONValue.object(of: body, expectation: Self.expectation)
            for member in object.members where !["state", "for"].contains(member.name) {
                throw AdminMistake("\"\(member.name)\" is unknown; \(Self.expectation)")
            }
            guard let order = object["state"]?.string.flatMap({ BreakerScripts.Order(rawValue: $0) }),
                let time = AdminTime.microseconds(object["for"] ?? "10m")
            else { throw AdminMistake(Self.expectation) }
            (self.order, microseconds) = (order, time)
        }
    }
}

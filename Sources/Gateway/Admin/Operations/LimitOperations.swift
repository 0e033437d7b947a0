import Filters
import GatewayCore
import JSON
import Policies
import Telemetry

/// The limits: their policies, the buckets of their subjects and the leases of the nodes.
enum LimitOperations {
    static let all: [AdminOperation] = [
        AdminOperation(
            method: .get, path: "/api/limits", id: "limits",
            summary: "The policies with what they decided on this node, and the scarcest buckets of the cluster.",
            query: [
                AdminParameter(
                    name: "policy", schema: AdminSchema.text,
                    description: "Only this one; * stands for any text."),
                AdminParameter(
                    name: "subject", schema: AdminSchema.text,
                    description: "Only this one; * stands for any text."),
                AdminParameter(
                    name: "limit", schema: ["type": "integer", "minimum": 1, "maximum": 1000],
                    description: "How many buckets, the scarcest first; 50 if not given."),
            ],
            answer: AdminAnswer(
                description: "Policies and buckets; no buckets where nothing is shared.",
                schema: AdminSchema.object([
                    "shared": AdminSchema.boolean, "policies": AdminSchema.list(AdminSchema.any),
                    "limits": AdminSchema.list(AdminSchema.any), "found": AdminSchema.integer,
                    "is_complete": AdminSchema.boolean,
                ])),
            problems: [400: "A parameter is not as described.", 503: "Redis could not be asked."]
        ) { request throws(AdminMistake) in try await list(request) }
    ]

    private static func list(_ request: AdminRequest) async throws(AdminMistake) -> Reply {
        let limit = try request.number("limit", in: 1...1000, default: 50)
        let (policy, subject) = (request.query["policy"], request.query["subject"])
        var listing: LimitsInRedis.Listing?
        if let cluster = request.node.current.cluster {
            listing = try await cluster.ask {
                try await LimitsInRedis($0, namespace: cluster.namespace).list(policy: policy, subject: subject)
            }
        }
        let buckets = listing?.readings ?? []
        return .json(
            200,
            [
                "shared": .bool(request.node.current.cluster != nil),
                "policies": .array(try await policies(request.node)),
                "limits": .array(buckets.prefix(limit).map { $0.json }),
                "found": .integer(buckets.count), "is_complete": .bool(listing?.isComplete ?? true),
            ])
    }

    private static func policies(_ node: NodeView) async throws(AdminMistake) -> [JSONValue] {
        let catalogue = try node.snapshot().limits
        let names = node.current.names.policies.names
        let counts = Dictionary(
            zip(names, await node.values().policies).map { ($0, $1) }, uniquingKeysWith: { first, _ in first })
        return catalogue.policies.map { policy in
            let counts = counts[policy.name] ?? LimitMetrics()
            return [
                "name": .string(policy.name), "shadow": .bool(policy.isShadow),
                "concurrency": policy.concurrency.map { .integer($0) }.orNull,
                "rates": .array(policy.windows.map { .string($0.text) }),
                "decisions": JSONValue(
                    members: LimitDecision.allCases.map { ("\($0.label)", .integer(counts[$0])) }),
            ]
        }
    }
}

extension BucketReading {
    /// As `sluice limits --json` prints it; times in milliseconds.
    fileprivate var json: JSONValue {
        [
            "policy": .string(policy), "subject": .string(subject), "requests_in_flight": .integer(placesInUse),
            "left": .decimal(shareLeft),
            "windows": .array(
                windows.map {
                    [
                        "window": .string($0.name), "rate": .string($0.rate), "tokens": .integer($0.tokens),
                        "capacity": .integer($0.capacity), "full_in_ms": $0.full.milliseconds,
                        "token_in_ms": $0.ready.milliseconds,
                    ]
                }),
            "leases": .array(
                leases.map {
                    [
                        "holder": .string($0.holder), "amount": .integer($0.amount),
                        "expires_in_ms": .decimal(Double($0.remainingMicroseconds) / 1000),
                    ]
                }),
        ]
    }
}

extension BucketReading.Instant {
    /// Null where Redis alone does not tell.
    fileprivate var milliseconds: JSONValue {
        switch self {
        case .now: 0
        case .after(let microseconds): .decimal(Double(microseconds) / 1000)
        case .end, .unknown: .null
        }
    }
}

import Configuration
import GatewayCore
import JSON
import Policies
import RedisClient

/// Captures of what passes on a route, bodies included: made, read and ended.
enum CaptureOperations {
    static let all: [AdminOperation] = [
        AdminOperation(
            method: .post, path: "/api/capture", id: "makeCapture",
            summary:
                "Captures requests and responses of a route, bodies included, for a while; on all nodes, each for itself.",
            body: AdminBody(schema: order),
            answer: AdminAnswer(
                status: 201,
                description: "The rule is in force here; cluster says whether the other nodes were told.",
                schema: rule),
            problems: [
                404: "The configuration has no route of this name.",
                409: "The route is being captured, or there are too many captures.",
            ]
        ) { request throws(AdminMistake) in try await make(request) },
        AdminOperation(
            method: .get, path: "/api/capture", id: "captures",
            summary: "The captures that this node knows, those that have ended lately among them.",
            answer: AdminAnswer(
                description: "Without what was captured; bytes are what this node holds, of capacity at most.",
                schema: AdminSchema.object([
                    "captures": AdminSchema.list(rule), "bytes": AdminSchema.integer, "capacity": AdminSchema.integer,
                ]))
        ) { request in list(request.node.captures) },
        AdminOperation(
            method: .get, path: "/api/capture/{id}", id: "capture",
            summary: "What this node has captured by a rule; it can be read for 15 minutes after its end.",
            query: [
                AdminParameter(
                    name: "after", schema: ["type": "integer", "minimum": 0],
                    description: "Only exchanges after this number: next of the last answer.")
            ],
            answer: AdminAnswer(
                description: "Oldest first; complete unless more is true.",
                schema: AdminSchema.object([
                    "capture": rule, "exchanges": AdminSchema.list(AdminSchema.any), "next": AdminSchema.integer,
                    "more": AdminSchema.boolean,
                ])),
            problems: [404: "This node knows no capture of this id."]
        ) { request throws(AdminMistake) in try read(request) },
        AdminOperation(
            method: .delete, path: "/api/capture/{id}", id: "endCapture",
            summary: "Ends a capture on all nodes, and forgets what it has captured.",
            answer: AdminAnswer(
                description: "Done; cluster says whether the other nodes were told.",
                schema: AdminSchema.object(["ended": AdminSchema.boolean, "cluster": AdminSchema.boolean])),
            problems: [404: "This node knows no capture of this id; the others were told nevertheless."]
        ) { request throws(AdminMistake) in try await end(request) },
    ]

    /// Of exchanges in one answer, as they are held.
    private static let mostBytesPerAnswer = 2 << 20

    private static func make(_ request: AdminRequest) async throws(AdminMistake) -> Reply {
        let body = try JSONValue.object(of: request.body, expectation: #"expected {"route": "NAME"}"#)
        let terms = try CaptureTerms(body)
        let names = try request.node.snapshot().configuration.routes.map(\.rule.name)
        guard names.contains(terms.route) else {
            throw AdminMistake(
                "there is no route \(terms.route); expected one of \(names.prefix(20).joined(separator: ", "))",
                status: 404)
        }
        let rule = CaptureRule(terms, madeBy: request.node.current.nodeID, now: MonotonicClock.microseconds())
        do throws(CaptureRules.Refusal) {
            try request.node.captures.make(rule)
        } catch {
            throw AdminMistake(error, route: terms.route)
        }
        let isTold = await tell(.make(rule), request.node)
        let made = request.node.captures.read(rule.id) ?? CaptureRules.Reading(rule: rule)
        return .json(201, JSONValue(members: made.members + [("cluster", .bool(isTold))]))
    }

    private static func list(_ captures: CaptureRules) -> Reply {
        .json(
            200,
            [
                "captures": .array(captures.list().map { JSONValue(members: $0.members) }),
                "bytes": .integer(captures.bytes), "capacity": .integer(CaptureRules.mostBytes),
            ])
    }

    private static func read(_ request: AdminRequest) throws(AdminMistake) -> Reply {
        let id = request.parameters["id"] ?? ""
        let after = try request.number("after", in: 0...1 << 30, default: 0)
        guard let reading = request.node.captures.read(id) else { throw AdminMistake.noCapture(id) }
        var shown: [CapturedExchange] = []
        var bytes = 0
        let wanted = reading.exchanges.filter { $0.sequence > after }
        for exchange in wanted {
            guard shown.isEmpty || bytes + exchange.size <= mostBytesPerAnswer else { break }
            bytes += exchange.size
            shown.append(exchange)
        }
        return .json(
            200,
            [
                "capture": JSONValue(members: reading.members), "exchanges": .array(shown.map(\.json)),
                "next": .integer(shown.last?.sequence ?? after), "more": .bool(shown.count < wanted.count),
            ])
    }

    private static func end(_ request: AdminRequest) async throws(AdminMistake) -> Reply {
        let id = request.parameters["id"] ?? ""
        guard CaptureRule.isID(id) else { throw AdminMistake.noCapture(id) }
        let isKnown = request.node.captures.remove(id)
        let isTold = await tell(.end(id), request.node)
        guard isKnown else { throw AdminMistake.noCapture(id) }
        return .json(200, ["ended": true, "cluster": .bool(isTold)])
    }

    /// False without a cluster, and where it could not be told: rules end by themselves.
    private static func tell(_ event: CaptureEvent, _ node: NodeView) async -> Bool {
        guard let cluster = node.current.cluster else { return false }
        do {
            try await cluster.ask { try await $0.publish("capture \(event.text)", to: "\(cluster.namespace):events") }
            return true
        } catch {
            return false
        }
    }

    private static let order = AdminSchema.object(
        [
            "route": AdminSchema.text, "method": AdminSchema.text,
            "status": AdminSchema.choice(["errors", "1xx", "2xx", "3xx", "4xx", "5xx"]),
            "bodies": AdminSchema.list(AdminSchema.choice(CaptureTerms.Body.allCases.map(\.rawValue))),
            "for": AdminSchema.text, "bytes": bounded(CaptureTerms.mostBytes),
            "exchanges": bounded(CaptureTerms.mostExchanges),
        ], required: ["route"])

    private static func bounded(_ most: Int) -> JSONValue {
        ["type": "integer", "minimum": 1, "maximum": .integer(most)]
    }

    private static let rule = AdminSchema.object(
        [
            "id": AdminSchema.text, "route": AdminSchema.text, "method": AdminSchema.text, "status": AdminSchema.text,
            "bodies": AdminSchema.list(AdminSchema.text), "for": AdminSchema.text, "bytes": AdminSchema.integer,
            "exchanges": AdminSchema.integer, "made_by": AdminSchema.text,
            "state": AdminSchema.choice(["active", "expired", "full"]), "remaining_ms": AdminSchema.integer,
            "captured": AdminSchema.integer, "missed": AdminSchema.integer, "cluster": AdminSchema.boolean,
        ],
        required: [
            "id", "route", "bodies", "for", "bytes", "exchanges", "made_by", "state", "remaining_ms", "captured",
            "missed",
        ])
}

extension CaptureRules.Reading {
    fileprivate var members: [(String, JSONValue)] {
        let left = end == nil ? max(0, rule.endsMicroseconds - MonotonicClock.microseconds()) : 0
        return [("id", .string(rule.id))] + rule.terms.members + [
            ("made_by", .string(rule.madeBy)), ("state", .string(end?.rawValue ?? "active")),
            ("remaining_ms", .integer(left / 1000)), ("captured", .integer(exchanges.count)),
            ("missed", .integer(missed)),
        ]
    }
}

extension AdminMistake {
    fileprivate static func noCapture(_ id: String) -> AdminMistake {
        AdminMistake("this node knows no capture \(id); GET /api/capture lists them", status: 404)
    }

    fileprivate init(_ refusal: CaptureRules.Refusal, route: String) {
        switch refusal {
        case .tooMany:
            self.init("there are \(CaptureRules.mostRules) captures already; end one of them first", status: 409)
        case .taken(let id):
            self.init("the route \(route) is being captured by \(id); end that first, or wait for its end", status: 409)
        }
    }
}

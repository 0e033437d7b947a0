import Filters
import GatewayCore
import JSON

/// Which configuration the node runs, and reading it anew.
enum ConfigurationOperations {
    static let all: [AdminOperation] = [
        AdminOperation(
            method: .get, path: "/api/config", id: "configuration",
            summary: "Which configuration is served, since when, and why another one was refused. Never its text.",
            answer: AdminAnswer(description: "The configuration in force.", schema: schema)
        ) { request throws(AdminMistake) in .json(200, try status(request.node)) },
        AdminOperation(
            method: .get, path: "/api/config/revisions", id: "revisions",
            summary:
                "The revisions that were pushed to the cluster, and what each node said of them. Never their text.",
            answer: AdminAnswer(
                description: "The newest first; none where nothing is shared, or nothing was pushed.",
                schema: AdminSchema.object([
                    "shared": AdminSchema.boolean, "live": AdminSchema.nullable("integer"),
                    "last_good": AdminSchema.nullable("integer"), "candidate": AdminSchema.nullable("integer"),
                    "canary": AdminSchema.nullable("string"), "left_ms": AdminSchema.nullable("integer"),
                    "revisions": AdminSchema.list(AdminSchema.any),
                ])),
            problems: [503: "Redis could not be asked."]
        ) { request throws(AdminMistake) in try await revisions(request.node) },
        AdminOperation(
            method: .post, path: "/api/reload", id: "reload",
            summary: "Reads the configuration anew, as SIGHUP does.",
            answer: AdminAnswer(description: "It was taken; this is in force now.", schema: schema),
            problems: [422: "It was refused, and the old one serves on; detail says why."]
        ) { request throws(AdminMistake) in
            guard let reload = request.node.current.reload else {
                throw AdminMistake("the node is still starting", status: 503)
            }
            do {
                try await reload()
            } catch {
                throw AdminMistake("\(error)", status: 422)
            }
            return .json(200, try status(request.node))
        },
    ]

    private static func status(_ node: NodeView) throws(AdminMistake) -> JSONValue {
        guard let status = node.current.configuration else {
            throw AdminMistake("the node is still starting", status: 503)
        }
        return status.json
    }

    private static func revisions(_ node: NodeView) async throws(AdminMistake) -> Reply {
        guard let cluster = node.current.cluster else { return .json(200, RevisionOverview.none.json(isShared: false)) }
        let overview = try await cluster.ask {
            try await RevisionsInRedis($0, namespace: cluster.namespace).overview()
        }
        return .json(200, overview.json(isShared: true))
    }

    private static let schema = AdminSchema.object(
        [
            "origin": AdminSchema.choice(["file", "redis", "disk"]), "file": AdminSchema.text,
            "revision": AdminSchema.integer, "digest": AdminSchema.text, "loaded": AdminSchema.text,
            "generation": AdminSchema.integer, "routes": AdminSchema.integer,
            "reloads": AdminSchema.object(["accepted": AdminSchema.integer, "refused": AdminSchema.integer]),
            "refused": ["type": ["object", "null"]],
        ],
        required: ["origin", "digest", "loaded", "generation", "routes", "reloads", "refused"])
}

extension RevisionOverview {
    fileprivate func json(isShared: Bool) -> JSONValue {
        func number(_ value: Int?) -> JSONValue { value.map { .integer($0) }.orNull }
        return [
            "shared": .bool(isShared), "live": number(live), "last_good": number(lastGood),
            "candidate": number(candidate), "canary": candidate == nil ? .null : .string(canary),
            "left_ms": number(candidate == nil ? nil : leftMicroseconds / 1000),
            "revisions": .array(revisions.map(\.json)),
        ]
    }
}

extension RevisionReading {
    fileprivate var json: JSONValue {
        let nodes = acknowledgements.map { told -> JSONValue in
            [
                "node": .string(told.node), "ok": .bool(told.refusal == nil),
                "reason": told.refusal.map { .string($0) }.orNull, "ms_ago": .integer(told.sinceMicroseconds / 1000),
            ]
        }
        return [
            "revision": .integer(number), "state": .string(state), "digest": .string(digest),
            "pushed_ms_ago": .integer(sinceMicroseconds / 1000), "author": .string(author), "note": .string(note),
            "bytes": .integer(bytes), "nodes": .array(nodes),
        ]
    }
}

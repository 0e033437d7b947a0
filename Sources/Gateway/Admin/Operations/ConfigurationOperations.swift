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

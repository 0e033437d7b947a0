import JSON

/// The description of the admin API in OpenAPI 3.1, made of the operations themselves.
enum OpenAPIDocument {
    static func of(_ operations: [AdminOperation]) -> JSONValue {
        var paths: [(String, JSONValue)] = []
        for path in operations.map(\.path) where !paths.contains(where: { $0.0 == path }) {
            let members = operations.filter { $0.path == path }.map {
                ($0.method.rawValue.lowercased(), operation($0))
            }
            paths.append((path, JSONValue(members: members)))
        }
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "Sluice admin API", "version": .string(GatewayNode.version),
                "description":
                    "What operators see and do on one node, and through Redis in the whole cluster. Without admin.token the listener is on loopback, answers under /api only to localhost or an address as Host, and takes changes only as application/json.",
            ],
            "servers": [["url": "/"]],
            "paths": JSONValue(members: paths),
            "components": [
                "securitySchemes": ["token": ["type": "http", "scheme": "bearer"]],
                "schemas": ["Problem": problem],
            ],
        ]
    }

    private static func operation(_ operation: AdminOperation) -> JSONValue {
        var members: [(String, JSONValue)] = [
            ("operationId", .string(operation.id)), ("summary", .string(operation.summary)),
            ("responses", responses(operation)),
            // With no token configured none is asked for.
            ("security", operation.access == .open ? [] : [["token": []], [:]]),
        ]
        let parameters = operation.parameters.map(inPath) + operation.query.map(inQuery)
        if !parameters.isEmpty { members.append(("parameters", .array(parameters))) }
        if let body = operation.body {
            members.append(
                (
                    "requestBody",
                    ["required": true, "content": JSONValue(members: [(body.contentType, ["schema": body.schema])])]
                ))
        }
        return JSONValue(members: members)
    }

    private static func inPath(_ name: String) -> JSONValue {
        ["name": .string(name), "in": "path", "required": true, "schema": AdminSchema.text]
    }

    private static func inQuery(_ parameter: AdminParameter) -> JSONValue {
        [
            "name": .string(parameter.name), "in": "query", "required": false, "schema": parameter.schema,
            "description": .string(parameter.description),
        ]
    }

    private static func responses(_ operation: AdminOperation) -> JSONValue {
        let answer = operation.answer
        var responses: [(String, JSONValue)] = [
            (
                "\(answer.status)",
                [
                    "description": .string(answer.description),
                    "content": JSONValue(members: [(answer.contentType, ["schema": answer.schema])]),
                ]
            )
        ]
        var problems = operation.problems
        if operation.access == .token { problems[401] = "The admin token is missing or another one." }
        if operation.access == .token, operation.path.hasPrefix("/api") {
            problems[403] = "No token is configured, and Host is neither localhost nor an address."
        }
        if operation.body != nil { problems[400] = "The body or a parameter is not as described; detail says why." }
        for (status, description) in problems.sorted(by: { $0.key < $1.key }) {
            responses.append(
                (
                    "\(status)",
                    [
                        "description": .string(description),
                        "content": ["application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]],
                    ]
                ))
        }
        return JSONValue(members: responses)
    }

    /// RFC 9457.
    private static let problem = AdminSchema.object([
        "type": AdminSchema.text, "title": AdminSchema.text, "status": AdminSchema.integer,
        "detail": AdminSchema.text, "error": AdminSchema.text, "request_id": AdminSchema.text,
    ])
}

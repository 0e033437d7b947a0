import JSON

/// The API's description of itself.
enum DocumentOperations {
    static let all: [AdminOperation] = [
        AdminOperation(
            method: .get, path: "/api/openapi.json", id: "openapi", summary: "This document.",
            answer: AdminAnswer(description: "OpenAPI 3.1.", schema: AdminSchema.any)
        ) { _ in .json(200, OpenAPIDocument.of(AdminOperation.all)) }
    ]
}

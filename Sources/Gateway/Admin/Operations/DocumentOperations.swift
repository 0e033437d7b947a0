import JSON

/// The dashboard, and the API's description of itself.
enum DocumentOperations {
    static let all: [AdminOperation] = [
        AdminOperation(
            method: .get, path: "/", id: "dashboard", summary: "The dashboard, a page for browsers.", access: .open,
            answer: AdminAnswer(contentType: "text/html", description: "The page.", schema: AdminSchema.text)
        ) { _ in Dashboard.page },
        AdminOperation(
            method: .get, path: "/api/openapi.json", id: "openapi", summary: "This document.",
            answer: AdminAnswer(description: "OpenAPI 3.1.", schema: AdminSchema.any)
        ) { _ in .json(200, OpenAPIDocument.of(AdminOperation.all)) },
    ]
}

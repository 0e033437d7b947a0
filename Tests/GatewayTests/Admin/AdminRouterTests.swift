import HTTPWire
import JSON
import Testing

@testable import Gateway

@Suite("Routing on the admin listener")
struct AdminRouterTests {
    private let router = AdminRouter(AdminOperation.all)

    private func found(_ method: String, _ path: String) -> String {
        switch router.match(method: method, path: path) {
        case .operation(let operation, let parameters):
            ([operation.id] + parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
                .joined(separator: " ")
        case .otherMethods(let methods): methods.joined(separator: ", ")
        case .nothing: "nothing"
        }
    }

    @Test(
        "a path and a method name an operation",
        arguments: [
            ("GET", "/healthz", "health"), ("HEAD", "/metrics", "metrics"), ("POST", "/metrics", "GET, HEAD"),
            ("GET", "/api/cache/purge", "POST"), ("POST", "/api/breakers/users/force", "forceBreaker upstream=users"),
            ("POST", "/api/breakers//force", "nothing"), ("GET", "/api", "nothing"), ("GET", "/api/cache/", "nothing"),
            ("OPTIONS", "/api/cache", "GET, HEAD"),
        ])
    func matches(method: String, path: String, expected: String) {
        #expect(found(method, path) == expected)
    }

    @Test("operations are told apart by their ids, and by method and path")
    func uniqueness() {
        let ids = AdminOperation.all.map(\.id)
        #expect(Set(ids).count == ids.count)
        let places = AdminOperation.all.map { "\($0.method.rawValue) \($0.path)" }
        #expect(Set(places).count == places.count)
    }

    @Test("nothing but health, readiness and the page itself is open")
    func openOperations() {
        let open = AdminOperation.all.filter { $0.access == .open }.map(\.path)
        #expect(Set(open).isSubset(of: ["/", "/healthz", "/readyz"]), "\(open)")
    }

    @Test(
        "a host is this machine's if it is localhost or an address",
        arguments: [
            ("localhost", true), ("localhost:9901", true), ("127.0.0.1:9901", true), ("[::1]:9901", true),
            ("10.0.0.7", true), ("evil.example", false), ("localhost.evil.example:9901", false), ("", false),
            ("[evil]", false), ("127.0.0.1.evil.example", false),
        ])
    func hosts(host: String, isOurs: Bool) {
        let bytes = Array(host.utf8)
        #expect(bytes.withUnsafeBufferPointer { AdminAccess.isThisMachine($0) } == isOurs)
    }
}

@Suite("The OpenAPI document of the admin API")
struct OpenAPIDocumentTests {
    private let document = OpenAPIDocument.of(AdminOperation.all)

    @Test("it has each operation with its id, its answers and its path's parameters")
    func complete() throws {
        let paths = try #require(document.object?["paths"]?.object)
        #expect(document.object?["openapi"]?.string == "3.1.0")
        #expect(Set(paths.members.map(\.name)) == Set(AdminOperation.all.map(\.path)))
        for operation in AdminOperation.all {
            let entry = try #require(
                paths[operation.path]?.object?[operation.method.rawValue.lowercased()]?.object)
            #expect(entry["operationId"]?.string == operation.id)
            #expect(entry["responses"]?.object?["\(operation.answer.status)"] != nil)
            #expect((entry["requestBody"] != nil) == (operation.body != nil))
            let parameters = entry["parameters"]?.array?.compactMap { $0.object?["name"]?.string } ?? []
            #expect(parameters == operation.parameters + operation.query.map(\.name))
        }
    }

    @Test("it survives being written and read")
    func isJSON() throws {
        #expect(try JSONReader.read(JSONWriter.write(document), maximumBytes: 1 << 20) == document)
    }
}

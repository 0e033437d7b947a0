import Foundation
import TestSupport
import Testing

extension Cluster {
    /// The files of `deploy/examples`, run as they are: only ports and upstreams come from the environment, as they say.
    @Suite("Examples that are run")
    struct ExampleTests {
        static func text(_ name: String) throws -> String {
            let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent()
            return try String(contentsOf: root.appending(path: "deploy/examples/\(name)"), encoding: .utf8)
        }

        @Test("traffic.yaml splits, mirrors, redirects, answers and closes")
        func traffic() async throws {
            let (stable, canary) = (
                try TestOrigin { _ in .response("stable") }, try TestOrigin { _ in .response("canary") }
            )
            let shadow = try TestOrigin { _ in .response("shadow") }
            let node = try await ExampleNode(
                "traffic.yaml",
                ["PRODUCTS": stable.url, "PRODUCTS_CANARY": canary.url, "PRODUCTS_SHADOW": shadow.url])
            let usual = try request("/api/products/7", port: node.port).text
            for _ in 0..<3 { #expect(try request("/api/products/7", port: node.port).text == usual) }
            #expect(try request("/api/products/7", ["X-Canary: yes"], port: node.port).text == "canary")
            try await eventually("the shadow has seen all of it") { shadow.requests.count == 5 }
            let moved = try request("/shop/shoes?size=44", port: node.port)
            #expect(moved.status == 308 && moved["Location"] == "https://shop.example.com/shoes?size=44")
            #expect(try request("/robots.txt", port: node.port).text == "User-agent: *\nDisallow: /api/\n")
            #expect(try request("/api/chaos/x", port: node.port).text == "stable")
            #expect(try request("/api/orders/1", port: node.port).text == "stable")
            let closed = try await ExampleNode("traffic.yaml", ["ORDERS_CLOSED": "true"])
            #expect(try request("/api/orders/1", port: closed.port).status == 503)
        }

        @Test("versions.yaml: three ways to name a version, each served by its service")
        func versions() async throws {
            let type = [("Content-Type", "application/json")]
            let first = try TestOrigin { _ in .response("v1") }
            let second = try TestOrigin { request in
                guard request.message.method == "POST" else { return .response("v2") }
                guard !request.message.text.contains(#""quantity":0"#) else {
                    return .response(#"{"message":"too few"}"#, status: "422 Unprocessable Content", headers: type)
                }
                return .response(request.message.text, headers: type)
            }
            let node = try await ExampleNode("versions.yaml", ["PRODUCTS_V1": first.url, "PRODUCTS_V2": second.url])
            let ways: [(String, [String])] = [
                ("/v1/products/7", []), ("/products/7?version=1", []),
                ("/products/7", ["Accept: application/vnd.api+json;version=1"]),
            ]
            for (target, fields) in ways {
                let answer = try request(target, fields, port: node.port)
                #expect(answer.text == "v1" && answer["Deprecation"] == "@1782777600", "\(target)")
                #expect(
                    answer["Link"]?.contains(#"<https://api.example.com/v2/products>; rel="successor-version""#) == true
                )
            }
            #expect(first.requests.map(\.message.target) == ["/products/7", "/products/7", "/products/7"])
            for target in ["/v2/products/7", "/products/7"] {
                let answer = try request(target, port: node.port)
                #expect(answer.text == "v2" && answer["Deprecation"] == nil)
            }
            for (target, fields, old) in [
                ("/v1/orders", "", true), ("/orders?version=1", "", true),
                ("/orders", "Accept: application/vnd.api+json;version=1", true), ("/orders", "", false),
            ] {
                let connection = try RawConnection(port: node.port)
                func post(_ body: String) throws -> RawMessage {
                    let lines = ["POST \(target) HTTP/1.1", "Host: a", "Content-Type: application/json"]
                    let length = ["Content-Length: \(body.utf8.count)"]
                    try connection.sendRequest(lines + length + (fields.isEmpty ? [] : [fields]), body: body)
                    return try connection.readResponse()
                }
                let made = try post(old ? #"{"id":1,"qty":2}"# : #"{"id":1,"quantity":2}"#)
                #expect(made.text == (old ? #"{"id":1,"qty":2}"# : #"{"id":1,"quantity":2}"#), "\(target) \(fields)")
                #expect(second.requests.last?.message.text == #"{"id":1,"quantity":2}"#)
                let refused = try post(old ? #"{"qty":0}"# : #"{"quantity":0}"#)
                #expect(refused.status == 422)
                #expect(refused.text == (old ? #"{"error":"too few"}"# : #"{"message":"too few"}"#))
            }
            let unknown = try request("/v3/products/7", port: node.port)
            #expect(unknown.status == 404 && unknown.json["versions"] as? [String] == ["1", "2"])
        }

        @Test("bff.yaml: the same route behind two surfaces")
        func backends() async throws {
            let type = [("Content-Type", "application/json")]
            let users = try TestOrigin { _ in
                .response(
                    #"{"id":7,"name":"Ada","email":"ada@example.com","address":{"city":"London"}}"#, headers: type)
            }
            let node = try await ExampleNode("bff.yaml", ["USERS": users.url, "ORDERS": users.url])
            func status(_ target: String, _ host: String, _ fields: [String] = []) throws -> Int {
                let connection = try RawConnection(port: node.port)
                try connection.sendRequest(["GET \(target) HTTP/1.1", "Host: \(host)"] + fields)
                return try connection.readResponse().status
            }
            let small = try RawConnection(port: node.port)
            for word in ["MISS", "HIT"] {
                try small.sendRequest(["GET /api/users/7 HTTP/1.1", "Host: m.example.com"])
                let answer = try small.readResponse()
                #expect(answer.text == #"{"id":7,"name":"Ada"}"# && answer["X-Cache"] == word)
            }
            try small.sendRequest(
                ["GET /api/users/7 HTTP/1.1", "Host: app.example.com", "X-API-Key: demo-key-acme"])
            #expect(try small.readResponse().text.contains(#""city":"London""#))
            #expect(try status("/api/orders/7", "m.example.com") == 404)
            #expect(try status("/api/users/7", "app.example.com") == 401)
            #expect(try status("/api/users/7", "app.example.com", ["X-API-Key: demo-key-acme"]) == 200)
            #expect(try status("/api/orders/7", "app.example.com", ["X-API-Key: demo-key-acme"]) == 200)
            #expect(try status("/api/users/7", "elsewhere.test") == 404)
        }

        @Test("brief.yaml: the brief's four routes with their methods, limits and caches")
        func brief() async throws {
            let origin = try TestOrigin { request in .response(request.message.target) }
            let node = try await ExampleNode(
                "brief.yaml",
                ["USERS": origin.url, "PRODUCTS": origin.url, "ORDERS": origin.url, "STATIC": origin.url])
            let minted = try await sluice(
                "token", "--secret", "your-secret-key-that-is-long-enough", "--subject", "ada")
            let token = minted.standardOutput.trimmingCharacters(in: .whitespacesAndNewlines)
            let bearer = ["Authorization: Bearer \(token)"]
            for (target, limit) in [("/api/users/7", "100"), ("/api/orders/7", "50")] {
                #expect(try request(target, port: node.port).status == 401, "\(target)")
                let answer = try request(target, bearer, port: node.port)
                #expect(answer.status == 200 && answer["X-RateLimit-Limit"] == limit)
                #expect(answer["X-Cache"] == nil)
            }
            for (target, limit) in [("/api/products/7", "1000"), ("/public/logo.svg", "10000")] {
                for word in ["MISS", "HIT"] {
                    let answer = try request(target, port: node.port)
                    #expect(answer.status == 200 && answer["X-RateLimit-Limit"] == limit)
                    #expect(answer["X-Cache"] == word && answer.text == target)
                }
            }
            #expect(try request("/api/products/7", method: "POST", port: node.port).status == 405)
            #expect(try request("/api/orders/7", bearer, method: "DELETE", port: node.port).status == 405)
            #expect(try request("/api/users/7", bearer, method: "DELETE", port: node.port).status == 200)
            #expect(try request("/api/usersandmore", port: node.port).status == 404)
            let statuses = try (0..<55).map { try request("/api/orders/\($0)", bearer, port: node.port).status }
            #expect(statuses.filter { $0 == 429 }.count >= 3, "49 were left, and one came back each second or so")
        }
    }
}

/// A node that runs a file of `deploy/examples`.
final class ExampleNode: Sendable {
    let port: Int
    let adminPort: Int
    private let files: TemporaryDirectory
    private let process: ChildProcess

    init(_ name: String, _ environment: [String: String]) async throws {
        port = try freePort()
        adminPort = try freePort()
        files = try TemporaryDirectory("example")
        let path = try files.write(name, try Cluster.ExampleTests.text(name))
        let ports = ["SLUICE_PORT": "\(port)", "SLUICE_ADMIN_PORT": "\(adminPort)"]
        let child = try ChildProcess(
            Executables.sluice, ["run", "--config", path, "--workers", "1"],
            environment: environment.merging(ports) { given, _ in given })
        process = child
        let adminPort = self.adminPort
        try await eventually("the node is ready", within: .seconds(20)) {
            guard child.isRunning else { throw TestFailure("the node ended: \(child.standardError)") }
            return try request("/readyz", port: adminPort).status == 200
        }
    }
}

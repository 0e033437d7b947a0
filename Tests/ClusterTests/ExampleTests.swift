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

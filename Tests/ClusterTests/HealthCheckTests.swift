import Foundation
import Synchronization
import TestSupport
import Testing

extension Cluster {
    @Suite("Health checks")
    struct HealthCheckTests {
        /// Well or not, as a test says; what it serves tells which one it is.
        private final class Target: Sendable {
            let origin: TestOrigin
            let isWell: Shared

            final class Shared: Sendable {
                let value = Mutex(true)
            }

            init(_ name: String) throws {
                let isWell = Shared()
                self.isWell = isWell
                origin = try TestOrigin { request in
                    guard request.message.head.hasPrefix("GET /healthz ") else {
                        return [.text("HTTP/1.1 200 OK\r\nContent-Length: \(name.utf8.count)\r\n\r\n\(name)")]
                    }
                    let status = isWell.value.withLock { $0 } ? "204 No Content" : "503 Sick"
                    return [.text("HTTP/1.1 \(status)\r\nContent-Length: 0\r\n\r\n")]
                }
            }

            func set(_ isWell: Bool) { self.isWell.value.withLock { $0 = isWell } }
        }

        @Test("a target that fails its checks is asked for nothing, until they go well again")
        func http() async throws {
            let (first, second) = (try Target("first"), try Target("second"))
            let node = try await Node(
                """
                access_log: { path: off }
                upstreams:
                  app:
                    targets: ["\(first.origin.url)", "\(second.origin.url)"]
                    health: { path: /healthz, interval: 100ms, unhealthy_after: 2, healthy_after: 2 }
                routes: [{ match: { path: "/**" }, upstream: app }]

                """)
            func served() throws -> Set<String> {
                Set(try (0..<8).map { _ in try request("/", port: node.port).text })
            }
            #expect(try served() == ["first", "second"])
            first.set(false)
            try await eventually("the first is out") {
                try node.metric("sluice_upstream_unhealthy_targets") == 1 && served() == ["second"]
            }
            #expect(node.errors.contains("target unhealthy"))
            second.set(false)
            try await eventually("both are out") { try node.metric("sluice_upstream_unhealthy_targets") == 2 }
            #expect(try served() == ["first", "second"], "better than none")
            first.set(true)
            second.set(true)
            try await eventually("both are back") { try node.metric("sluice_upstream_unhealthy_targets") == 0 }
        }

        @Test("a gRPC service is asked by grpc.health.v1")
        func grpc() async throws {
            let service = try await GRPCService()
            let node = try await Node(
                """
                access_log: { path: off }
                upstreams:
                  up: { targets: ["\(service.url)"], health: { grpc: true, interval: 100ms, unhealthy_after: 1 } }
                  down: { targets: ["\(service.url)"], health: { grpc: down, interval: 100ms, unhealthy_after: 1 } }
                routes: [{ match: { path: "/a/**" }, upstream: up }, { match: { path: "/b/**" }, upstream: down }]

                """)
            try await eventually("the one that is not serving is found out") {
                try node.metric("sluice_upstream_unhealthy_targets", #"upstream="down""#) == 1
            }
            #expect(try node.metric("sluice_upstream_unhealthy_targets", #"upstream="up""#) == 0)
        }
    }
}

import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("limits.memory")
    struct MemoryLimitTests {
        /// Sends for as long as anybody takes it.
        private static func endlessOrigin() throws -> TestOrigin {
            try TestOrigin(connection: { connection, _, _ in
                let head = try connection.readHead()
                guard head.head.contains("/endless") else {
                    return try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                }
                try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
                let block = [UInt8](repeating: 0x61, count: 256 * 1024)
                for _ in 0..<3_800 { try connection.send(block) }
            })
        }

        @Test("past it new requests are refused with Retry-After, and served again once slow clients are gone")
        func sheds() async throws {
            let origin = try Self.endlessOrigin()
            let node = try await Node(
                """
                access_log: { path: off }
                limits: { memory: 1MiB }
                upstreams:
                  app: { targets: ["\(origin.url)"], breaker: off }
                routes:
                  - { match: { path: "/**" }, upstream: app }
                  - { match: { path: "/low/**" }, priority: low, upstream: app }

                """)
            #expect(try request("/", port: node.port).status == 200)
            #expect(try node.metric("sluice_buffer_limit_bytes") == 1_048_576)
            var slow: [RawConnection] = []
            try await eventually("requests are shed", within: .seconds(30)) {
                if slow.count < 40 {
                    let client = try RawConnection(port: node.port)
                    try client.sendRequest(["GET /endless HTTP/1.1", "Host: a"])
                    slow.append(client)
                }
                return try request("/", port: node.port).status == 503
            }
            let refused = try request("/", port: node.port)
            #expect(refused.values("retry-after") == ["1"])
            #expect(refused.text.contains("as much for slow peers as its memory allows"))
            #expect(try request("/low/a", port: node.port).status == 503)
            #expect(try request("/readyz", port: node.adminPort).status == 200, "health is never shed")
            #expect(try node.metric("sluice_requests_shed_total", #"reason="memory",priority="normal""#) >= 2)
            #expect(try node.metric("sluice_requests_shed_total", #"priority="low""#) == 1)
            #expect(try node.metric("sluice_buffer_bytes") > 800_000)
            for client in slow { client.reset() }
            try await eventually("it serves again") { try request("/", port: node.port).status == 200 }
            try await eventually("nothing is held") { try node.metric("sluice_buffer_bytes") == 0 }
        }

        @Test("a client that asks and asks and takes no answer is not read from any further")
        func pipelining() async throws {
            let node = try await Node(
                """
                access_log: { path: off }
                upstreams: { app: { targets: ["http://127.0.0.1:1"] } }
                routes: [{ match: { path: "/app" }, upstream: app }]

                """)
            let client = try RawConnection(port: node.port, timeout: .seconds(2))
            let requests = Array(String(repeating: "GET /none HTTP/1.1\r\nHost: a\r\n\r\n", count: 10_000).utf8)
            #expect(throws: TestFailure.self, "the gateway stops to read") {
                for _ in 0..<200 { try client.send(requests) }
            }
            #expect(try node.metric("sluice_buffer_bytes") < 1_000_000)
            // What was asked for comes all the same.
            for _ in 0..<100 { #expect(try client.readResponse(to: "GET").status == 404) }
        }
    }
}

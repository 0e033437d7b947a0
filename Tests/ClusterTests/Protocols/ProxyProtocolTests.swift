import TestSupport
import Testing

extension Cluster {
    @Suite("The PROXY protocol")
    struct ProxyProtocolTests {
        private let upstream: DemoUpstream

        init() async throws { upstream = try await DemoUpstream() }

        private func node(trusted: String, limits: String = "") async throws -> Node {
            try await Node(
                """
                access_log: { path: off }
                trusted_proxies: [\(trusted)]
                \(limits)
                upstreams: { app: { targets: ["\(upstream.url)"] } }
                routes: [{ match: { path: "/**" }, upstream: app }]

                """, listener: "proxy_protocol: true")
        }

        private func exchange(_ node: Node, behind header: [UInt8]) throws -> RawMessage {
            let connection = try RawConnection(port: node.port)
            try connection.send(header + Array("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".utf8))
            return try connection.readResponse()
        }

        private static func text(_ address: String) -> [UInt8] {
            Array("PROXY TCP4 \(address) 192.0.2.9 51234 443\r\n".utf8)
        }

        private static let binary: [UInt8] =
            [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A, 0x21, 0x11, 0, 12]
            + [203, 0, 113, 7, 192, 0, 2, 9, 0xC8, 0x22, 0x01, 0xBB]

        @Test("the client is who the balancer says, in either version")
        func versions() async throws {
            let node = try await node(trusted: "127.0.0.0/8")
            #expect(try exchange(node, behind: Self.text("203.0.113.9")).echoed("X-Forwarded-For") == ["203.0.113.9"])
            #expect(try exchange(node, behind: Self.binary).echoed("X-Forwarded-For") == ["203.0.113.7"])
            let unknown = try exchange(node, behind: Array("PROXY UNKNOWN\r\n".utf8))
            #expect(unknown.echoed("X-Forwarded-For") == ["127.0.0.1"])
        }

        @Test("who sends no header, or is no trusted proxy, is not served")
        func refusals() async throws {
            let node = try await node(trusted: "127.0.0.0/8")
            #expect(throws: (any Error).self) { try exchange(node, behind: []) }
            #expect(throws: (any Error).self) { try exchange(node, behind: Array("PROXY TCP4 x y 1 2\r\n".utf8)) }
            let strict = try await self.node(trusted: "192.0.2.0/24")
            #expect(throws: (any Error).self) { try exchange(strict, behind: Self.text("203.0.113.9")) }
        }

        @Test("connections are bounded by the client's address, not the balancer's")
        func bounds() async throws {
            let node = try await node(trusted: "127.0.0.0/8", limits: "limits: { connections_per_address: 2 }")
            var kept: [RawConnection] = []
            for _ in 0..<2 {
                let connection = try RawConnection(port: node.port)
                try connection.send(Self.text("203.0.113.9") + Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
                #expect(try connection.readResponse().status == 200)
                kept.append(connection)
            }
            #expect(throws: (any Error).self) { try exchange(node, behind: Self.text("203.0.113.9")) }
            #expect(try exchange(node, behind: Self.text("203.0.113.10")).status == 200)
            for connection in kept { connection.close() }
            try await eventually("there is room again") {
                (try? exchange(node, behind: Self.text("203.0.113.9")).status) == 200
            }
        }
    }
}

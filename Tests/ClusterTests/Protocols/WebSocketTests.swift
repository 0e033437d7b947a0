import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("WebSockets and other upgrades")
    struct WebSocketTests {
        private let origin: TestOrigin
        private let node: Node

        /// Changes to the protocol that is asked for, and then sends back what it gets.
        init() async throws {
            origin = try TestOrigin(connection: { connection, _, _ in
                let head = try connection.readHead()
                guard let wanted = head.values("Upgrade").first else {
                    return try connection.send("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n")
                }
                try connection.send(
                    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: \(wanted)\r\n\r\n")
                while true {
                    let bytes = try connection.read()
                    if bytes.isEmpty { return }
                    try connection.send(bytes)
                }
            })
            node = try await Node(
                """
                access_log: { path: off }
                drain: 5s
                limits: { body: 1KiB }
                authenticators:
                  dev:
                    jwt: { algorithms: [HS256], secret: 0123456789abcdef0123456789abcdef, query: token, subprotocol: bearer }
                upstreams: { app: { targets: ["\(origin.url)"] } }
                routes:
                  - { match: { path: /ws }, upstream: app }
                  - { match: { path: /off }, upstream: app, upgrade: off }
                  - { match: { path: /other }, upstream: app, upgrade: { protocols: [echo] } }
                  - { match: { path: /short }, upstream: app, upgrade: { protocols: [websocket], idle_timeout: 300ms } }
                  - { match: { path: /secret }, upstream: app, auth: { any: [dev] } }

                """)
        }

        private func open(
            _ target: String, _ wanted: String = "websocket", _ fields: [String] = []
        ) throws -> (connection: RawConnection, head: RawMessage) {
            let connection = try RawConnection(port: node.port)
            let lines = ["GET \(target) HTTP/1.1", "Host: a", "Connection: keep-alive, Upgrade", "Upgrade: \(wanted)"]
            try connection.sendRequest(lines + fields)
            return (connection, try connection.readHead())
        }

        @Test("bytes go both ways as they come, without the bounds of a body")
        func echo() async throws {
            let (connection, head) = try open("/ws")
            #expect(head.status == 101)
            #expect(head.values("Upgrade") == ["websocket"] && head.values("Connection") == ["Upgrade"])
            for size in [1, 100, 5000] {
                let message = (0..<size).map { UInt8($0 & 127) }
                try connection.send(message)
                #expect(try connection.read(exactly: size) == message)
            }
            try await eventually("the tunnel is counted") { try node.metric("sluice_tunnels") == 1 }
            connection.close()
            try await eventually("its end is noticed") { try node.metric("sluice_tunnels") == 0 }
            try await eventually("the upstream is let go") { origin.openConnections == 0 }
        }

        @Test("a protocol that the route does not name is not asked for upstream")
        func routes() throws {
            #expect(try open("/off").head.status == 426)
            #expect(try open("/ws", "echo").head.status == 426)
            #expect(try open("/other", "echo").head.status == 101)
            #expect(try open("/ws", "h2c").head.status == 426)
        }

        /// An extended CONNECT (RFC 8441), in the literal forms of HPACK.
        private func connect(_ path: String, _ raw: RawHTTP2, stream: Int, name: String = "websocket") throws {
            func literal(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) }
            let block =
                [0x02] + literal("CONNECT") + [0x00] + literal(":protocol") + literal(name) + [0x86, 0x04]
                + literal(path) + [0x41, 0x01, 0x61]
            try raw.send(type: 1, flags: 4, stream: stream, block)
        }

        @Test("over HTTP/2 an extended CONNECT opens one on its stream, and others go on beside it")
        func extendedConnect() async throws {
            let raw = try RawHTTP2(port: node.port)
            let settings = try raw.read(type: 4).payload
            #expect(
                stride(from: 0, to: settings.count, by: 6).contains { settings[$0 + 1] == 8 && settings[$0 + 5] == 1 })
            try connect("/ws", raw, stream: 1)
            // Sent before the answer is known, as a client may.
            try raw.send(type: 0, stream: 1, Array("early".utf8))
            let head = try raw.read(type: 1)
            #expect(head.stream == 1 && head.payload.first == 0x88 && head.flags & 1 == 0, "status 200, and no end")
            #expect(try raw.read(type: 0).payload == Array("early".utf8))
            let message = [UInt8](repeating: 7, count: 5000)
            try raw.send(type: 0, stream: 1, message)
            var echoed: [UInt8] = []
            while echoed.count < message.count { echoed += try raw.read(type: 0).payload }
            #expect(echoed == message)
            #expect(try node.metric("sluice_tunnels") == 1)
            try connect("/off", raw, stream: 3)
            try connect("/ws", raw, stream: 5, name: "echo")
            // In any order: one of them asks the upstream.
            let refusals = [try raw.read(type: 1), try raw.read(type: 1)]
            #expect(Set(refusals.map(\.stream)) == [3, 5])
            #expect(refusals.allSatisfy { $0.payload.first != 0x88 }, "426 of the upstream")
            try raw.send(type: 0, stream: 1, [1, 2])
            #expect(try raw.read(type: 0).payload == [1, 2])
            try raw.send(type: 3, stream: 1, [0, 0, 0, 8])
            try await eventually("its end is noticed") { try node.metric("sluice_tunnels") == 0 }
            try await eventually("the upstream is let go") { origin.openConnections == 0 }
        }

        @Test("one over HTTP/2 is closed with 1001 when nobody uses it, and on drain")
        func extendedConnectEnds() async throws {
            let raw = try RawHTTP2(port: node.port)
            try connect("/short", raw, stream: 1)
            #expect(try raw.read(type: 0).payload == [0x88, 0x02, 0x03, 0xE9])
            try connect("/ws", raw, stream: 3)
            while try raw.read(type: 1).stream != 3 {}
            node.signal(SIGTERM)
            var last: [UInt8] = []
            while true {
                let frame = try raw.read()
                if frame.type == 0, frame.stream == 3, !frame.payload.isEmpty { last = frame.payload }
                if frame.stream == 3, frame.type == 3 || frame.flags & 1 == 1 { break }
            }
            #expect(last == [0x88, 0x02, 0x03, 0xE9])
            raw.connection.close()
            #expect(try await node.waitForExit() == .exited(0))
        }

        @Test("the handshake's token may stand in the query or in a subprotocol")
        func tokens() async throws {
            let minted = try await ChildProcess.run(
                Executables.sluice, ["token", "--secret", "0123456789abcdef0123456789abcdef", "--subject", "bob"])
            let token = minted.standardOutput.trimmingCharacters(in: .whitespacesAndNewlines)
            #expect(try open("/secret").head.status == 401)
            #expect(try open("/secret?token=\(token)").head.status == 101)
            #expect(try open("/secret", "websocket", ["Sec-WebSocket-Protocol: bearer, \(token)"]).head.status == 101)
            // An ordinary request has its own field for that.
            #expect(try request("/secret?token=\(token)", port: node.port).status == 401)
        }

        @Test("a WebSocket that nobody uses is closed with 1001")
        func idle() throws {
            let (connection, head) = try open("/short")
            #expect(head.status == 101)
            #expect(try connection.read(exactly: 4) == [0x88, 0x02, 0x03, 0xE9])
        }

        @Test("on drain a WebSocket is closed with 1001 between two frames, and the node ends")
        func drain() async throws {
            let (connection, _) = try open("/ws")
            // A frame of the server's is half through: nothing may be put into it.
            let frame: [UInt8] = [0x82, 0x04, 1, 2, 3, 4]
            try connection.send(Array(frame[..<4]))
            #expect(try connection.read(exactly: 4) == Array(frame[..<4]))
            node.signal(SIGTERM)
            try await eventually("the node drains") { node.errors.contains("draining") }
            try connection.send(Array(frame[4...]))
            #expect(try connection.read(exactly: 6) == [3, 4, 0x88, 0x02, 0x03, 0xE9])
            connection.close()
            #expect(try await node.waitForExit() == .exited(0))
        }
    }
}

import GatewayCore
import TestSupport
import Testing

@testable import Transport

extension TransportSuites {
    /// Which requests share a connection, and how it ends.
    @Suite("persistent connections")
    struct PersistenceTests {
        private static func echo() throws -> TestOrigin {
            try TestOrigin { request in .response("\(request.message.method) \(request.message.target)") }
        }

        @Test("requests one after the other share a connection on both sides")
        func keepAlive() async throws {
            let origin = try Self.echo()
            try await withGateway(to: origin) { gateway in
                let client = try gateway.client()
                for index in 0..<20 {
                    try client.sendRequest(["GET /\(index) HTTP/1.1", "Host: a"])
                    let response = try client.readResponse()
                    #expect(response.status == 200 && response.text == "GET /\(index)" && response["Connection"] == nil)
                }
                #expect(origin.acceptedConnections == 1 && origin.requests.count == 20)
                #expect(
                    try await gateway.records().allSatisfy {
                        $0.status == 200 && $0.attempts == 1 && $0.upstreamIndex == 7
                    }
                )
            }
        }

        @Test("pipelined requests are answered in their order, however they are cut", arguments: [1, 7, 10_000])
        func pipelining(_ pieceLength: Int) async throws {
            let origin = try Self.echo()
            try await withGateway(to: origin) { gateway in
                let client = try gateway.client()
                var bytes: [UInt8] = []
                for index in 0..<30 {
                    let body = index % 3 == 1 ? "Content-Length: 3\r\n\r\nabc" : "\r\n"
                    bytes += Array("\(index % 3 == 1 ? "POST" : "GET") /\(index) HTTP/1.1\r\nHost: a\r\n\(body)".utf8)
                }
                for start in stride(from: 0, to: bytes.count, by: pieceLength) {
                    try client.send(Array(bytes[start..<min(start + pieceLength, bytes.count)]))
                }
                for index in 0..<30 {
                    #expect(try client.readResponse().text == "\(index % 3 == 1 ? "POST" : "GET") /\(index)")
                }
                #expect(origin.requests.allSatisfy { $0.message.text == ($0.message.method == "POST" ? "abc" : "") })
            }
        }

        @Test("more pipelined requests than the gateway keeps in memory are answered too")
        func manyPipelined() async throws {
            let origin = try Self.echo()
            try await withGateway(to: origin) { gateway in
                let client = try gateway.client()
                let count = 3000
                let padding = String(repeating: "x", count: 100)
                let text = (0..<count).map { "GET /\($0) HTTP/1.1\r\nHost: a\r\nX-Padding: \(padding)\r\n\r\n" }
                    .joined()
                let sender = Sender { try client.send(text) }
                for index in 0..<count { #expect(try client.readResponse().text == "GET /\(index)") }
                try await sender.finished()
            }
        }

        @Test("Connection: close ends the connection after the response")
        func close() async throws {
            let origin = try Self.echo()
            try await withGateway(to: origin) { gateway in
                let client = try gateway.client()
                try client.sendRequest(["GET /a HTTP/1.1", "Host: a", "Connection: close"])
                let response = try client.readResponse()
                #expect(response.text == "GET /a" && response["Connection"] == "close")
                #expect(try client.isAtEnd())
                // The upstream's connection is another hop: it lives on.
                #expect(origin.openConnections == 1 && origin.requests[0].message["Connection"] == nil)
            }
        }

        @Test("what follows Connection: close is not a request")
        func nothingAfterClose() async throws {
            let origin = try Self.echo()
            try await withGateway(to: origin) { gateway in
                let client = try gateway.client()
                let first = "GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
                try client.send(first + "GET /b HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try client.readResponse().text == "GET /a")
                #expect(try client.isAtEnd())
                #expect(origin.requests.count == 1)
            }
        }

        @Test("HTTP/1.0 keeps a connection only when it asks to")
        func http10() async throws {
            let origin = try Self.echo()
            try await withGateway(to: origin) { gateway in
                let client = try gateway.client()
                try client.sendRequest(["GET /a HTTP/1.0", "Connection: keep-alive"])
                let kept = try client.readResponse()
                #expect(kept.text == "GET /a" && kept["Connection"] == "keep-alive" && kept.startParts[0] == "HTTP/1.1")
                try client.sendRequest(["GET /b HTTP/1.0"])
                #expect(try client.readResponse()["Connection"] == "close")
                #expect(try client.isAtEnd())
                #expect(origin.requests[0].message.startLine == "GET /a HTTP/1.1")
            }
        }

        @Test(
            "an upstream that closes is connected to anew, without the client noticing",
            arguments: ["HTTP/1.1", "HTTP/1.0"])
        func upstreamCloses(_ version: String) async throws {
            let origin = try TestOrigin { request in
                let close = version == "HTTP/1.1" ? "Connection: close\r\n" : ""
                return [.text("\(version) 200 OK\r\n\(close)Content-Length: 2\r\n\r\nok"), .close]
            }
            try await withGateway(to: origin) { gateway in
                let client = try gateway.client()
                for _ in 0..<5 {
                    try client.sendRequest(["POST / HTTP/1.1", "Host: a", "Content-Length: 0"])
                    let response = try client.readResponse()
                    #expect(response.text == "ok" && response["Connection"] == nil)
                }
                #expect(origin.acceptedConnections == 5)
            }
        }

        @Test("an empty line before a request is let pass, however it is cut")
        func emptyLine() async throws {
            let origin = try Self.echo()
            try await withGateway(to: origin) { gateway in
                let client = try gateway.client()
                try client.send("\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try client.readResponse().text == "GET /a")
                for piece in ["\r", "\n", "GET /b HTTP/1.1\r\nHost: a\r\n\r\n"] {
                    try client.send(piece)
                    // The piece must have been read by itself.
                    try await gateway.turn()
                }
                #expect(try client.readResponse().text == "GET /b")
            }
        }

        @Test("an idle connection is closed after its time")
        func idle() async throws {
            let origin = try Self.echo()
            try await withGateway(to: origin, { $0.limits.idleTimeoutMicroseconds = 50_000 }) { gateway in
                let client = try gateway.client()
                try client.sendRequest(["GET /a HTTP/1.1", "Host: a"])
                #expect(try client.readResponse().status == 200)
                #expect(try client.isAtEnd())
            }
        }

        @Test("an unused upstream connection is closed before its target, which has said when it will, does so")
        func upstreamTellsIdle() async throws {
            let head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n"
            let origin = try TestOrigin { request in
                let told = request.message.target == "/a" ? "timeout=1, max=9" : "timeout=60"
                return [.text("\(head)Keep-Alive: \(told)\r\n\r\n")]
            }
            try await withGateway(to: origin) { gateway in
                let client = try gateway.client()
                try client.sendRequest(["GET /a HTTP/1.1", "Host: a"])
                #expect(try client.readResponse()["Keep-Alive"] == nil)
                try await eventually("the upstream connection closes") { origin.openConnections == 0 }
                try client.sendRequest(["GET /b HTTP/1.1", "Host: a"])
                #expect(try client.readResponse().status == 200)
                #expect(try await gateway.onLoop { $0.upstream.unusedConnectionCount } == 1)
            }
        }

        @Test("an unused upstream connection is closed after its time")
        func upstreamIdle() async throws {
            let origin = try Self.echo()
            try await withGateway(to: origin, { $0.settings.keepAliveMicroseconds = 50_000 }) { gateway in
                let client = try gateway.client()
                try client.sendRequest(["GET /a HTTP/1.1", "Host: a"])
                #expect(try client.readResponse().status == 200)
                try await eventually("the upstream connection closes") { origin.openConnections == 0 }
                #expect(try await gateway.onLoop { $0.upstream.connectionCount } == 0)
            }
        }
    }
}

import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("gRPC from client to service, both of grpcio")
    struct GRPCTests {
        private let service: GRPCService
        private let node: Node

        init() async throws {
            service = try await GRPCService()
            node = try await Node(
                """
                access_log: { path: off }
                authenticators: { keys: { api_key: {} } }
                upstreams:
                  echo: { targets: ["\(service.url)"], retries: { on: [unavailable] } }
                  dead: { targets: ["grpc://127.0.0.1:\(try freePort())"], connect_timeout: 300ms }
                routes:
                  - { match: { path: "/test.Echo/**" }, upstream: echo }
                  - { match: { path: "/test.Dead/**" }, upstream: dead }
                  - { match: { path: "/test.Limited/**" }, limit: [{ per: route, rates: [1/hour] }], upstream: echo }
                  - { match: { path: "/test.Locked/**" }, auth: { any: [keys] }, upstream: echo }

                """)
        }

        @Test("every kind of call, status, deadline, compression and refusal arrives as gRPC means it")
        func interoperability() async throws {
            let finished = try await Peers.run("grpc_client.py", "\(node.port)")
            let lines = Set(finished.standardOutput.split(separator: "\n").map(String.init))
            let expected: Set = [
                "empty: 0", "large: 3000000", "metadata: 42 42", "status: NOT_FOUND because no such thing ü",
                "retry: flaky", "deadline: DEADLINE_EXCEEDED", "deadline passed on: True", "down: 0,1,2,3,4",
                "up: a,b,c",
                "both: re:0,re:1,re:2,re:3,re:4", "cancel: re:1", "gzip: 100000", "no method: UNIMPLEMENTED",
                "no route: UNIMPLEMENTED", "dead service: UNAVAILABLE", "limit, first: UNIMPLEMENTED",
                "limit, second: RESOURCE_EXHAUSTED", "locked: UNAUTHENTICATED",
            ]
            #expect(lines == expected, "\(finished.standardError)")
        }
    }

    @Suite("gRPC-Web, in front of a service of grpcio")
    struct GRPCWebTests {
        private let service: GRPCService
        private let node: Node

        init() async throws {
            service = try await GRPCService()
            node = try await Node(
                """
                access_log: { path: off }
                upstreams: { echo: { targets: ["\(service.url)"] } }
                routes:
                  - { match: { path: "/**" }, upstream: echo }

                """)
        }

        private func frame(_ message: String, flags: UInt8 = 0) -> [UInt8] {
            let bytes = Array(message.utf8)
            return [flags, 0, 0, UInt8(bytes.count >> 8), UInt8(bytes.count & 255)] + bytes
        }

        private func post(
            _ method: String, _ type: String, _ body: [UInt8], _ fields: [String] = []
        ) throws -> RawMessage {
            let connection = try RawConnection(port: node.port)
            try connection.sendRequest(
                [
                    "POST /test.Echo/\(method) HTTP/1.1", "Host: a", "Content-Type: \(type)",
                    "Content-Length: \(body.count)", "X-Grpc-Web: 1", "Connection: close",
                ] + fields)
            try connection.send(body)
            return try connection.readResponse(to: "POST")
        }

        /// The frames of a body: messages as text, and the fields of the last.
        private func frames(_ body: [UInt8]) -> (messages: [String], trailers: [String]) {
            var (messages, trailers): ([String], [String]) = ([], [])
            var rest = body[...]
            while rest.count >= 5 {
                let start = rest.startIndex
                let length = rest[(start + 1)..<(start + 5)].reduce(0) { $0 << 8 | Int($1) }
                let text = String(decoding: rest.dropFirst(5).prefix(length), as: UTF8.self)
                if rest[start] == 0x80 {
                    trailers = text.split(separator: "\r\n").map(String.init)
                } else {
                    messages.append(text)
                }
                rest = rest.dropFirst(5 + length)
            }
            return (messages, trailers)
        }

        /// Base64 whose pieces are padded each.
        private func decoded(_ body: [UInt8]) -> [UInt8] {
            stride(from: 0, to: body.count, by: 4).flatMap { start in
                Array(Data(base64Encoded: Data(body[start..<min(start + 4, body.count)])) ?? Data())
            }
        }

        @Test("messages come in frames, and the trailers in a last one")
        func binary() throws {
            let unary = try post("Unary", "application/grpc-web+proto", frame("hello"), ["X-In: 42"])
            #expect(unary.status == 200 && unary.values("Content-Type") == ["application/grpc-web+proto"])
            #expect(unary.values("x-initial") == ["42"])
            let (messages, trailers) = frames(unary.body)
            #expect(messages == ["hello"] && trailers.contains("grpc-status: 0") && trailers.contains("x-trailing: 42"))
            let stream = frames(try post("Down", "application/grpc-web", frame("")).body)
            #expect(stream.messages == ["0", "1", "2", "3", "4"] && stream.trailers.contains("grpc-status: 0"))
        }

        @Test("browsers that can't read bytes get and send base64")
        func text() throws {
            let body = Array(Data(frame("hello")).base64EncodedString().utf8)
            let unary = try post("Unary", "application/grpc-web-text", body)
            #expect(unary.values("Content-Type") == ["application/grpc-web-text+proto"])
            let (messages, trailers) = frames(decoded(unary.body))
            #expect(messages == ["hello"] && trailers.contains("grpc-status: 0"))
            #expect(try post("Unary", "application/grpc-web-text", Array("?bad".utf8)).status == 400)
        }

        @Test("a failure is told in the fields or in the last frame, and a deadline is kept")
        func failures() throws {
            let failed = try post("Unary", "application/grpc-web+proto", frame("fail"))
            let told = failed.values("grpc-status") + frames(failed.body).trailers
            #expect(failed.status == 200 && (told.contains("5") || told.contains("grpc-status: 5")), "\(told)")
            let slow = try post("Unary", "application/grpc-web+proto", frame("slow"), ["grpc-timeout: 300m"])
            let outcome = slow.values("grpc-status") + frames(slow.body).trailers
            #expect(slow.status == 504 || outcome.contains("4") || outcome.contains("grpc-status: 4"), "\(outcome)")
        }
    }
}

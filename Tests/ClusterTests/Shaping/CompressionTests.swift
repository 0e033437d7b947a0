import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("Compression of responses")
    struct CompressedResponseTests {
        private let origin: TestOrigin
        private let node: Node
        private static let text = String(repeating: "{\"name\":\"value\"},", count: 400)

        init() async throws {
            origin = try TestOrigin { request in
                let target = request.message.startLine.split(separator: " ").dropFirst().first ?? ""
                func answer(_ body: String, _ fields: String) -> [TestOrigin.Step] {
                    [.text("HTTP/1.1 200 OK\r\n\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)")]
                }
                switch target {
                case "/short": return answer("{}", "Content-Type: application/json\r\n")
                case "/image": return answer(Self.text, "Content-Type: image/png\r\n")
                case "/coded": return answer(Self.text, "Content-Type: text/plain\r\nContent-Encoding: x\r\n")
                case "/fixed": return answer(Self.text, "Content-Type: text/plain\r\nCache-Control: no-transform\r\n")
                case "/events", "/stream":
                    let type = target == "/events" ? "text/event-stream" : "application/x-ndjson"
                    return [
                        .text(
                            "HTTP/1.1 200 OK\r\nContent-Type: \(type)\r\nTransfer-Encoding: chunked\r\n\r\n6\r\none=1\n\r\n"
                        ),
                        .pause(.milliseconds(400)), .text("6\r\ntwo=2\n\r\n0\r\n\r\n"),
                    ]
                default:
                    let fields =
                        "Content-Type: application/json\r\nETag: \"v1\"\r\nCache-Control: max-age=60\r\nVary: Accept\r\n"
                    return answer(Self.text, fields)
                }
            }
            node = try await Node(
                """
                access_log: { path: off }
                compression: { encodings: [br, zstd, gzip], minimum: 1KiB }
                upstreams: { app: { targets: ["\(origin.url)"] } }
                routes:
                  - { match: { path: "/cached" }, cache: {}, upstream: app }
                  - { match: { path: "/off" }, compression: off, upstream: app }
                  - { match: { path: "/gzip" }, compression: { encodings: gzip, minimum: 0 }, upstream: app }
                  - { match: { path: "/shaped" }, response: { json: [{ wrap: data }], invalid: pass, headers: { set: { X-A: b } } }, upstream: app }
                  - { upstream: app }

                """)
        }

        private func get(_ target: String, _ accepted: String?, method: String = "GET") throws -> RawMessage {
            try request(target, accepted.map { ["Accept-Encoding: \($0)"] } ?? [], method: method, port: node.port)
        }

        /// What curl makes of it, which knows gzip, br and zstd as it was built.
        private func fetch(_ target: String, _ arguments: String...) async throws -> String {
            try await ChildProcess.run(
                "curl", ["-s", "--compressed"] + arguments + ["http://127.0.0.1:\(node.port)\(target)"]
            ).standardOutput
        }

        @Test("the client's favourite is taken, and all caches are told that it depends on that")
        func negotiation() throws {
            for (accepted, coding) in [
                ("gzip", "gzip"), ("gzip, br", "br"), ("br;q=0.1, zstd", "zstd"), ("identity", nil), ("br;q=0", nil),
                (nil, nil),
            ] as [(String?, String?)] {
                for target in ["/json", "/cached"] {
                    let answer = try get(target, accepted)
                    #expect(answer["Content-Encoding"] == coding, "\(target) \(accepted ?? "none")")
                    #expect(answer.values("Vary") == ["Accept", "Accept-Encoding"])
                    #expect(answer["ETag"] == (coding == nil ? "\"v1\"" : "W/\"v1\""))
                    #expect(
                        answer["Content-Length"] == "\(answer.body.count)" || answer["Transfer-Encoding"] == "chunked")
                    if coding != nil { #expect(answer.body.count < Self.text.utf8.count / 10) }
                }
            }
        }

        @Test("what gains nothing, or is compressed, or must not be changed, goes as it came")
        func untouched() throws {
            for target in ["/short", "/image", "/coded", "/fixed", "/off"] {
                let answer = try get(target, "gzip, br")
                #expect(answer["Content-Encoding"] == (target == "/coded" ? "x" : nil), "\(target)")
                #expect(answer.values("Vary").contains("Accept-Encoding") == false)
            }
            let head = try get("/json", "gzip", method: "HEAD")
            #expect(head["Content-Encoding"] == nil && head.values("Vary").contains("Accept-Encoding"))
        }

        @Test("curl unfolds it to the same, over HTTP/1.1 and HTTP/2, from a service and from the cache")
        func roundTrip() async throws {
            for target in ["/json", "/cached", "/cached", "/gzip", "/shaped"] {
                #expect(try await fetch(target) == Self.text, "\(target)")
                #expect(try await fetch(target, "--http2-prior-knowledge") == Self.text, "\(target)")
                #expect(try await fetch(target, "--http1.0") == Self.text, "\(target)")
            }
            #expect(try get("/shaped", "gzip")["X-A"] == "b")
        }

        @Test("events are left alone, and what streams is not held back")
        func streams() throws {
            #expect(try get("/events", "gzip")["Content-Encoding"] == nil)
            let connection = try RawConnection(port: node.port)
            try connection.sendRequest(["GET /stream HTTP/1.1", "Host: a", "Accept-Encoding: gzip"])
            let start = ContinuousClock.now
            _ = try connection.read(until: "\r\n\r\n")
            let first = try connection.read()
            #expect(!first.isEmpty && ContinuousClock.now - start < .milliseconds(300))
        }
    }
}

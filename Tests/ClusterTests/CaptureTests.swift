import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("Captures of requests and responses")
    struct CaptureTests {
        private let origin: TestOrigin
        private let node: Node

        init() async throws {
            origin = try TestOrigin { request in
                switch request.message.target {
                case let target where target.hasPrefix("/api/lost"): return [.close]
                case let target where target.hasPrefix("/api/bad"):
                    return [.text("HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\nlost")]
                case "/api/hang": return [.hang]
                case "/api/events":
                    return [
                        .text(
                            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"),
                        .text("9\r\ndata: 1\n\n\r\n"), .pause(.milliseconds(300)),
                        .text("9\r\ndata: 2\n\n\r\n0\r\n\r\n"),
                    ]
                case "/api/long":
                    let text = String(repeating: "0123456789", count: 500)
                    return [.text("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5000\r\n\r\n\(text)")]
                case "/ws":
                    return [
                        .text("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
                        .text("frames"), .pause(.milliseconds(200)), .close,
                    ]
                default:
                    let fields =
                        "Set-Cookie: session=hidden-too\r\nLocation: /next?code=hidden-too&x=1\r\nX-Served: yes\r\n"
                    return [.text("HTTP/1.1 200 OK\r\n\(fields)Content-Length: 12\r\n\r\nhello client")]
                }
            }
            node = try await Node(Self.configuration(origin.url))
        }

        private static func configuration(_ url: String) -> String {
            """
            access_log: { path: off }
            authenticators: { keys: { api_key: { header: X-Team-Key } } }
            compression: { minimum: 1KiB }
            upstreams: { app: { targets: ["\(url)"], retries: off } }
            routes:
              - { name: api, match: { path: "/api/**" }, upstream: app }
              - { name: ws, match: { path: /ws }, upstream: app }
              - { name: other, match: { path: "/other/**" }, upstream: app }

            """
        }

        private func make(_ body: String) throws -> String {
            let made = try node.api("/api/capture", method: "POST", body)
            #expect(made.status == 201, "\(made.text)")
            return try #require(made.json["id"] as? String)
        }

        private func rule(_ id: String) throws -> [String: Any] {
            try #require(try node.api("/api/capture/\(id)").json["capture"] as? [String: Any])
        }

        /// Waits until there are so many: an exchange ends a little after its client has it all.
        private func exchanges(_ id: String, _ count: Int = 1) async throws -> [[String: Any]] {
            var found: [[String: Any]] = []
            try await eventually("\(count) exchanges are captured") {
                found = try node.api("/api/capture/\(id)").json["exchanges"] as? [[String: Any]] ?? []
                return found.count == count
            }
            return found
        }

        private func body(_ exchange: [String: Any], _ side: String) -> [String: Any] {
            ((exchange[side] as? [String: Any])?["body"] as? [String: Any]) ?? [:]
        }

        private func fields(_ exchange: [String: Any], _ side: String) -> [String] {
            (exchange[side] as? [String: Any])?["headers"] as? [String] ?? []
        }

        @Test("a request and its response are captured with their bodies, up to the limit, and without credentials")
        func bodies() async throws {
            let id = try make(#"{"route":"api","bytes":5}"#)
            let connection = try RawConnection(port: node.port)
            try connection.sendRequest(
                [
                    "POST /api/users?token=hidden-too&x=1 HTTP/1.1", "Host: gateway.test", "X-Team-Key: hidden-too",
                    "Authorization: Bearer hidden-too", "Cookie: a=hidden-too", "X-Plain: seen", "Content-Length: 11",
                ], body: "hello world")
            #expect(try connection.readResponse(to: "POST").text == "hello client")
            _ = try request("/other/1", port: node.port)
            let captured = try #require(try await exchanges(id).first)
            #expect(captured["method"] as? String == "POST" && captured["status"] as? Int == 200)
            #expect(captured["url"] as? String == "gateway.test/api/users?token=REDACTED&x=1")
            #expect(captured["protocol"] as? String == "HTTP/1.1" && captured["upstream"] as? String == "app")
            let request = body(captured, "request")
            #expect(request["text"] as? String == "hello" && request["bytes"] as? Int == 11)
            #expect(request["cut"] as? Bool == true)
            #expect(body(captured, "response")["text"] as? String == "hello")
            #expect(fields(captured, "request").contains("X-Plain: seen"))
            for name in ["X-Team-Key", "Authorization", "Cookie"] {
                #expect(fields(captured, "request").contains("\(name): REDACTED"))
            }
            let response = fields(captured, "response")
            #expect(response.contains("Set-Cookie: REDACTED") && response.contains("X-Served: yes"))
            #expect(response.contains("Location: /next?code=REDACTED&x=1"))
            #expect(response.contains { $0.hasPrefix("X-Request-ID: ") }, "what the gateway adds is there as well")
            #expect(try !node.api("/api/capture/\(id)").text.contains("hidden-too"))
            #expect(!node.errors.contains("hello"), "the log tells of captures, never what was captured")
        }

        @Test("over HTTP/2 as well, also what is no text; a response that the gateway compresses is shown as it was")
        func http2() async throws {
            let id = try make(#"{"route":"api"}"#)
            let url = "http://127.0.0.1:\(node.port)/api/"
            let sent = try await ChildProcess.run(
                "curl", ["-sS", "--http2-prior-knowledge", "-H", "Content-Type: text/plain", "-T", "-", url + "x"],
                input: "streamed")
            #expect(sent.standardOutput == "hello client")
            let packed = try await ChildProcess.run(
                "curl", ["-sS", "--http2-prior-knowledge", "--compressed", "-w", "%{size_download}", url + "long"])
            #expect(packed.standardOutput.hasPrefix("0123456789"))
            #expect(Int(packed.standardOutput.dropFirst(5000)) ?? 5000 < 1000, "the client's was compressed")
            let captured = try await exchanges(id, 2)
            #expect(captured[0]["protocol"] as? String == "HTTP/2")
            #expect(body(captured[0], "request")["text"] as? String == "streamed")
            #expect(body(captured[1], "response")["bytes"] as? Int == 5000)
            #expect((body(captured[1], "response")["text"] as? String)?.hasPrefix("0123456789") == true)
            #expect(captured[1]["request"] is [String: Any] && body(captured[1], "request").isEmpty)
            let connection = try RawConnection(port: node.port)
            try connection.sendRequest(["POST /api/x HTTP/1.1", "Host: a", "Content-Length: 3"], body: "")
            try connection.send([0xFF, 0x00, 0xFE])
            #expect(try connection.readResponse(to: "POST").status == 200)
            let binary = body(try await exchanges(id, 3)[2], "request")
            #expect(binary["base64"] as? String == "/wD+" && binary["text"] == nil)
        }

        @Test("a rule may be about errors or a method only, and ends with the last exchange it has room for")
        func selection() async throws {
            let id = try make(#"{"route":"api","status":"errors","method":"GET","exchanges":2,"bodies":["response"]}"#)
            for target in ["/api/good", "/api/lost", "/api/good", "/api/bad", "/api/bad"] {
                _ = try request(target, port: node.port)
            }
            _ = try request("/api/bad", method: "DELETE", port: node.port)
            let captured = try await exchanges(id, 2)
            #expect(captured.map { $0["status"] as? Int } == [502, 503])
            #expect(captured[0]["error"] as? String == "connection_lost")
            #expect((body(captured[0], "response")["text"] as? String)?.contains("request_id") == true)
            #expect(body(captured[1], "response")["text"] as? String == "lost")
            #expect(captured.allSatisfy { ($0["request"] as? [String: Any])?["body"] is NSNull })
            #expect(try rule(id)["state"] as? String == "full")
            _ = try make(#"{"route":"api"}"#)
        }

        @Test("a rule ends with its time; an end by hand forgets what was captured; the log tells of all of it")
        func ends() async throws {
            let short = try make(#"{"route":"api","for":"1s"}"#)
            _ = try request("/api/one", port: node.port)
            _ = try await exchanges(short)
            try await eventually("it has expired") { node.errors.contains("how=expired") }
            _ = try request("/api/two", port: node.port)
            #expect(try rule(short)["state"] as? String == "expired")
            #expect(try await exchanges(short).count == 1)
            let long = try make(#"{"route":"api"}"#)
            let refused = try node.api("/api/capture", method: "POST", #"{"route":"api"}"#)
            #expect(refused.status == 409 && refused.text.contains(long))
            try await node.reload(Self.configuration(origin.url))
            _ = try request("/api/three", port: node.port)
            #expect(try await exchanges(long).count == 1, "a reload does not end it")
            #expect(try node.api("/api/capture/\(long)", method: "DELETE").json["ended"] as? Bool == true)
            #expect(try node.api("/api/capture/\(long)").status == 404)
            #expect(try node.api("/api/capture/\(long)", method: "DELETE").status == 404)
            let list = try node.api("/api/capture").json
            #expect((list["captures"] as? [[String: Any]])?.map { $0["id"] as? String } == [short])
            let lines = node.errors.split(separator: "\n")
            #expect(
                lines.filter { $0.contains("bodies of a route are captured") && $0.contains("route=api") }.count == 2)
            #expect(
                lines.contains { $0.contains("a capture has ended") && $0.contains(long) && $0.contains("how=ended") })
        }

        @Test("streams pass as they come, and a WebSocket's frames are none of it")
        func streams() async throws {
            let id = try make(#"{"route":"api"}"#)
            let connection = try RawConnection(port: node.port)
            try connection.sendRequest(["GET /api/events HTTP/1.1", "Host: a"])
            let begun = ContinuousClock.now
            _ = try connection.read(until: "data: 1")
            #expect(ContinuousClock.now - begun < .milliseconds(280), "nothing is held back")
            _ = try connection.read(until: "0\r\n\r\n")
            #expect(body(try await exchanges(id)[0], "response")["text"] as? String == "data: 1\n\ndata: 2\n\n")
            let tunnels = try make(#"{"route":"ws"}"#)
            let socket = try RawConnection(port: node.port)
            try socket.sendRequest([
                "GET /ws HTTP/1.1", "Host: a", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            ])
            #expect(try socket.readHead().status == 101)
            #expect(try socket.read(exactly: 6) == Array("frames".utf8))
            try socket.send("more frames")
            let captured = try await exchanges(tunnels)[0]
            #expect(captured["status"] as? Int == 101)
            #expect(body(captured, "response")["bytes"] as? Int == 0 && body(captured, "request").isEmpty)
        }

        @Test(
            "what a node holds is bounded: requests beyond that are served, counted as missed, and all room is given back"
        )
        func room() async throws {
            let id = try make(#"{"route":"api","bytes":65536,"status":"2xx"}"#)
            let connections = try (0..<130).map { _ in
                let connection = try RawConnection(port: node.port)
                try connection.sendRequest(["POST /api/hang HTTP/1.1", "Host: a", "Content-Length: 5"], body: "hello")
                return connection
            }
            try await eventually("some find no room") { try rule(id)["missed"] as? Int ?? 0 > 0 }
            func held() throws -> Int { try node.api("/api/capture").json["bytes"] as? Int ?? -1 }
            #expect((15 << 20...16 << 20).contains(try held()))
            #expect(try request("/api/one", port: node.port).status == 200)
            for connection in connections { connection.close() }
            try await eventually("the room is given back") { try held() == 0 }
            _ = try request("/api/two", port: node.port)
            #expect(try await exchanges(id).first?["url"] as? String == "gateway.test/api/two")
        }

        @Test("what can't be captured is told so")
        func mistakes() async throws {
            let unknown = try node.api("/api/capture", method: "POST", #"{"route":"apis"}"#)
            #expect(unknown.status == 404 && unknown.text.contains("api, ws, other"))
            for (body, word) in [
                ("", "expected"), ("{}", "route"), (#"{"route":"api","for":"2h"}"#, "1h"),
                (#"{"route":"api","bytes":100000}"#, "65536"), (#"{"route":"api","status":"all"}"#, "errors"),
            ] {
                let answer = try node.api("/api/capture", method: "POST", body)
                #expect(answer.status == 400 && answer.text.contains(word), "\(answer.text)")
            }
            let failed = try await sluice("capture", "apis", "--admin", "http://127.0.0.1:\(node.adminPort)")
            #expect(failed.exit == .exited(1) && failed.standardError.contains("there is no route apis"))
            let size = try await sluice("capture", "api", "--bytes", "1MiB")
            #expect(size.exit == .exited(2) && size.standardError.contains("64KiB"))
        }

        @Test("the command shows what is captured as it comes, and a signal ends the capture")
        func command() async throws {
            let admin = "http://127.0.0.1:\(node.adminPort)"
            let shown = try ChildProcess(Executables.sluice, ["capture", "api", "--admin", admin, "--exchanges", "5"])
            try await eventually("it has begun") { shown.standardError.contains("Ctrl-C ends it") }
            _ = try request("/api/one?token=abc", ["Cookie: a=b"], port: node.port)
            try await eventually("it is shown") { shown.standardOutput.contains("hello client") }
            #expect(shown.standardOutput.contains("> GET gateway.test/api/one?token=REDACTED HTTP/1.1\n"))
            #expect(shown.standardOutput.contains("> Cookie: REDACTED\n"))
            shown.signal(SIGINT)
            #expect(try await shown.waitForExit() == .exited(0))
            #expect(try await sluice("capture", "list", "--admin", admin).standardOutput == "nothing is captured\n")
        }

        @Test("a capture holds on all nodes of a cluster, each keeps its own, and any of them ends it")
        func cluster() async throws {
            let cluster = try await SharedCluster()
            let admins = cluster.nodes.flatMap { ["--admin", "http://127.0.0.1:\($0.adminPort)"] }
            // Nodes listen from a moment after their start on.
            try await eventually("the nodes share the breaker", within: .seconds(20)) {
                try cluster.nodes.allSatisfy { try $0.metric("sluice_breaker_shared", #"upstream="users""#) == 1 }
            }
            let made = try await ChildProcess.run(
                Executables.sluice, ["capture", "plain", "--detach", "--json"] + admins)
            #expect(try made.json["cluster"] as? Bool == true, "\(made.standardError)")
            let id = try #require(try made.json["id"] as? String)
            for node in cluster.nodes {
                try await eventually("the node knows it") { try node.api("/api/capture/\(id)").status == 200 }
                #expect(try request("/plain/\(node.port)", port: node.port).status == 200)
                try await eventually("the node has captured") {
                    (try node.api("/api/capture/\(id)").json["exchanges"] as? [Any])?.count == 1
                }
            }
            let shown = try await ChildProcess.run(Executables.sluice, ["capture", "show", id] + admins)
            for node in cluster.nodes { #expect(shown.standardOutput.contains("/plain/\(node.port)")) }
            let ended = try await ChildProcess.run(
                Executables.sluice, ["capture", "end", id, "--admin", admins[5]])
            #expect(ended.standardOutput == "\(id): ended on all nodes\n", "\(ended.standardError)")
            for node in cluster.nodes {
                try await eventually("the node has ended it") { try node.api("/api/capture/\(id)").status == 404 }
            }
            try await cluster.redis.stop()
            let alone = try cluster.nodes[0].api("/api/capture", method: "POST", #"{"route":"plain"}"#)
            #expect(alone.status == 201 && alone.json["cluster"] as? Bool == false)
        }
    }
}

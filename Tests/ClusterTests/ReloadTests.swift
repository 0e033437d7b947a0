import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("Reloading with SIGHUP")
    struct ReloadTests {
        private let upstream: DemoUpstream
        private let node: Node

        init() async throws {
            upstream = try await DemoUpstream()
            node = try await Node(Self.configuration(upstream, paths: ["/a"]))
        }

        private static func configuration(_ upstream: DemoUpstream, paths: [String]) -> String {
            """
            access_log: { path: off }
            drain: 2s
            upstreams: { app: { targets: ["\(upstream.url)"] } }
            routes:

            """
                + paths.map { "  - { match: { path: \"\($0)\" }, upstream: app }\n" }
                .joined()
        }

        @Test("a new route appears, an old one goes, and open connections live on")
        func routes() async throws {
            let connection = try RawConnection(port: node.port)
            #expect(try connection.exchange("/a").status == 200)
            #expect(try connection.exchange("/b").status == 404)
            try await node.reload(Self.configuration(upstream, paths: ["/b"]))
            #expect(try connection.exchange("/b").status == 200)
            #expect(try connection.exchange("/a").status == 404)
        }

        @Test("a broken file is refused with the place of its error, and the old configuration serves on")
        func broken() async throws {
            try await node.reload(Self.configuration(upstream, paths: ["/b"]) + "  - { upstream: nowhere }\n")
            let line = try #require(node.errors.split(separator: "\n").first { $0.contains("reload refused") })
            #expect(line.contains(/sluice\.yaml:\d+:\d+: .*nowhere/), "\(line)")
            #expect(try request("/a", port: node.port).status == 200)
            #expect(try request("/b", port: node.port).status == 404)
        }

        @Test("listeners come and go")
        func listeners() async throws {
            let further = try freePort()
            let configuration = Self.configuration(upstream, paths: ["/a"])
            try await node.reload(configuration, further: [further])
            #expect(try request("/a", port: further).status == 200)
            try await node.reload(configuration)
            #expect(throws: (any Error).self) { try RawConnection(port: further) }
            #expect(try request("/a", port: node.port).status == 200)
        }

        @Test("a reload that fails on a taken address leaves nothing of itself behind")
        func takenAddress() async throws {
            let other = try TestOrigin { _ in .response() }
            let further = try freePort()
            try await node.reload(
                Self.configuration(upstream, paths: ["/b"]), further: [further, other.port])
            #expect(node.errors.contains("127.0.0.1:\(other.port)"))
            #expect(throws: (any Error).self) { try RawConnection(port: further) }
            #expect(try request("/a", port: node.port).status == 200)
        }

        @Test("moving the shared state by a reload is refused, and edits beside it take no effect")
        func movedState() async throws {
            func configuration(_ breaker: String, _ state: String) -> String {
                """
                access_log: { path: off }
                drain: 1s
                state: { \(state) }
                upstreams: { app: { targets: ["\(upstream.url)"], breaker: { \(breaker) } } }
                routes: [{ upstream: app }]
                """
            }
            try await node.reload(configuration("failures: 50, error_rate: 0%", "timeout: 50ms"))
            try await node.reload(configuration("failures: 2, error_rate: 0%", "namespace: elsewhere"))
            #expect(node.errors.contains("state can't be changed by a reload"))
            for _ in 0..<5 { #expect(try request("/status/500", port: node.port).status == 500) }
        }

        /// Files that the process has open, by their names.
        private var openFiles: [String] {
            let directory = "/proc/\(node.pid)/fd"
            let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
            return names.compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "\(directory)/\($0)") }
        }

        @Test("a refused reload does not leave the access log open that it named")
        func refusedLog() async throws {
            let files = try TemporaryDirectory("log")
            let other = try TestOrigin { _ in .response() }
            let configuration = Self.configuration(upstream, paths: ["/a"])
            let logged = configuration.replacing("path: off", with: "path: \(files.file("access.log"))")
            for _ in 0..<3 { try await node.reload(logged, further: [other.port]) }
            #expect(node.errors.components(separatedBy: "reload refused").count == 4)
            #expect(!openFiles.contains { $0.hasSuffix("access.log") })
            try await node.reload(logged)
            #expect(try request("/a", port: node.port).status == 200)
            try await eventually("the line is there") {
                try String(contentsOfFile: files.file("access.log"), encoding: .utf8).contains("\"path\":\"/a\"")
            }
            #expect(openFiles.count { $0.hasSuffix("access.log") } == 1)
        }

        @Test("the admin API reloads, tells which configuration is served, and why one was refused")
        func adminAPI() async throws {
            func status() throws -> [String: Any] { try callAdmin("/api/config", port: node.adminPort).json }
            let before = try status()
            #expect(before["origin"] as? String == "file")
            #expect(before["file"] as? String == node.configurationPath)
            #expect(before["routes"] as? Int == 1)
            #expect(before["refused"] is NSNull)
            #expect(try node.metric("sluice_config_last_reload_success") == 1)

            try node.write(Self.configuration(upstream, paths: ["/a", "/b"]))
            #expect(try callAdmin("/api/reload", port: node.adminPort).status == 405)
            let taken = try callAdmin("/api/reload", method: "POST", port: node.adminPort)
            #expect(taken.status == 200)
            #expect(taken.json["routes"] as? Int == 2)
            #expect(taken.json["digest"] as? String != before["digest"] as? String)
            #expect(try request("/b", port: node.port).status == 200)

            try node.write(Self.configuration(upstream, paths: ["/c"]) + "  - { upstream: nowhere }\n")
            let refused = try callAdmin("/api/reload", method: "POST", port: node.adminPort)
            #expect(refused.status == 422)
            #expect((refused.json["detail"] as? String)?.contains("nowhere") == true)
            let after = try status()
            #expect(after["digest"] as? String == taken.json["digest"] as? String)
            #expect(((after["refused"] as? [String: Any])?["reason"] as? String)?.contains("nowhere") == true)
            #expect((after["reloads"] as? [String: Any])?["refused"] as? Int == 1)
            #expect(try node.metric("sluice_config_last_reload_success") == 0)
            #expect(try node.metric("sluice_config_reloads_total", #"result="refused""#) == 1)
            let ready = try request("/readyz", port: node.adminPort)
            #expect(ready.status == 200)
            #expect((ready.json["configuration"] as? [String: Any])?["last_reload"] as? String == "refused")
            #expect(!ready.text.contains("nowhere"), "readiness is open to all")
            #expect(try request("/b", port: node.port).status == 200)
        }

        @Test("reloads that are asked for at once are carried out one after the other")
        func concurrent() async throws {
            try node.write(Self.configuration(upstream, paths: ["/a", "/b"]))
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<8 {
                    group.addTask { [node] in
                        try callAdmin("/api/reload", method: "POST", port: node.adminPort).status
                    }
                }
                for try await status in group { #expect(status == 200) }
            }
            #expect(try callAdmin("/api/config", port: node.adminPort).json["generation"] as? Int == 9)
        }

        @Test("a hundred reloads of a thousand routes under load: no request fails, a WebSocket lives, nothing grows")
        func storm() async throws {
            let echo = try TestOrigin(connection: { connection, _, _ in
                _ = try connection.readHead()
                try connection.send(
                    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
                while case let bytes = try connection.read(), !bytes.isEmpty { try connection.send(bytes) }
            })
            func configuration(_ round: Int) -> String {
                Self.configuration(upstream, paths: ["/a", "/r\(round % 2)"] + (0..<1000).map { "/many/\($0)/{id}" })
                    .replacing("upstreams: {", with: "upstreams: { echo: { targets: [\"\(echo.url)\"] },")
                    + "  - { match: { path: /ws }, upstream: echo }\n"
            }
            try await node.reload(configuration(0))
            try #require(!node.errors.contains("reload refused"), "\(node.errors)")
            let socket = try RawConnection(port: node.port, timeout: .seconds(20))
            try socket.sendRequest(["GET /ws HTTP/1.1", "Host: a", "Connection: Upgrade", "Upgrade: websocket"])
            try #require(try socket.readHead().status == 101)
            func isAlive(_ text: String) throws -> Bool {
                try socket.send(text)
                return try socket.read(exactly: text.utf8.count) == Array(text.utf8)
            }
            let load = Load(port: node.port, "/a", clients: 4)
            try await load.more(50)
            func storm(_ rounds: Range<Int>) throws {
                for round in rounds {
                    try node.write(configuration(round))
                    try #require(try callAdmin("/api/reload", method: "POST", port: node.adminPort).status == 200)
                    #expect(try isAlive("round \(round)"))
                }
            }
            try storm(0..<40)
            let warm = (try node.metric("process_resident_memory_bytes"), openFiles.count)
            try storm(40..<100)
            let end = (try node.metric("process_resident_memory_bytes"), openFiles.count)
            let outcomes = try await load.stop()
            #expect(outcomes.allSatisfy { $0.status == 200 }, "\(outcomes.statuses) \(outcomes.errors)")
            #expect(end.0 < warm.0 * 1.15, "resident bytes \(warm.0) became \(end.0)")
            #expect(end.1 <= warm.1 + 8, "open files \(warm.1) became \(end.1)")
            #expect(try request("/r1", port: node.port).status == 200)
        }

        @Test("twenty reloads under load fail no request")
        func underLoad() async throws {
            let load = Load(port: node.port, "/a", clients: 4)
            try await load.more(50)
            for round in 0..<20 {
                // Not by the log, which thins out what repeats.
                try node.write(Self.configuration(upstream, paths: ["/a", "/round\(round)"]))
                node.signal(SIGHUP)
                try await eventually("the new route is served") {
                    try request("/round\(round)", port: node.port).status == 200
                }
            }
            try await load.more(50)
            let outcomes = try await load.stop()
            #expect(outcomes.allSatisfy { $0.status == 200 }, "\(outcomes.statuses) \(outcomes.errors)")
            // The upstream did not change, so its connections were kept: one for each client and worker at most.
            #expect(try node.metric("sluice_upstream_connections") <= 16)
            #expect(try node.metric("sluice_upstream_connections", #"state="idle""#) > 0)
        }

        @Test("a moved upstream is asked at its new address, while its old one finishes what it began")
        func movedUpstream() async throws {
            let other = try await DemoUpstream()
            let slow = try RawConnection(port: node.port)
            try await node.reload(Self.configuration(upstream, paths: ["/a", "/delay/700"]))
            try slow.sendRequest(["GET /delay/700 HTTP/1.1", "Host: a"])
            try await eventually("the slow request is with the upstream") {
                try node.metric("sluice_requests_in_flight") == 1
            }
            try await node.reload(Self.configuration(other, paths: ["/a", "/delay/700"]))
            #expect(try request("/a", port: node.port).json["upstream_port"] as? Int == other.port)
            let response = try slow.readResponse()
            #expect(response.status == 200)
            #expect(response.json["upstream_port"] as? Int == upstream.port)
        }
    }
}

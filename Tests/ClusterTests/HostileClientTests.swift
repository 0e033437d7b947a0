import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("A node among hostile clients")
    struct HostileClientTests {
        private let upstream: DemoUpstream
        private let node: Node

        init() async throws {
            upstream = try await DemoUpstream()
            node = try await Node(
                """
                access_log: { path: off }
                drain: 1s
                limits: { header_timeout: 500ms, header_bytes: 8KiB, body: 64KiB, connections: 200 }
                upstreams: { app: { targets: ["\(upstream.url)"] } }
                routes: [{ name: all, upstream: app }]
                """)
        }

        /// Of a whole response or of none; the node closes the connection either way.
        private func status(after bytes: String) throws -> Int {
            let connection = try RawConnection(port: node.port)
            try connection.send(bytes)
            let answer = String(decoding: try connection.readUntilClose(), as: UTF8.self)
            return Int(answer.split(separator: " ").dropFirst().first ?? "") ?? 0
        }

        @Test("a body that trickles is not waited for to its end")
        func trickle() async throws {
            let connection = try RawConnection(port: node.port, timeout: .seconds(30))
            try connection.sendRequest(["POST /echo HTTP/1.1", "Host: a", "Content-Length: 50000"])
            let started = ContinuousClock.now
            var answer: RawMessage?
            // It has ten seconds, and then needs 256 bytes a second.
            while answer == nil, ContinuousClock.now - started < .seconds(25) {
                if (try? connection.send([UInt8(ascii: "x")])) == nil { break }
                try await Task.sleep(for: .milliseconds(200))
                if node.isRunning, try node.metric("sluice_requests_total", "4xx") > 0 {
                    answer = try connection.readResponse()
                }
            }
            #expect(answer?.status == 408)
            #expect(ContinuousClock.now - started >= .seconds(10))
        }

        @Test(
            "bytes that are no request are refused with 400 and the connection is closed",
            arguments: [
                "\u{16}\u{3}\u{1}garbage\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n folded: x\r\n\r\n",
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
            ])
        func garbage(_ bytes: String) throws {
            #expect(try status(after: bytes) == 400)
            #expect(try request("/x", port: node.port).status == 200)
        }

        @Test("a head that does not come to its end in time is 408")
        func slowHead() throws {
            let started = ContinuousClock.now
            #expect(try status(after: "GET / HTTP/1.1\r\nHost: a\r\n") == 408)
            #expect((.milliseconds(400)...(.seconds(3))).contains(ContinuousClock.now - started))
        }

        @Test("a head that is too large is 431, a body that is too large 413")
        func tooLarge() throws {
            let field = "X-Filler: " + String(repeating: "x", count: 9_000)
            #expect(try status(after: "GET / HTTP/1.1\r\nHost: a\r\n\(field)\r\n\r\n") == 431)
            #expect(try status(after: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n") == 413)
            let chunks = String(repeating: "1000\r\n" + String(repeating: "x", count: 4096) + "\r\n", count: 20)
            #expect(
                try [413, 0].contains(
                    status(after: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)))
            #expect(try request("/x", port: node.port).status == 200)
        }

        @Test("beyond the bound on connections new ones are closed at once, and counted")
        func tooManyConnections() async throws {
            var open = try (0..<200).map { _ in try RawConnection(port: node.port) }
            try await eventually("all are open") { try node.metric("sluice_connections") == 200 }
            #expect(try RawConnection(port: node.port).isAtEnd())
            #expect(try node.metric("sluice_connections_refused_total") == 1)
            open.removeAll()
            try await eventually("there is room again") { try request("/x", port: node.port).status == 200 }
        }

        @Test("clients that vanish, whatever they were doing, leave nothing behind")
        func vanishing() async throws {
            // What a node keeps in any case (connections to the upstream, warm buffers) is there after the first round.
            try await vanish(rounds: 60)
            let descriptors = try openDescriptors()
            let memory = try residentKiB()
            try await vanish(rounds: 240)
            #expect(try openDescriptors() <= descriptors + 8)
            #expect(try residentKiB() < memory + 8 * 1024)
            #expect(try request("/x", port: node.port).status == 200)
            #expect(try node.metric("sluice_requests_in_flight") == 0)
        }

        private func vanish(rounds: Int) async throws {
            let starts = [
                "", "GET", "GET /x HTTP/1.1\r\nHost: a\r\n", "GET /delay/200 HTTP/1.1\r\nHost: a\r\n\r\n",
                "GET /bytes/5000000 HTTP/1.1\r\nHost: a\r\n\r\n", "GET /stream?n=100&ms=50 HTTP/1.1\r\nHost: a\r\n\r\n",
                "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\nhalf",
                "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe",
            ]
            for round in 0..<rounds {
                let connection = try RawConnection(port: node.port)
                try connection.send(starts[round % starts.count])
                if round.isMultiple(of: 3) { try await Task.sleep(for: .milliseconds(5)) }
                if round.isMultiple(of: 2) { connection.reset() } else { connection.close() }
            }
            try await eventually("all connections are gone") {
                let open = try node.metric("sluice_connections")
                let inFlight = try node.metric("sluice_requests_in_flight")
                return open == 0 && inFlight == 0
            }
        }

        private func openDescriptors() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/\(node.pid)/fd").count
        }

        private func residentKiB() throws -> Int {
            let status = try String(contentsOfFile: "/proc/\(node.pid)/status", encoding: .utf8)
            let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
            return try #require(Int(line.filter(\.isNumber)))
        }
    }
}

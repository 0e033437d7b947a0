import Dispatch
import TestSupport
import Testing

/// The scaffolding that other tests stand on.
@Suite("test scaffolding", .ownThreads)
struct ScaffoldingTests {
    @Test("a redis-server starts, is killed, comes back on its port, and can be paused")
    func redisServer() async throws {
        let server = try await RedisServer()
        #expect(try await server.cli("SET", "a", "1") == "OK")
        try await server.restart()
        #expect(try await server.cli("EXISTS", "a") == "0")
        server.pause()
        let connection = try RawConnection(port: server.port, timeout: .milliseconds(50))
        try connection.send("PING\r\n")
        #expect(throws: TestFailure.self) { try connection.read() }
        server.resume()
        #expect(try connection.read(until: "\r\n") == Array("+PONG\r\n".utf8))
        try await server.stop()
        #expect(try connection.readUntilClose().isEmpty)
    }

    @Test("a child's outputs, exit and signals are told apart")
    func childProcess() async throws {
        let script = "read a; echo got $a; echo bad >&2; pwd; exit 3"
        let run = try await ChildProcess.run("sh", ["-c", script], workingDirectory: "/", input: "word\n")
        #expect(run.exit == .exited(3))
        #expect(run.standardOutput == "got word\n/\n")
        #expect(run.standardError == "bad\n")
        let sleeper = try ChildProcess("sh", ["-c", "echo ready; exec sleep 100"])
        #expect(try await sleeper.waitForLine(containing: "ready") == "ready")
        #expect(try await sleeper.terminate() == .signaled(15))
        #expect(throws: TestFailure.self) { try ChildProcess("no-such-program-here") }
    }

    @Test("an origin records requests byte by byte and answers what it is told")
    func origin() async throws {
        let origin = try TestOrigin { request in
            switch request.message.target {
            case "/close": [.text("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), .close]
            case "/chunks":
                [
                    .text("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab"),
                    .text("c\r\n0\r\nT: 1\r\n\r\n"),
                ]
            default: .response("hello", headers: [("X-A", "1")])
            }
        }
        let client = try RawConnection(port: origin.port)
        let request = "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4;e=1\r\nbody\r\n0\r\n\r\n"
        try client.send(request)
        let answer = try client.readResponse()
        #expect(answer.status == 200 && answer["x-a"] == "1" && answer.text == "hello")
        #expect(origin.requests.map(\.message.bytes) == [Array(request.utf8)])
        #expect(origin.requests[0].message.text == "body")
        try client.sendRequest(["GET /chunks HTTP/1.1", "Host: x"])
        let chunked = try client.readResponse()
        #expect(chunked.text == "abc" && chunked.trailers[0] == ("T", "1"))
        try client.sendRequest(["GET /close HTTP/1.1", "Host: x"])
        #expect(throws: TestFailure.self) { try client.readResponse() }
        #expect(origin.requests.map(\.connection) == [1, 1, 1])
        let hanging = try RawConnection(port: origin.port)
        try await eventually("the second connection is accepted") { origin.acceptedConnections == 2 }
        origin.stop()
        #expect(try hanging.isAtEnd())
        try await eventually("all connections end") { origin.openConnections == 0 }
    }

    @Test("tests that block leave room for tasks")
    func ownThreads() async throws {
        let mayEnd = DispatchSemaphore(value: 0)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<32 { group.addTask { wait(for: mayEnd) } }
            group.addTask {
                Task { for _ in 0..<32 { mayEnd.signal() } }
            }
        }
    }
}

private func wait(for semaphore: DispatchSemaphore) { semaphore.wait() }

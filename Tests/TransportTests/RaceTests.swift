import Dispatch
import GatewayCore
import TestSupport
import Testing

@testable import Transport

extension TransportSuites {
    /// A write can fail on the spot, and everything that follows from that happens within the call that wrote.
    ///
    /// The loop stands still while both ends act, so that it finds their doings in one turn, in the order they were done in.
    @Suite("failures within a call")
    struct RaceTests {
        /// An origin that acts in steps, each when the test says so.
        private final class SteppedOrigin: Sendable {
            let origin: TestOrigin
            private let go = DispatchSemaphore(value: 0)
            private let done = DispatchSemaphore(value: 0)

            init(_ steps: [@Sendable (RawConnection) throws -> Void]) throws {
                let (go, done) = (self.go, self.done)
                origin = try TestOrigin(connection: { connection, _, _ in
                    _ = try connection.readHead()
                    for step in steps {
                        go.wait()
                        try step(connection)
                        done.signal()
                    }
                    _ = try connection.readUntilClose()
                })
            }

            /// Has the next step done.
            func step() {
                go.signal()
                done.wait()
            }
        }

        @Test("the upstream resets while a piece of the request is written", arguments: [true, false])
        func resetDuringUpload(_ isChunked: Bool) async throws {
            let origin = try SteppedOrigin([{ $0.reset() }])
            try await withGateway(to: origin.origin) { gateway in
                let client = try gateway.client()
                let framing = isChunked ? "Transfer-Encoding: chunked" : "Content-Length: 1000000"
                try client.sendRequest(["POST / HTTP/1.1", "Host: a", framing])
                try await eventually("the upstream has the head") { origin.origin.acceptedConnections == 1 }
                try await gateway.turn()
                try gateway.whileLoopStands {
                    try client.send(isChunked ? "4\r\nbody\r\n" : "body")
                    origin.step()
                }
                #expect(try client.readResponse().status == 502)
                #expect(try await gateway.onLoop { $0.gate.outcomes } == [.failure])
            }
        }

        @Test("the client resets while the whole response is written")
        func resetDuringWholeResponse() async throws {
            let origin = try SteppedOrigin([{ try $0.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") }])
            try await withGateway(to: origin.origin) { gateway in
                let client = try gateway.client()
                try client.sendRequest(["GET / HTTP/1.1", "Host: a"])
                try await eventually("the upstream has the request") { origin.origin.acceptedConnections == 1 }
                try await gateway.turn()
                gateway.whileLoopStands {
                    origin.step()
                    client.reset()
                }
                try await gateway.settle()
                #expect(try await gateway.onLoop { $0.gate.outcomes } == [.success])
            }
        }

        @Test("the client resets while the last piece of a response is written, and others wait for the connection")
        func resetDuringLastPiece() async throws {
            let whole: @Sendable (RawConnection) throws -> Void = {
                _ = try $0.readHead()
                try $0.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext")
            }
            let origin = try SteppedOrigin([
                { try $0.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nok") }, { try $0.send("ok") }, whole,
            ])
            try await withGateway(to: origin.origin, { $0.settings.maximumConnections = 1 }) { gateway in
                let client = try gateway.client()
                try client.sendRequest(["GET / HTTP/1.1", "Host: a"])
                origin.step()
                #expect(try client.readHead().status == 200)
                let waiting = try gateway.client()
                try waiting.sendRequest(["GET / HTTP/1.1", "Host: a"])
                try await eventually("the second request waits for the connection") {
                    try await gateway.onLoop { $0.upstream.pools[0].activeCount } == 2
                }
                gateway.whileLoopStands {
                    origin.step()
                    client.reset()
                }
                origin.step()
                #expect(try waiting.readResponse().text == "next")
                #expect(origin.origin.acceptedConnections == 1)
            }
        }

        @Test("a pooled connection breaks in the moment it is taken", arguments: [100, 100_000], [true, false])
        func staleAtOnce(_ length: Int, _ isChunked: Bool) async throws {
            let body = String(repeating: "x", count: length)
            let origin = try SteppedOrigin([
                { try $0.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") }, { $0.reset() },
            ])
            let shelf = Shelf()
            try await withGateway(to: origin.origin, { $0.filters = { shelf.make() } }) { gateway in
                let client = try gateway.client()
                try client.sendRequest(["GET / HTTP/1.1", "Host: a"])
                try await shelf.holds(1, in: gateway)
                try await shelf.resume(in: gateway)
                origin.step()
                #expect(try client.readResponse().text == "ok")
                let framing = isChunked ? "Transfer-Encoding: chunked" : "Content-Length: \(length)"
                let framed = isChunked ? "\(String(length, radix: 16))\r\n\(body)\r\n0\r\n\r\n" : body
                try client.sendRequest(["POST / HTTP/1.1", "Host: a", framing], body: framed)
                try await shelf.holds(1, in: gateway)
                try await gateway.turn()
                // The reset has arrived, and the loop has not seen it, when the request is written.
                try await gateway.onLoop { _ in
                    origin.step()
                    shelf.resumeNow()
                }
                #expect(try client.readResponse().status == 502)
                shelf.filter = nil
            }
        }

        @Test("the client resets while its reply is written")
        func resetDuringReply() async throws {
            let origin = try SteppedOrigin([{ $0.reset() }])
            try await withGateway(to: origin.origin) { gateway in
                let client = try gateway.client()
                try client.sendRequest(["GET / HTTP/1.1", "Host: a"])
                try await eventually("the upstream has the request") { origin.origin.acceptedConnections == 1 }
                try await gateway.turn()
                gateway.whileLoopStands {
                    origin.step()
                    client.reset()
                }
            }
        }

        @Test("the client resets with pipelined requests on their way")
        func resetWhilePipelining() async throws {
            let origin = try TestOrigin { _ in .response("ok") }
            try await withGateway(to: origin) { gateway in
                for count in [1, 2, 3, 10] {
                    let client = try gateway.client()
                    try gateway.whileLoopStands {
                        try client.send(String(repeating: "GET / HTTP/1.1\r\nHost: a\r\n\r\n", count: count))
                        client.reset()
                    }
                    try await gateway.settle()
                }
            }
        }
    }
}

import Foundation
import GatewayCore
import HTTPWire
import TestSupport
import Testing

@testable import Transport

/// Clients that misbehave or vanish.
@Suite("client faults")
struct ClientFaultTests {
    private static func origin() throws -> TestOrigin { try TestOrigin { .response($0.message.text) } }

    @Test(
        "a bad head is answered, and ends the connection",
        arguments: [
            ("garbage\r\n\r\n", 400), ("\u{16}\u{3}\u{1}\u{2}", 400), ("GET / HTTP/1.1\r\n\r\n", 400),
            ("GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505),
            ("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 501),
            ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
            ("GET /../x HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("GET / HTTP/1.1\nHost: a\n\n", 400),
        ])
    func badHeads(_ text: String, _ status: Int) async throws {
        let origin = try Self.origin()
        try await withGateway(to: origin) { gateway in
            let client = try gateway.client()
            // What comes after it is not looked at.
            try client.send(text + "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
            let response = try client.readResponse()
            #expect(response.status == status && response["Connection"] == "close")
            #expect(response["Content-Type"] == "application/problem+json")
            #expect(try client.isAtEnd())
            #expect(origin.requests.isEmpty)
            #expect(try await gateway.onLoop { $0.entry.faults }.count == 1)
            #expect(try await gateway.records().isEmpty)
        }
    }

    @Test("a good request before a bad one is answered, and no request after it")
    func badAfterGood() async throws {
        let origin = try Self.origin()
        try await withGateway(to: origin) { gateway in
            let client = try gateway.client()
            let good = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
            try client.send(good + "bad\r\n\r\n" + good)
            #expect(try client.readResponse(to: "HEAD").status == 200)
            let refusal = try client.readResponse()
            #expect(refusal.status == 400 && refusal.text.contains("method") || refusal.text.contains("request line"))
            #expect(try client.isAtEnd())
            #expect(origin.requests.count == 1)
        }
    }

    @Test(
        "too large a head is a 431, too long a target a 414, as soon as it is known",
        arguments: [
            ("GET / HTTP/1.1\r\nHost: a\r\nX: ", 431), ("GET /", 414),
            ("GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "X: 1\r\n", count: 200), 431),
        ])
    func largeHeads(_ beginning: String, _ status: Int) async throws {
        let origin = try Self.origin()
        try await withGateway(to: origin, { $0.limits.headerBytes = 4096 }) { gateway in
            let client = try gateway.client()
            try client.send(beginning + String(repeating: "x", count: 4096))
            #expect(try client.readResponse().status == status)
            #expect(try client.isAtEnd())
        }
    }

    @Test(
        "half a head is a 408 in time, also when a byte comes now and then",
        arguments: ["", "GET / HTTP/1.1\r\nHost: a\r\n"])
    func slowHead(_ beginning: String) async throws {
        let origin = try Self.origin()
        try await withGateway(to: origin, { $0.limits.headerTimeoutMicroseconds = 200_000 }) { gateway in
            let client = try gateway.client()
            let start = ContinuousClock.now
            let dribble = Sender {
                try client.send(beginning + "G")
                while ContinuousClock.now - start < .seconds(5) {
                    Thread.sleep(forTimeInterval: 0.02)
                    try client.send("E")
                }
            }
            #expect(try client.readResponse().status == 408)
            #expect(ContinuousClock.now - start < .seconds(2))
            try await eventually("the connection ends") { dribble.isFinished }
            #expect(try await gateway.records().isEmpty)
        }
    }

    @Test("a connection on which nothing comes is closed without a word")
    func silence() async throws {
        let origin = try Self.origin()
        try await withGateway(to: origin, { $0.limits.headerTimeoutMicroseconds = 100_000 }) { gateway in
            let client = try gateway.client()
            #expect(try client.readUntilClose().isEmpty)
        }
    }

    @Test("a head that comes byte by byte is read in the end, and costs little")
    func dribbledHead() async throws {
        let origin = try Self.origin()
        try await withGateway(to: origin) { gateway in
            let client = try gateway.client()
            let fields = (0..<120).map { "X-Field-\($0): \(String(repeating: "v", count: 200))" }
            let lines = ["GET / HTTP/1.1", "Host: a"] + fields
            let bytes = Array((lines.map { $0 + "\r\n" }.joined() + "\r\n").utf8)
            let duration = try ContinuousClock().measure {
                for byte in bytes { try client.send([byte]) }
                #expect(try client.readResponse().status == 200)
            }
            #expect(duration < .seconds(10))
            #expect(origin.requests[0].message.headers.count == 121)
        }
    }

    @Test("half a body is a 408 in time, and the upstream doesn't take it for a whole", arguments: [true, false])
    func slowBody(_ isChunked: Bool) async throws {
        let origin = try Self.origin()
        try await withGateway(to: origin, { $0.limits.idleTimeoutMicroseconds = 100_000 }) { gateway in
            let client = try gateway.client()
            try client.sendRequest(
                ["POST / HTTP/1.1", "Host: a", isChunked ? "Transfer-Encoding: chunked" : "Content-Length: 10"],
                body: isChunked ? "4\r\nha" : "half")
            #expect(try client.readResponse().status == 408)
            #expect(try client.isAtEnd())
            try await eventually("the upstream connection is closed") { origin.openConnections == 0 }
            #expect(origin.requests.isEmpty)
            #expect(try await gateway.records().map(\.failure) == [.clientTimeout])
            #expect(try await gateway.onLoop { $0.gate.outcomes } == [.cancelled])
        }
    }

    @Test("a client that sends slowly, but sends, is waited for, whatever patience the upstream is given")
    func steadyUpload() async throws {
        let origin = try Self.origin()
        try await withGateway(
            to: origin,
            {
                $0.settings.idleTimeoutMicroseconds = 100_000; $0.limits.idleTimeoutMicroseconds = 2_000_000
            }
        ) { gateway in
            let client = try gateway.client()
            try client.sendRequest(["POST / HTTP/1.1", "Host: a", "Content-Length: 10"])
            for _ in 0..<10 {
                try await Task.sleep(for: .milliseconds(30))
                try client.send("x")
            }
            #expect(try client.readResponse().text == "xxxxxxxxxx")
            try client.sendRequest(["POST / HTTP/1.1", "Host: a", "Content-Length: 2"], body: "y")
            try await Task.sleep(for: .milliseconds(400))
            try client.send("y")
            #expect(try client.readResponse().text == "yy")
            #expect(try await gateway.onLoop { $0.gate.outcomes } == [.success, .success])
        }
    }

    @Test("an upstream that stops reading a request is given up in time")
    func deafUpstream() async throws {
        let origin = try TestOrigin(connection: { connection, _, _ in
            _ = try connection.readHead()
            Thread.sleep(forTimeInterval: 3)
        })
        try await withGateway(
            to: origin,
            {
                $0.settings.idleTimeoutMicroseconds = 200_000; $0.limits.bodyBytes = 1 << 30
            }
        ) { gateway in
            let client = try gateway.client()
            try client.sendRequest(["POST / HTTP/1.1", "Host: a", "Content-Length: \(1 << 26)"])
            let sender = Sender { try client.send(pattern(1 << 26)) }
            #expect(try client.readResponse().status == 504)
            #expect(try await gateway.onLoop { $0.gate.outcomes } == [.failure])
            try await eventually("the connection ends") { sender.isFinished }
        }
    }

    @Test("a chunked body that breaks its framing is a 400, and the upstream doesn't take it for a whole")
    func badChunk() async throws {
        let origin = try Self.origin()
        try await withGateway(to: origin) { gateway in
            for text in ["zz\r\n", "4\r\nbodyx", "4\r\nbody\r\n-1\r\n", "4\r\nbody\r\n0\r\nGET / HTTP/1.1\r\n\r\n"] {
                let client = try gateway.client()
                try client.sendRequest(["POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked"], body: text)
                let response = try client.readResponse()
                #expect(response.status == 400 && response["Connection"] == "close")
                #expect(try client.isAtEnd())
            }
            try await eventually("the upstream connections are closed") { origin.openConnections == 0 }
            #expect(origin.requests.isEmpty)
            #expect(
                try await gateway.onLoop { $0.entry.faults } == [.chunkSize, .chunkFraming, .chunkSize, .trailerField])
        }
    }

    @Test("a chunked body beyond the limit is a 413")
    func largeBody() async throws {
        let origin = try Self.origin()
        try await withGateway(to: origin, { $0.limits.bodyBytes = 10_000 }) { gateway in
            let client = try gateway.client()
            try client.sendRequest(["POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked"])
            let sender = Sender {
                for _ in 0..<100 { try client.send("400\r\n" + String(repeating: "x", count: 1024) + "\r\n") }
            }
            let response = try client.readResponse()
            #expect(response.status == 413 && response["Connection"] == "close")
            try await eventually("the sender is done") { sender.isFinished }
            try await eventually("the upstream connection is closed") { origin.openConnections == 0 }
            #expect(origin.requests.isEmpty)
        }
    }

    @Test("a client that vanishes takes its request with it", arguments: ["connected", "answering", "uploading"])
    func vanishing(_ moment: String) async throws {
        let origin = try TestOrigin(connection: { connection, number, record in
            let head = try connection.readHead()
            record(TestOrigin.Request(message: head, connection: number))
            if moment == "answering" { try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf") }
            _ = try connection.readUntilClose()
        })
        try await withGateway(to: origin) { gateway in
            for isReset in [true, false] {
                let client = try gateway.client()
                try client.sendRequest(
                    ["POST / HTTP/1.1", "Host: a", "Content-Length: \(moment == "uploading" ? 100 : 4)"], body: "body")
                try await eventually("the upstream has the request") {
                    origin.openConnections == 1 && origin.requests.count == (isReset ? 1 : 2)
                }
                if moment == "answering" { #expect(try client.readHead().status == 200) }
                if isReset { client.reset() } else { client.close() }
                try await eventually("the upstream connection is closed") { origin.openConnections == 0 }
            }
            #expect(try await gateway.records().map(\.failure) == [.clientGone, .clientGone])
            let outcome: TestGate.Outcome = moment == "answering" ? .success : .cancelled
            #expect(try await gateway.onLoop { $0.gate.outcomes } == [outcome, outcome])
        }
    }

    @Test("a client that vanishes while a connection for it is opened leaves no trace")
    func vanishingEarly() async throws {
        let listener = try DeafListener()
        try await withGateway(to: [listener.port], { $0.settings.connectTimeoutMicroseconds = 2_000_000 }) { gateway in
            let client = try gateway.client()
            try client.sendRequest(["GET / HTTP/1.1", "Host: a"])
            try await eventually("the connection is being opened") {
                try await gateway.onLoop { $0.upstream.connectionCount } == 1
            }
            client.reset()
            try await eventually("the exchange ends") { try await gateway.records().map(\.failure) == [.clientGone] }
        }
        listener.close()
    }

    @Test("random bytes never do harm", arguments: 0..<4)
    func garbage(_ seed: UInt64) async throws {
        let origin = try Self.origin()
        try await withGateway(to: origin) { gateway in
            var state = seed
            func random(_ bound: Int) -> Int {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Int(state >> 33) % bound
            }
            let pieces = [
                "GET / HTTP/1.1\r\n", "Host: a\r\n", "\r\n", "Transfer-Encoding: chunked\r\n", "5\r\n", "hello",
                "0\r\n\r\n", "\0", "Content-Length: 3\r\n", "POST /x HTTP/1.0\r\n", "x",
            ]
            for round in 0..<150 {
                let client = try gateway.client(timeout: .milliseconds(200))
                for _ in 0..<random(12) { try? client.send(pieces[random(pieces.count)]) }
                if round % 3 == 0 {
                    client.reset()
                } else if round % 3 == 1 {
                    client.close()
                } else {
                    client.closeWriting()
                }
            }
            let client = try gateway.client()
            try client.sendRequest(["GET / HTTP/1.1", "Host: a"])
            #expect(try client.readResponse().status == 200)
        }
    }
}

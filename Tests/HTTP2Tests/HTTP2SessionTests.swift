import HTTPWire
import NIOCore
import Testing

@testable import HTTP2

/// One side of a connection in memory, that notes what it is told.
private final class Side: HTTP2SessionOwner, HTTP2StreamOwner {
    var session: HTTP2Session!
    var sent: [ByteBuffer] = []
    var heads: [String] = []
    var body: [UInt8] = []
    var trailers: String?
    var streams: [HTTP2Stream] = []
    var closings: [UInt32] = []
    var consumes = true
    var isFlooded = false

    init(isServer: Bool, settings: HTTP2Settings = HTTP2Settings()) {
        session =
            isServer ? HTTP2Session(server: self, settings: settings) : HTTP2Session(client: self, settings: settings)
    }

    func arrived(_ text: Bytes?, on stream: HTTP2Stream, isEnd: Bool) {
        heads.append(text.map { String(decoding: $0, as: UTF8.self) } ?? "too large")
        stream.owner = self
        streams.append(stream)
    }

    var takesOutput: Bool { true }
    func write(_ output: ByteBuffer) { sent.append(output) }
    func outputIsWaiting() {}
    func flooded() { isFlooded = true }
    func capacityChanged() {}

    func received(_ bytes: ByteBuffer) {
        body += Array(bytes.readableBytesView)
        if consumes { streams.first?.consume(bytes.readableBytes) }
    }

    func receivedEnd(trailers: [UInt8]) { self.trailers = String(decoding: trailers, as: UTF8.self) }
    func received(responseHead text: Bytes, isEnd: Bool) { heads.append(String(decoding: text, as: UTF8.self)) }
    func drained() {}
    func progressed() {}
    func closed(errorCode: UInt32) { closings.append(errorCode) }

    /// Carries bytes until neither side has any.
    static func connect(_ sides: (Side, Side)) {
        var isMoving = true
        while isMoving {
            isMoving = false
            for (from, to) in [(sides.0, sides.1), (sides.1, sides.0)] {
                from.session.produce()
                let output = from.sent
                from.sent = []
                for buffer in output {
                    isMoving = true
                    buffer.withUnsafeReadableBytes { to.session.receive($0, atMicroseconds: 0) }
                }
            }
        }
    }
}

@Suite("HTTP/2 sessions, one facing the other")
struct HTTP2SessionTests {
    private let client = Side(isServer: false)
    private let server = Side(isServer: true)

    private func request(_ head: String, isEnd: Bool = true, acceptsTrailers: Bool = false) throws -> HTTP2Stream {
        let bytes = Array(head.utf8)
        let stream = bytes.withUnsafeBufferPointer {
            client.session.request(
                $0, scheme: "http", owner: client, acceptsTrailers: acceptsTrailers, answersHEAD: false, isEnd: isEnd)
        }
        let opened = try #require(stream)
        client.streams.append(opened)
        return opened
    }

    private func respond(_ head: String, isEnd: Bool) throws {
        let stream = try #require(server.streams.last)
        Array(head.utf8).withUnsafeBufferPointer { server.session.respond($0, on: stream, isEnd: isEnd) }
    }

    @Test("heads arrive as the HTTP/1.1 text that says the same")
    func heads() throws {
        _ = try request(
            "GET /a?b=c HTTP/1.1\r\nAccept: x\r\nHost: h.test\r\nCookie: a=1\r\nConnection: close\r\nTE: gzip\r\n\r\n",
            acceptsTrailers: true)
        Side.connect((client, server))
        #expect(
            server.heads == [
                "GET /a?b=c HTTP/1.1\r\nHost: h.test\r\naccept: x\r\nte: trailers\r\nCookie: a=1\r\n\r\n"
            ])
        try respond("HTTP/1.1 204 No Content\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n", isEnd: true)
        Side.connect((client, server))
        #expect(client.heads == ["HTTP/1.1 204 No Content\r\nx-a: b\r\n\r\n"])
        #expect(client.closings == [0] && server.closings == [0])
    }

    @Test("bodies larger than all windows pass both ways, with trailers")
    func bodies() throws {
        let body = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let stream = try request("POST / HTTP/1.1\r\nHost: a\r\n\r\n", isEnd: false)
        stream.write(ByteBuffer(bytes: body))
        #expect(!stream.isWritable)
        stream.end(trailers: Array("x-sum: 1\r\n".utf8))
        Side.connect((client, server))
        #expect(server.body == body && server.trailers == "x-sum: 1\r\n")
        #expect(stream.isWritable && server.heads[0].contains("Transfer-Encoding: chunked"))
        try respond("HTTP/1.1 200 OK\r\n\r\n", isEnd: false)
        let answer = try #require(server.streams.last)
        answer.write(ByteBuffer(bytes: body))
        answer.end(trailers: Array("grpc-status: 0\r\n".utf8))
        Side.connect((client, server))
        #expect(client.body == body && client.trailers == "grpc-status: 0\r\n")
        #expect(client.session.streamCount == 0 && server.session.streamCount == 0)
    }

    @Test("what is not consumed holds its own stream back, and no more than a window of it is kept")
    func backpressure() throws {
        server.consumes = false
        let stream = try request("POST / HTTP/1.1\r\nHost: a\r\n\r\n", isEnd: false)
        stream.write(ByteBuffer(bytes: [UInt8](repeating: 1, count: 500_000)))
        Side.connect((client, server))
        #expect(server.body.count <= HTTP2Settings().streamWindow)
        let other = try request("GET /other HTTP/1.1\r\nHost: a\r\n\r\n")
        Side.connect((client, server))
        #expect(server.heads.count == 2)
        other.reset(.cancel)
        server.streams[0].consume(server.body.count)
        let before = server.body.count
        Side.connect((client, server))
        #expect(server.body.count > before)
    }

    @Test("an end of the connection ends all streams, each once")
    func lost() throws {
        _ = try request("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        _ = try request("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        Side.connect((client, server))
        client.session.connectionLost()
        server.session.connectionLost()
        #expect(client.closings.count == 2 && server.closings.count == 2)
    }

    @Test("after GOAWAY what is under way goes on, and then the connection is over")
    func shutDown() throws {
        _ = try request("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        Side.connect((client, server))
        server.session.shutDown()
        Side.connect((client, server))
        #expect(client.session.isGoingAway && !server.session.isOver)
        try respond("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", isEnd: true)
        Side.connect((client, server))
        #expect(client.body == Array("ok".utf8) && client.closings == [0])
    }

    @Test("random bytes and cut-up frames never do harm")
    func noise() {
        for _ in 0..<300 {
            let side = Side(isServer: true)
            var bytes = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
            for _ in 0..<Int.random(in: 1...20) {
                let payload = (0..<Int.random(in: 0...40)).map { _ in UInt8.random(in: 0...255) }
                bytes += [0, 0, UInt8(payload.count), .random(in: 0...10), .random(in: 0...255), 0, 0, 0]
                bytes += [.random(in: 0...9)] + payload
            }
            bytes.withUnsafeBytes { side.session.receive($0, atMicroseconds: 0) }
            side.session.produce()
            side.session.connectionLost()
        }
    }
}

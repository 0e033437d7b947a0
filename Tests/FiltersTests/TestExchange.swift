import GatewayCore
import HTTPWire
import NIOCore
import Testing

/// An exchange without a connection: a parsed request, and a client that keeps what it is sent.
final class TestExchange {
    let client = RecordingClient()
    let exchange: Exchange

    /// - Parameter head: the request's lines; the blank line is added.
    init(
        _ head: [String] = ["GET /users/7 HTTP/1.1", "Host: api.example.com"], peer: String = "192.0.2.1",
        isTrusted: Bool = false
    ) throws {
        let peer = Peer(address: peer)
        peer.isTrusted = isTrusted
        exchange = Exchange(downstream: client, peer: peer)
        let bytes = Array((head + ["", ""]).joined(separator: "\r\n").utf8)
        let outcome = bytes.withUnsafeBufferPointer { exchange.request.parse($0, limit: 65_536) }
        try #require(outcome == .complete(bytes.count))
        exchange.begin(atMicroseconds: 0)
    }

    /// The default request with further lines.
    static func with(_ lines: String..., peer: String = "192.0.2.1", isTrusted: Bool = false) throws -> TestExchange {
        try TestExchange(
            ["GET /users/7 HTTP/1.1", "Host: api.example.com"] + lines, peer: peer, isTrusted: isTrusted)
    }

    var requestLines: [String] { Self.lines(exchange.requestLines) }
    var responseLines: [String] { Self.lines(exchange.responseLines) }

    private static func lines(_ builder: ByteBuilder) -> [String] {
        builder.bytes.text.split(separator: "\r\n").map(String.init)
    }
}

/// A client that only takes notes.
final class RecordingClient: Downstream {
    private(set) var replies: [Reply] = []
    /// What the replies say.
    private(set) var bodies: [String] = []
    let isWritable = true

    func send(_ reply: Reply, for exchange: Exchange) {
        replies.append(reply)
        bodies.append(reply.text)
    }
    func interim(_ head: ResponseHead) {}
    func respond(_ head: ResponseHead, body: ByteBuffer?, isComplete: Bool) {}
    func respond(_ head: StoredHead, body: StoredBody?, isComplete: Bool) {}
    func write(_ body: ByteBuffer) {}
    func end(trailers: [UInt8]) {}
    func abort(_ failure: Failure) {}
    func attach(_ producer: any ResponseProducer) {}
    func pauseBody() {}
    func resumeBody() {}
    func abandonedExchangeEnded(_ exchange: Exchange) {}
}

/// The end of a plan: counts who got there.
final class CountingService: ExchangeService {
    private(set) var served = 0
    func serve(_ exchange: Exchange) { served += 1 }
}

extension Verdict {
    var reply: Reply? { if case .reply(let reply) = self { reply } else { nil } }
    var isWait: Bool { if case .wait = self { true } else { false } }
    var isProceed: Bool { if case .proceed = self { true } else { false } }
}

extension Reply {
    /// All of it, as a client would see it.
    var text: String {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: capacity(extra: 0, requestID: 0)) { room in
            var writer = HeadWriter(UnsafeMutableRawBufferPointer(room))
            let date = [UInt8](repeating: 0x78, count: 29)
            let nothing = Bytes(start: nil, count: 0)
            date.withUnsafeBufferPointer {
                write(to: &writer, date: $0, added: nothing, requestID: nothing, isHEAD: false, persistence: .unsaid)
            }
            return String(decoding: room[..<writer.count], as: UTF8.self)
        }
    }

    var fieldLines: [String] {
        String(decoding: lines, as: UTF8.self).split(separator: "\r\n").map(String.init)
    }
}

/// The text's bytes, for as long as `body` runs.
func withBytes<Result>(_ text: String, _ body: (Bytes) throws -> Result) rethrows -> Result {
    try Array(text.utf8).withUnsafeBufferPointer(body)
}

import CNghttp2
import HTTPWire
import NIOCore

/// Who is behind a stream. Called while the session receives or produces: it may write to the stream, and to others.
package protocol HTTP2StreamOwner: AnyObject {
    /// Bytes of the peer's body, which keep its window until `HTTP2Stream.consume`.
    func received(_ body: ByteBuffer)
    /// The peer has sent all; `trailers` are complete field lines, mostly none.
    func receivedEnd(trailers: [UInt8])
    /// A head from a server, as HTTP/1.1 text valid during the call. Interim ones come before the final one.
    func received(responseHead text: Bytes, isEnd: Bool)
    /// Of what was written, little is left to be sent.
    func drained()
    /// Some bytes have left.
    func progressed()
    /// The stream is over, in order (code 0) or not. Called exactly once.
    func closed(errorCode: UInt32)
}

/// One stream: what is written to it waits here until the windows of the peer let it go.
package final class HTTP2Stream {
    /// Above it a writer should pause; `drained` is told when less than half of it is left.
    package static let highWater = 64 * 1024

    package internal(set) var id: Int32
    package var owner: (any HTTP2StreamOwner)?
    /// Nil once the stream is over.
    package internal(set) var session: HTTP2Session?
    var queue = CircularBuffer<ByteBuffer>(initialCapacity: 4)
    package internal(set) var queuedBytes = 0 {
        didSet { session?.queuedBytes &+= queuedBytes &- oldValue }
    }
    var isEnded = false
    var trailers: [UInt8] = []
    var isDeferred = false
    var isAboveHighWater = false
    /// Server side: the request is an extended CONNECT (RFC 8441), so that what follows is no body.
    package internal(set) var asksForTunnel = false
    /// Client side: the request was HEAD. Final head seen.
    var answersHEAD = false
    var hasResponse = false
    /// The peer's side is over.
    var isRemoteEnded = false

    init(id: Int32, session: HTTP2Session) {
        self.id = id
        self.session = session
    }

    package var isWritable: Bool { queuedBytes < Self.highWater }

    /// The first bytes of the body, which came with the head.
    func keep(_ first: Bytes) {
        guard !first.isEmpty else { return }
        queue.append(ByteBuffer(bytes: UnsafeRawBufferPointer(first)))
        queuedBytes += first.count
    }

    /// Further bytes of the body.
    package func write(_ body: ByteBuffer) {
        guard let session, !isEnded, body.readableBytes > 0 else { return }
        queue.append(body)
        queuedBytes += body.readableBytes
        if queuedBytes >= Self.highWater { isAboveHighWater = true }
        session.resume(self)
    }

    /// The body is complete. - Parameter trailers: complete field lines.
    package func end(trailers: [UInt8] = []) {
        guard let session, !isEnded else { return }
        isEnded = true
        self.trailers = trailers
        session.resume(self)
    }

    /// Breaks the stream off with an error code of RFC 9113 §7.
    package func reset(_ code: HTTP2ErrorCode) { session?.reset(self, code) }

    /// The taker has `count` more bytes done: the peer may send as many.
    package func consume(_ count: Int) { session?.consume(count, of: self) }
}

/// Error codes of RFC 9113 §7 that this gateway sends.
package enum HTTP2ErrorCode: UInt32, Sendable {
    case noError = 0
    case protocolError = 1
    case internalError = 2
    case streamClosed = 5
    case refusedStream = 7
    case cancel = 8
    case enhanceYourCalm = 11
}

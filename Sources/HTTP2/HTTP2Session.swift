import CNghttp2
import HTTPWire
import NIOCore

/// Who carries a session's bytes, and is told of new streams. Called on the session's thread.
package protocol HTTP2SessionOwner: AnyObject {
    /// Server: a request has begun. `text` is its head as HTTP/1.1 text, valid during the call; nil if it is too large.
    func arrived(_ text: Bytes?, on stream: HTTP2Stream, isEnd: Bool)
    /// Whether output would be taken now; else it stays in the session.
    var takesOutput: Bool { get }
    /// Bytes for the socket; flushed by who called `HTTP2Session.produce`.
    func write(_ output: ByteBuffer)
    /// There is something to produce, at the next opportunity.
    func outputIsWaiting()
    /// The peer behaved like an attacker; the session is being ended.
    func flooded()
    /// Client: how many streams the server allows at once, or that it takes no more.
    func capacityChanged()
}

package struct HTTP2Settings: Sendable {
    package var maximumStreams = 256
    /// Of one header block, in bytes.
    package var headerBytes = 32 * 1024
    /// What a stream may send before its bytes are consumed.
    package var streamWindow = 64 * 1024
    package init() {}
}

/// One HTTP/2 connection (RFC 9113): framing, header compression and flow control by libnghttp2's memory API, for either
/// side. Knows no socket and no thread of its own; not reentrant towards nghttp2, which all calls take care of.
package final class HTTP2Session {
    let owner: Unowned
    /// Where nghttp2 is told to find this object.
    struct Unowned { unowned let value: any HTTP2SessionOwner }

    let settings: HTTP2Settings
    let isServer: Bool
    private var raw: OpaquePointer?
    let head = HeadText()
    private var fields = FieldList()
    var streams: [Int32: HTTP2Stream] = [:]
    /// What waits in all streams to be sent.
    package internal(set) var queuedBytes = 0
    var budget = FloodBudget()
    var closedStreams = ClosedStreams()
    var nowMicroseconds = 0
    private var bodyFrames = BodyFrameFinder()
    private var isReceiving = false
    private var isProducing = false
    private var isTerminated = false
    /// Client: the server has announced that it takes no further streams.
    package internal(set) var isGoingAway = false
    private var output = ByteBuffer()
    private static let outputSize = 16 * 1024
    /// Bodies from here on go out as they are; shorter ones are copied behind their frame's head.
    private static let copyLimit = 4096

    package init(server owner: any HTTP2SessionOwner, settings: HTTP2Settings) {
        self.owner = Unowned(value: owner)
        self.settings = settings
        isServer = true
        nghttp2_session_server_new2(&raw, HTTP2Callbacks.shared, context, HTTP2Callbacks.options)
        announce()
    }

    package init(client owner: any HTTP2SessionOwner, settings: HTTP2Settings) {
        self.owner = Unowned(value: owner)
        self.settings = settings
        isServer = false
        nghttp2_session_client_new2(&raw, HTTP2Callbacks.shared, context, HTTP2Callbacks.options)
        announce()
    }

    deinit { nghttp2_session_del(raw) }

    private var context: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

    private func announce() {
        var entries = [
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue), value: UInt32(settings.streamWindow)),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue), value: UInt32(settings.headerBytes)),
        ]
        if isServer {
            entries.append(
                nghttp2_settings_entry(
                    settings_id: Int32(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS.rawValue),
                    value: UInt32(settings.maximumStreams)))
            // RFC 8441 §3: WebSockets may be asked for.
            entries.append(
                nghttp2_settings_entry(
                    settings_id: Int32(NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL.rawValue), value: 1))
        } else {
            entries.append(nghttp2_settings_entry(settings_id: Int32(NGHTTP2_SETTINGS_ENABLE_PUSH.rawValue), value: 0))
        }
        nghttp2_submit_settings(raw, UInt8(NGHTTP2_FLAG_NONE.rawValue), entries, entries.count)
        // The connection's window is no bound of its own: each stream has one, and their number is bounded.
        nghttp2_session_set_local_window_size(raw, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, 1 << 20)
    }

    // MARK: Bytes

    /// Whether both sides are done: what was produced is the last of it.
    package var isOver: Bool { nghttp2_session_want_read(raw) == 0 && nghttp2_session_want_write(raw) == 0 }

    package var streamCount: Int { streams.count }

    /// Takes what has come over the connection. `produce` should follow.
    /// - Parameter now: of the monotonic clock, in microseconds.
    package func receive(_ bytes: UnsafeRawBufferPointer, atMicroseconds now: Int) {
        guard !isReceiving, !isTerminated else { return }
        nowMicroseconds = now
        guard isServer else { return feed(bytes[...]) }
        var (position, fed) = (0, 0)
        while let frame = bodyFrames.next(in: bytes, from: &position) {
            // What came before may have ended its stream.
            feed(bytes[fed..<frame.start])
            fed = frame.start
            frameBegins(on: frame.stream, isHead: false)
        }
        feed(bytes[fed...])
    }

    private func feed(_ part: Slice<UnsafeRawBufferPointer>) {
        let bytes = UnsafeRawBufferPointer(rebasing: part)
        guard !isTerminated, let base = bytes.baseAddress, !bytes.isEmpty else { return }
        isReceiving = true
        let taken = nghttp2_session_mem_recv(raw, base.assumingMemoryBound(to: UInt8.self), bytes.count)
        isReceiving = false
        guard taken < 0 else { return }
        let isFlood = taken == Int(NGHTTP2_ERR_FLOODED.rawValue) || taken == Self.tooManyContinuations
        if isFlood { owner.value.flooded() }
        terminate(isFlood ? .enhanceYourCalm : .protocolError)
    }

    /// NGHTTP2_ERR_TOO_MANY_CONTINUATIONS, which not every header that is installed has (CVE-2024-28182).
    private static let tooManyContinuations = -905

    /// Moves frames to the owner while it takes them.
    package func produce() {
        guard !isReceiving, !isProducing else { return }
        isProducing = true
        while owner.value.takesOutput {
            var bytes: UnsafePointer<UInt8>?
            let count = nghttp2_session_mem_send(raw, &bytes)
            guard count > 0, let bytes else { break }
            append(UnsafeRawBufferPointer(start: bytes, count: count))
        }
        handOver()
        isProducing = false
    }

    private func append(_ bytes: UnsafeRawBufferPointer) {
        output.writeBytes(bytes)
        if output.readableBytes >= 3 * Self.outputSize { handOver() }
    }

    private func handOver() {
        guard output.readableBytes > 0 else { return }
        let ready = output
        output = ByteBuffer()
        owner.value.write(ready)
    }

    /// A DATA frame of `stream`, whose head nghttp2 has made.
    func send(frameHead: UnsafePointer<UInt8>, length: Int, of stream: HTTP2Stream) {
        append(UnsafeRawBufferPointer(start: frameHead, count: 9))
        var rest = length
        while rest > 0, var first = stream.queue.first {
            let count = min(rest, first.readableBytes)
            guard let slice = first.readSlice(length: count) else { break }
            if first.readableBytes == 0 {
                stream.queue.removeFirst()
            } else {
                stream.queue[stream.queue.startIndex] = first
            }
            if count < Self.copyLimit {
                slice.withUnsafeReadableBytes { append($0) }
            } else {
                handOver()
                owner.value.write(slice)
            }
            rest -= count
        }
        stream.queuedBytes -= length
        budget.credit()
        stream.owner?.progressed()
        if stream.isAboveHighWater, stream.queuedBytes < HTTP2Stream.highWater / 2 {
            stream.isAboveHighWater = false
            stream.owner?.drained()
        }
    }

    // MARK: Streams

    /// Sends a final response head, written as HTTP/1.1 text; bytes after its blank line are the body's first.
    /// - Parameter isEnd: that is all there is.
    package func respond(_ text: Bytes, on stream: HTTP2Stream, isEnd: Bool) {
        let headLength = fields.readResponse(text)
        stream.keep(text.slice(headLength, text.count - headLength))
        if isEnd { stream.isEnded = true }
        if isEnd, stream.queuedBytes == 0 {
            nghttp2_submit_response(raw, stream.id, fields.pointer, fields.count, nil)
        } else {
            var provider = Self.provider(stream)
            nghttp2_submit_response(raw, stream.id, fields.pointer, fields.count, &provider)
        }
        owner.value.outputIsWaiting()
    }

    /// Sends an interim (1xx) head.
    package func interim(_ text: Bytes, on stream: HTTP2Stream) {
        _ = fields.readResponse(text)
        nghttp2_submit_headers(
            raw, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.id, nil, fields.pointer, fields.count, nil)
        owner.value.outputIsWaiting()
    }

    /// Opens a stream with a request head, written as HTTP/1.1 text; bytes after its blank line are the body's first. Nil if
    /// the connection takes none.
    /// - Parameter acceptsTrailers: says so to the server, as gRPC asks for.
    package func request(
        _ text: Bytes, scheme: StaticString, owner streamOwner: any HTTP2StreamOwner, acceptsTrailers: Bool,
        answersHEAD: Bool, isEnd: Bool
    ) -> HTTP2Stream? {
        let headLength = fields.readRequest(text, scheme: scheme)
        if acceptsTrailers { fields.appendAcceptsTrailers() }
        let stream = HTTP2Stream(id: 0, session: self)
        stream.answersHEAD = answersHEAD
        stream.isEnded = isEnd
        stream.keep(text.slice(headLength, text.count - headLength))
        let id: Int32
        if isEnd, stream.queuedBytes == 0 {
            id = nghttp2_submit_request(raw, nil, fields.pointer, fields.count, nil, nil)
        } else {
            var provider = Self.provider(stream)
            id = nghttp2_submit_request(raw, nil, fields.pointer, fields.count, &provider, nil)
        }
        guard id > 0 else {
            queuedBytes -= stream.queuedBytes
            return nil
        }
        stream.id = id
        stream.owner = streamOwner
        streams[id] = stream
        owner.value.outputIsWaiting()
        return stream
    }

    /// Client: streams that the server allows at once.
    package var peerMaximumStreams: Int {
        Int(nghttp2_session_get_remote_settings(raw, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS))
    }

    private static func provider(_ stream: HTTP2Stream) -> nghttp2_data_provider {
        var provider = nghttp2_data_provider()
        // The session's table keeps the stream until nghttp2 has closed it.
        provider.source.ptr = Unmanaged.passUnretained(stream).toOpaque()
        provider.read_callback = HTTP2Callbacks.readBody
        return provider
    }

    func resume(_ stream: HTTP2Stream) {
        if stream.isDeferred {
            stream.isDeferred = false
            nghttp2_session_resume_data(raw, stream.id)
        }
        owner.value.outputIsWaiting()
    }

    func submitTrailers(of stream: HTTP2Stream) {
        stream.trailers.withUnsafeBufferPointer { fields.readTrailers($0) }
        nghttp2_submit_trailer(raw, stream.id, fields.pointer, fields.count)
    }

    func reset(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode) {
        nghttp2_submit_rst_stream(raw, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.id, code.rawValue)
        owner.value.outputIsWaiting()
    }

    func consume(_ count: Int, of stream: HTTP2Stream) {
        nghttp2_session_consume_stream(raw, stream.id, count)
        owner.value.outputIsWaiting()
    }

    // MARK: The end

    /// Tells the peer to open no more streams; those under way go on (RFC 9113 §6.8).
    package func shutDown() {
        guard !isTerminated else { return }
        nghttp2_submit_goaway(
            raw, UInt8(NGHTTP2_FLAG_NONE.rawValue), nghttp2_session_get_last_proc_stream_id(raw),
            HTTP2ErrorCode.noError.rawValue, nil, 0)
        owner.value.outputIsWaiting()
    }

    /// Ends the connection with an error.
    package func terminate(_ code: HTTP2ErrorCode) {
        guard !isTerminated else { return }
        isTerminated = true
        nghttp2_session_terminate_session(raw, code.rawValue)
        owner.value.outputIsWaiting()
    }

    /// The connection is gone, and all its streams with it.
    package func connectionLost() {
        isTerminated = true
        let lost = streams
        streams = [:]
        for stream in lost.values { close(stream, code: HTTP2ErrorCode.cancel.rawValue) }
    }

    func close(_ stream: HTTP2Stream, code: UInt32) {
        streams[stream.id] = nil
        let owner = stream.owner
        stream.owner = nil
        queuedBytes -= stream.queuedBytes
        stream.session = nil
        owner?.closed(errorCode: code)
    }

    /// Takes its price for a frame that does no work; ends the connection of who can't pay.
    func charge(_ cost: FloodBudget.Cost) {
        guard !isTerminated, !budget.charge(cost, atMicroseconds: nowMicroseconds) else { return }
        owner.value.flooded()
        terminate(.enhanceYourCalm)
    }
}

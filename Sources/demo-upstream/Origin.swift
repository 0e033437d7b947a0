import NIOCore
import NIOHTTP1

/// Answers the requests of one connection. It holds at most one 64 KiB piece of a body at a time: bodies received are
/// counted and dropped, bodies sent are produced as fast as the socket takes them.
final class Origin: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private static let piece = ByteBuffer(repeating: UInt8(ascii: "x"), count: 64 * 1024)

    private let port: Int
    private var context: ChannelHandlerContext?
    private var request: HTTPRequestHead?
    private var bodyBytes = 0
    /// Bytes of a generated body that are still to be written, and what follows them.
    private var owed = 0
    private var closesAfterBody = false

    init(port: Int) { self.port = port }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    func channelWritabilityChanged(context: ChannelHandlerContext) { writeOwed() }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is IdleStateHandler.IdleStateEvent else { return context.fireUserInboundEventTriggered(event) }
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            request = head
            bodyBytes = 0
            if head.headers[canonicalForm: "expect"].contains("100-continue") {
                context.writeAndFlush(
                    wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))), promise: nil)
            }
        case .body(let bytes): bodyBytes += bytes.readableBytes
        case .end:
            guard let request else { return }
            answer(Answer(target: request.uri), to: request)
        }
    }

    private func answer(_ answer: Answer, to request: HTTPRequestHead) {
        switch answer {
        case .echo(let status, 0): sendEcho(of: request, status: status)
        case .echo(let status, let milliseconds):
            later(milliseconds) { $0.sendEcho(of: request, status: status) }
        case .bytes(let count, let chunked):
            begin(200, [("Content-Type", "application/octet-stream")] + (chunked ? [] : [length(count)]))
            sendBody(of: count)
        case .truncated(let count):
            begin(200, [("Content-Type", "application/octet-stream"), length(count)])
            closesAfterBody = true
            sendBody(of: count / 2)
        case .stream(let count, let interval):
            begin(200, [("Content-Type", "text/event-stream"), ("Cache-Control", "no-store")])
            context?.flush()
            sendEvent(1, of: count, every: interval)
        case .drop: context?.close(promise: nil)
        case .garbage: sendGarbage()
        case .invalid(let expected):
            sendText("demo-upstream: \(request.uri): expected \(expected)\n", status: 400, type: "text/plain")
        }
    }

    private func sendEcho(of request: HTTPRequestHead, status: Int) {
        sendText(Echo(head: request, bodyBytes: bodyBytes, port: port).json, status: status, type: "application/json")
    }

    private func sendText(_ text: String, status: Int, type: String) {
        // RFC 9110, 6.4.1: 204 and 304 carry no content.
        guard status != 204, status != 304 else {
            begin(status, [])
            return end()
        }
        begin(status, [("Content-Type", type), length(text.utf8.count)])
        if request?.method != .HEAD { write(.body(.byteBuffer(ByteBuffer(string: text)))) }
        end()
    }

    private func sendBody(of count: Int) {
        owed = request?.method == .HEAD ? 0 : count
        if owed == 0 { end() } else { writeOwed() }
    }

    private func writeOwed() {
        guard owed > 0, let context else { return }
        while owed > 0, context.channel.isWritable {
            let count = min(owed, Self.piece.readableBytes)
            owed -= count
            guard let slice = Self.piece.getSlice(at: 0, length: count) else { return }
            write(.body(.byteBuffer(slice)))
            if owed == 0 { return end() }
            context.flush()
        }
    }

    private func sendEvent(_ number: Int, of count: Int, every interval: Int) {
        guard request?.method != .HEAD, number <= count else { return end() }
        write(.body(.byteBuffer(ByteBuffer(string: "id: \(number)\ndata: event \(number) of \(count)\n\n"))))
        context?.flush()
        later(interval) { $0.sendEvent(number + 1, of: count, every: interval) }
    }

    /// Past the encoder, straight to the socket.
    private func sendGarbage() {
        guard let context,
            let encoder = try? context.pipeline.syncOperations.context(handlerType: HTTPResponseEncoder.self)
        else { return }
        encoder.writeAndFlush(NIOAny(ByteBuffer(string: "\u{1}\u{2}this is not HTTP\r\n\r\n")), promise: nil)
        closeAfterFlush()
    }

    private func begin(_ status: Int, _ headers: [(String, String)]) {
        var head = HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: status))
        head.headers = HTTPHeaders([("Server", "demo-upstream/\(port)")] + headers)
        if request?.isKeepAlive == false { head.headers.add(name: "Connection", value: "close") }
        write(.head(head))
    }

    private func end() {
        if closesAfterBody { return closeAfterFlush() }
        let closes = request?.isKeepAlive == false
        request = nil
        write(.end(nil))
        context?.flush()
        if closes { closeAfterFlush() }
    }

    /// `close()` drops what is still queued, so it waits for an empty write to go through.
    private func closeAfterFlush() {
        guard let context,
            let encoder = try? context.pipeline.syncOperations.context(handlerType: HTTPResponseEncoder.self)
        else { return }
        let channel = context.channel
        encoder.writeAndFlush(NIOAny(ByteBuffer())).whenComplete { _ in channel.close(promise: nil) }
    }

    private func length(_ count: Int) -> (String, String) { ("Content-Length", String(count)) }

    private func write(_ part: HTTPServerResponsePart) { context?.write(wrapOutboundOut(part), promise: nil) }

    /// Runs `action` on this connection's loop, unless the connection is gone by then.
    private func later(_ milliseconds: Int, _ action: @escaping (Origin) -> Void) {
        guard let loop = context?.eventLoop else { return }
        loop.assumeIsolated().scheduleTask(in: .milliseconds(Int64(milliseconds))) { [weak self] in
            guard let self, self.context != nil else { return }
            action(self)
        }
    }
}

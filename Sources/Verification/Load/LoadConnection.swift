import HTTPWire
import NIOCore

/// One kept-alive HTTP/1.1 connection, with at most one request under way.
final class LoadConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// What a request came to.
    enum Outcome {
        case answered(status: Int, isDegraded: Bool)
        case failed(Observed.Ending)
    }

    private let channel: any Channel
    private let response = ResponseHead()
    private var inbox = ByteBuffer()
    private var stage = Stage.idle
    private var answer = Outcome.failed(.malformed)
    private var conclude: ((Outcome) -> Void)?
    private var patience: Scheduled<Void>?
    /// Called when the connection can't take a further request.
    var onEnd: (() -> Void)?

    private enum Stage {
        case idle
        case head
        case counted(Int)
        case chunked(ChunkedDecoder)
        case untilEnd
        case ended
    }

    init(_ channel: any Channel) { self.channel = channel }

    /// Whether a request can be sent.
    var isIdle: Bool { if case .idle = stage { true } else { false } }

    /// Sends a request; `conclude` is called once.
    func send(_ head: ByteBuffer, patience: TimeAmount, conclude: @escaping (Outcome) -> Void) {
        stage = .head
        self.conclude = conclude
        self.patience = channel.eventLoop.assumeIsolated().scheduleTask(in: patience) { self.end(.timeout) }
        channel.writeAndFlush(head, promise: nil)
    }

    func close() { end(.connectionLost) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        inbox.writeBuffer(&bytes)
        while advance() {}
        inbox.discardReadBytes()
    }

    func channelInactive(context: ChannelHandlerContext) {
        if case .untilEnd = stage { finish() }
        end(.connectionLost)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { end(.connectionLost) }

    /// Takes one step through what has arrived; false when more is needed.
    private func advance() -> Bool {
        switch stage {
        case .head: return readHead()
        case .counted(let missing):
            let count = min(missing, inbox.readableBytes)
            inbox.moveReaderIndex(forwardBy: count)
            guard count == missing else {
                stage = .counted(missing - count)
                return false
            }
            finish()
            return true
        case .chunked(var decoder): return readChunks(&decoder)
        case .untilEnd:
            inbox.clear()
            return false
        case .idle:
            // Nobody asked for it.
            if inbox.readableBytes > 0 { end(.malformed) }
            return false
        case .ended: return false
        }
    }

    private func readHead() -> Bool {
        let outcome = inbox.withUnsafeReadableBytes {
            response.parse($0.bindMemory(to: UInt8.self), answersHEAD: false, limit: 32_768)
        }
        guard case .complete(let length) = outcome else {
            if case .fault = outcome { end(.malformed) }
            return false
        }
        inbox.moveReaderIndex(forwardBy: length)
        guard !response.isInterim else { return true }
        answer = .answered(status: response.status, isDegraded: response.fields.first("sluice-degraded") != nil)
        switch response.body {
        case .none: finish()
        case .exactly(let count): stage = .counted(count)
        case .chunked: stage = .chunked(ChunkedDecoder())
        case .untilClose: stage = .untilEnd
        }
        return true
    }

    private func readChunks(_ decoder: inout ChunkedDecoder) -> Bool {
        let progress = inbox.withUnsafeMutableReadableBytes { memory in
            try? decoder.decode(memory.bindMemory(to: UInt8.self))
        }
        guard let progress else {
            end(.malformed)
            return false
        }
        inbox.moveReaderIndex(forwardBy: progress.consumed)
        stage = .chunked(decoder)
        if progress.isFinished { finish() }
        return progress.isFinished
    }

    /// The answer is complete.
    private func finish() {
        stage = .idle
        report(answer)
        if !response.allowsReuse || !channel.isActive { end(.connectionLost) }
    }

    private func end(_ ending: Observed.Ending) {
        if case .ended = stage { return }
        stage = .ended
        report(.failed(ending))
        onEnd?()
        onEnd = nil
        channel.close(promise: nil)
    }

    private func report(_ outcome: Outcome) {
        patience?.cancel()
        patience = nil
        let conclude = conclude
        self.conclude = nil
        conclude?(outcome)
    }
}

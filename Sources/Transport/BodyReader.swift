import HTTPWire
import NIOCore

/// Follows the framing of one message body and hands out its bytes without it.
struct BodyReader {
    private enum Framing { case exactly, chunked, untilClose }
    private var framing = Framing.exactly
    private var remaining = 0
    private var decoder = ChunkedDecoder()
    private(set) var isComplete = true

    /// Trailer lines that may be forwarded; complete only with the body.
    var trailers: [UInt8] { framing == .chunked ? TrailerSection.forwardable(decoder.trailers) : [] }

    mutating func start(_ length: BodyLength) {
        isComplete = false
        switch length {
        case .none:
            framing = .exactly
            isComplete = true
        case .exactly(let count):
            framing = .exactly
            remaining = count
        case .chunked:
            framing = .chunked
            decoder = ChunkedDecoder()
        case .untilClose:
            framing = .untilClose
        }
    }

    /// What the body has left if its length is known.
    var knownRemainder: Int? { isComplete ? 0 : framing == .exactly ? remaining : nil }

    /// Whether the end of the connection is the end of this body.
    var endsWithConnection: Bool { !isComplete && framing == .untilClose }

    /// Takes what belongs to this body out of `buffer`.
    mutating func read(from buffer: inout ByteBuffer) throws(HeadFault) -> ByteBuffer {
        switch framing {
        case .exactly:
            let count = min(remaining, buffer.readableBytes)
            remaining -= count
            isComplete = remaining == 0
            return buffer.readSlice(length: count) ?? ByteBuffer()
        case .untilClose:
            let all = buffer
            buffer = ByteBuffer()
            return all
        case .chunked:
            return try readChunks(from: &buffer)
        }
    }

    private mutating func readChunks(from buffer: inout ByteBuffer) throws(HeadFault) -> ByteBuffer {
        var progress = ChunkedDecoder.Progress()
        var fault: HeadFault?
        buffer.withUnsafeMutableReadableBytes { raw in
            do throws(HeadFault) {
                progress = try decoder.decode(raw.bindMemory(to: UInt8.self))
            } catch { fault = error }
        }
        if let fault { throw fault }
        isComplete = progress.isFinished
        let data = buffer.getSlice(at: buffer.readerIndex + progress.dataStart, length: progress.dataLength)
        buffer.moveReaderIndex(forwardBy: progress.consumed)
        return data ?? ByteBuffer()
    }
}

import HTTPWire
import NIOCore

/// Writes body bytes in the chunked coding (RFC 9112 §7.1): one chunk for what came in one read.
enum ChunkedOutput {
    /// Up to here bytes are copied next to their framing; beyond, they go out as their own write.
    static let copyLimit = 16 * 1024

    static func write(_ body: ByteBuffer, to context: ChannelHandlerContext, _ buffers: BufferRing) {
        guard body.readableBytes > 0 else { return }
        if body.readableBytes <= copyLimit {
            let chunk = buffers.fill(capacity: body.readableBytes + 24) { append(body, to: &$0) }
            context.write(NIOAny(chunk), promise: nil)
        } else {
            context.write(NIOAny(buffers.fill(capacity: 24) { size(body.readableBytes, to: &$0) }), promise: nil)
            context.write(NIOAny(body), promise: nil)
            context.write(NIOAny(buffers.fill(capacity: 2) { $0.append("\r\n") }), promise: nil)
        }
    }

    /// The last chunk, the trailer lines and the blank line.
    static func writeEnd(_ trailers: [UInt8], to context: ChannelHandlerContext, _ buffers: BufferRing) {
        let last = buffers.fill(capacity: trailers.count + 5) { end(trailers, to: &$0) }
        context.write(NIOAny(last), promise: nil)
    }

    static func append(_ body: ByteBuffer, to writer: inout HeadWriter) {
        size(body.readableBytes, to: &writer)
        body.withUnsafeReadableBytes { writer.append($0.bindMemory(to: UInt8.self)) }
        writer.append("\r\n")
    }

    static func end(_ trailers: [UInt8], to writer: inout HeadWriter) {
        writer.append("0\r\n")
        trailers.withUnsafeBufferPointer { writer.append($0) }
        writer.append("\r\n")
    }

    private static func size(_ count: Int, to writer: inout HeadWriter) {
        writer.append(hexadecimal: count)
        writer.append("\r\n")
    }
}

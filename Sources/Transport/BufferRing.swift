import HTTPWire
import NIOCore

/// Output buffers that are written again once the socket has let go of them, so that a head normally allocates nothing.
final class BufferRing {
    private var buffers: [ByteBuffer]
    private var next = 0

    init() {
        let allocator = ByteBufferAllocator()
        buffers = (0..<16).map { _ in allocator.buffer(capacity: 8192) }
    }

    /// A buffer with what `write` wrote into it; `capacity` is the most it may write. If the buffer's last content is
    /// still on its way, NIO's copy on write gives it new memory.
    @inline(__always)
    func fill(capacity: Int, _ write: (inout HeadWriter) -> Void) -> ByteBuffer {
        let index = next
        next = (next &+ 1) & 15
        buffers[index].clear(minimumCapacity: capacity)
        buffers[index].writeWithUnsafeMutableBytes(minimumWritableBytes: capacity) { raw in
            var writer = HeadWriter(raw)
            write(&writer)
            return writer.count
        }
        return buffers[index]
    }
}

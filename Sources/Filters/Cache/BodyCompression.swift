import CZlib
import Dispatch
import GatewayCore
import NIOCore
import Policies

/// Pieces of stored bodies in zlib's format (RFC 1950): less memory in Redis, and fewer bytes to move.
///
/// Each piece is a stream of its own, so that none is larger than a command may be, and what it unfolds to is known and
/// bounded beforehand. It is only kept if it is shorter than what it stands for: so its length tells that it is compressed.
enum BodyCompression {
    /// Shorter bodies gain nothing worth the work.
    static let leastBytes = 1024

    /// Compresses away from the event loops; one piece at a time for the whole node.
    private static let queue = DispatchQueue(label: "sluice.cache.compression")

    /// Whether a body is worth it: long enough, text by its type, and not compressed yet.
    static func isWorth(_ response: CachedResponse) -> Bool {
        guard response.body.count >= leastBytes else { return false }
        var type = ""
        var isCoded = false
        StoredFields.forEachField(response.lines) { name, value in
            if name == "content-encoding" { isCoded = true }
            if name == "content-type" { type = value.lowercased() }
        }
        guard !isCoded else { return false }
        let name = type.prefix { $0 != ";" && $0 != " " }
        return name.hasPrefix("text/") || name.hasSuffix("+json") || name.hasSuffix("+xml")
            || ["application/json", "application/javascript", "application/xml", "application/x-ndjson"].contains(name)
    }

    /// - Parameter completion: called on `loop`; with nil if the piece does not get smaller.
    static func compress(_ piece: ByteBuffer, on loop: any EventLoop, completion: @escaping ([UInt8]?) -> Void) {
        let bound = NIOLoopBound(completion, eventLoop: loop)
        queue.async {
            let compressed = deflated(piece)
            loop.execute { bound.value(compressed) }
        }
    }

    static func deflated(_ piece: ByteBuffer) -> [UInt8]? {
        var size = compressBound(UInt(piece.readableBytes))
        var output = [UInt8](repeating: 0, count: Int(size))
        let status = piece.withUnsafeReadableBytes { bytes in
            compress2(&output, &size, bytes.bindMemory(to: UInt8.self).baseAddress, UInt(bytes.count), Z_BEST_SPEED)
        }
        guard status == Z_OK, Int(size) < piece.readableBytes else { return nil }
        output.removeLast(output.count - Int(size))
        return output
    }

    /// What a piece stands for; nil if that is not exactly `length` bytes.
    static func plain(_ piece: ByteBuffer, length: Int) -> ByteBuffer? {
        piece.readableBytes == length ? piece : inflated(piece, length: length)
    }

    private static func inflated(_ piece: ByteBuffer, length: Int) -> ByteBuffer? {
        var output = ByteBufferAllocator().buffer(capacity: max(length, 1))
        var status = Z_DATA_ERROR
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { memory in
            var size = UInt(length)
            status = piece.withUnsafeReadableBytes { bytes in
                uncompress(
                    memory.bindMemory(to: UInt8.self).baseAddress, &size, bytes.bindMemory(to: UInt8.self).baseAddress,
                    UInt(bytes.count))
            }
            return status == Z_OK ? Int(size) : 0
        }
        return status == Z_OK && output.readableBytes == length ? output : nil
    }
}

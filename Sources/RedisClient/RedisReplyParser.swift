import CHiredis
import NIOCore

/// hiredis's reader with a bound: bytes in, replies out.
final class RedisReplyParser {
    private let reader: UnsafeMutablePointer<redisReader>
    private let maximumReplyBytes: Int
    /// Bytes fed since the last whole reply: what a reply in the making may have cost so far.
    private var unfinishedBytes = 0

    init(maximumReplyBytes: Int) {
        // Null only without memory, where Swift's own allocations end the process too.
        self.reader = redisReaderCreate()!
        self.maximumReplyBytes = maximumReplyBytes
    }

    deinit {
        redisReaderFree(reader)
    }

    /// Takes in what arrived. Replies must be drawn with `next` before more is fed.
    func feed(_ bytes: ByteBuffer) throws(RedisError) {
        unfinishedBytes += bytes.readableBytes
        let status = bytes.withUnsafeReadableBytes { memory in
            redisReaderFeed(reader, memory.baseAddress?.assumingMemoryBound(to: CChar.self), memory.count)
        }
        guard status == REDIS_OK else { throw error }
    }

    /// Hands the next whole reply to `body`, and frees it afterwards; false if there is none yet.
    func next(_ body: (RedisReply) -> Void) throws(RedisError) -> Bool {
        var object: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader, &object) == REDIS_OK else { throw error }
        guard let object else {
            guard unfinishedBytes <= maximumReplyBytes else { throw .replyTooLarge(limit: maximumReplyBytes) }
            return false
        }
        defer { freeReplyObject(object) }
        unfinishedBytes = max(0, Int(reader.pointee.len) - Int(reader.pointee.pos))
        body(RedisReply(object.assumingMemoryBound(to: redisReply.self)))
        return true
    }

    private var error: RedisError {
        let text = withUnsafeBytes(of: reader.pointee.errstr) { $0.prefix { $0 != 0 } }
        return .protocolViolation(String(decoding: text, as: UTF8.self))
    }
}

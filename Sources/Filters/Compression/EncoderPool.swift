import Compression
import GatewayCore
import NIOCore

/// The encoders of one worker, used again: making one costs more than compressing a small body.
package final class EncoderPool {
    private var idle: [ContentCoding: [any Encoder]] = [:]
    private var active = 0
    /// An encoder takes up to about a megabyte; beyond so many, responses go as they are.
    private static let mostActive = 128
    private static let mostIdle = 8

    package init() {}

    /// Nil: there are enough at work.
    /// - Parameter flushes: nobody knows how long the body is, so what there is of it shall not wait for more.
    func take(_ coding: ContentCoding, flushes: Bool) -> (any BodyEncoding)? {
        guard active < Self.mostActive, let encoder = idle[coding]?.popLast() ?? Encoders.make(coding) else {
            return nil
        }
        active += 1
        return PooledEncoding(encoder, coding, self, flushes: flushes)
    }

    fileprivate func giveBack(_ encoder: (any Encoder)?, _ coding: ContentCoding) {
        active -= 1
        guard let encoder, idle[coding, default: []].count < Self.mostIdle else { return }
        encoder.reset()
        idle[coding, default: []].append(encoder)
    }
}

/// One body's use of an encoder, which it gives back at the end, however that comes.
private final class PooledEncoding: BodyEncoding {
    private var encoder: (any Encoder)?
    private let coding: ContentCoding
    private let pool: EncoderPool
    private let flushes: Bool

    init(_ encoder: any Encoder, _ coding: ContentCoding, _ pool: EncoderPool, flushes: Bool) {
        self.encoder = encoder
        self.coding = coding
        self.pool = pool
        self.flushes = flushes
    }

    /// A body that was not finished leaves its encoder in no state to be used again.
    deinit { if encoder != nil { pool.giveBack(nil, coding) } }

    func encode(_ bytes: ByteBuffer, isEnd: Bool) -> ByteBuffer {
        guard let encoder else { return ByteBuffer() }
        var output: [UInt8] = []
        output.reserveCapacity(bytes.readableBytes / 2 + 64)
        bytes.withUnsafeReadableBytes {
            encoder.encode($0.bindMemory(to: UInt8.self), isEnd ? .end : flushes ? .flush : .go, into: &output)
        }
        if isEnd {
            self.encoder = nil
            pool.giveBack(encoder, coding)
        }
        return ByteBuffer(bytes: output)
    }
}

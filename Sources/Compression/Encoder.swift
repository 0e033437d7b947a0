import CBrotli
import CZlib
import CZstd

/// Compresses one body as it comes. Bytes stay inside until there is a block of them, a flush, or the end.
package protocol Encoder: AnyObject {
    /// Appends what the coding gives out by now.
    func encode(_ bytes: UnsafeBufferPointer<UInt8>, _ operation: EncodingOperation, into output: inout [UInt8])

    /// Ready for another body.
    func reset()
}

/// What becomes of bytes given to an encoder.
package enum EncodingOperation: Sendable {
    case go
    /// The receiver shall have all of them now.
    case flush
    case end
}

package enum Encoders {
    /// Levels that cost about as much as sending the bytes saved: those of nginx and its kin. Nil: no memory.
    package static func make(_ coding: ContentCoding) -> (any Encoder)? {
        switch coding {
        case .gzip: DeflateEncoder(windowBits: 15 + 16)
        case .deflate: DeflateEncoder(windowBits: 15)
        case .brotli: BrotliEncoder()
        case .zstd: ZstdEncoder()
        }
    }
}

private let roomBytes = 16 << 10

private final class DeflateEncoder: Encoder {
    private var stream = z_stream()
    private let room = UnsafeMutablePointer<UInt8>.allocate(capacity: roomBytes)

    init?(windowBits: Int32) {
        guard
            deflateInit2_(
                &stream, 4, Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY, zlibVersion(),
                Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { return nil }
    }

    deinit {
        deflateEnd(&stream)
        room.deallocate()
    }

    func encode(_ bytes: UnsafeBufferPointer<UInt8>, _ operation: EncodingOperation, into output: inout [UInt8]) {
        stream.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress)
        stream.avail_in = UInt32(bytes.count)
        let flush = operation == .end ? Z_FINISH : operation == .flush ? Z_SYNC_FLUSH : Z_NO_FLUSH
        repeat {
            stream.next_out = room
            stream.avail_out = UInt32(roomBytes)
            guard deflate(&stream, flush) != Z_STREAM_ERROR else { return }
            output.append(contentsOf: UnsafeBufferPointer(start: room, count: roomBytes - Int(stream.avail_out)))
        } while stream.avail_out == 0
    }

    func reset() { deflateReset(&stream) }
}

private final class BrotliEncoder: Encoder {
    private var state: OpaquePointer?

    init?() {
        reset()
        if state == nil { return nil }
    }

    deinit { if let state { BrotliEncoderDestroyInstance(state) } }

    func encode(_ bytes: UnsafeBufferPointer<UInt8>, _ operation: EncodingOperation, into output: inout [UInt8]) {
        guard let state else { return }
        var input = bytes.baseAddress
        var left = bytes.count
        let wanted =
            switch operation {
            case .go: BROTLI_OPERATION_PROCESS
            case .flush: BROTLI_OPERATION_FLUSH
            case .end: BROTLI_OPERATION_FINISH
            }
        repeat {
            var none = 0
            guard BrotliEncoderCompressStream(state, wanted, &left, &input, &none, nil, nil) == BROTLI_TRUE else {
                return
            }
            var count = 0
            while let taken = BrotliEncoderTakeOutput(state, &count), count > 0 {
                output.append(contentsOf: UnsafeBufferPointer(start: taken, count: count))
                count = 0
            }
        } while left > 0 || BrotliEncoderHasMoreOutput(state) == BROTLI_TRUE
    }

    /// It can't be used again, only made anew.
    func reset() {
        if let state { BrotliEncoderDestroyInstance(state) }
        state = BrotliEncoderCreateInstance(nil, nil, nil)
        guard let state else { return }
        BrotliEncoderSetParameter(state, BROTLI_PARAM_QUALITY, 4)
        BrotliEncoderSetParameter(state, BROTLI_PARAM_LGWIN, 18)
    }
}

private final class ZstdEncoder: Encoder {
    private let context: OpaquePointer
    private let room = UnsafeMutablePointer<UInt8>.allocate(capacity: roomBytes)

    init?() {
        guard let context = ZSTD_createCCtx() else { return nil }
        self.context = context
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, 3)
        ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, 19)
    }

    deinit {
        ZSTD_freeCCtx(context)
        room.deallocate()
    }

    func encode(_ bytes: UnsafeBufferPointer<UInt8>, _ operation: EncodingOperation, into output: inout [UInt8]) {
        var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
        let wanted = operation == .end ? ZSTD_e_end : operation == .flush ? ZSTD_e_flush : ZSTD_e_continue
        while true {
            var written = ZSTD_outBuffer(dst: room, size: roomBytes, pos: 0)
            let left = ZSTD_compressStream2(context, &written, &input, wanted)
            guard ZSTD_isError(left) == 0 else { return }
            output.append(contentsOf: UnsafeBufferPointer(start: room, count: written.pos))
            if operation == .go ? input.pos == input.size && written.pos < roomBytes : left == 0 { return }
        }
    }

    func reset() { ZSTD_CCtx_reset(context, ZSTD_reset_session_only) }
}

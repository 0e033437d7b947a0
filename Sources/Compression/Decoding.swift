import CBrotli
import CZlib
import CZstd

/// Undoes content codings of whole bodies, within a bound that is checked while they unfold.
package enum Decoding {
    /// - Parameter limit: bytes of the result.
    package static func decode(
        _ bytes: UnsafeBufferPointer<UInt8>, _ coding: ContentCoding, atMost limit: Int
    ) throws(DecodingFailure) -> [UInt8] {
        switch coding {
        case .gzip: return try inflate(bytes, windowBits: 15 + 16, limit)
        case .deflate: return try deflated(bytes, limit)
        case .brotli: return try brotli(bytes, limit)
        case .zstd: return try zstd(bytes, limit)
        }
    }

    /// RFC 9110 §8.4.1.2: zlib's format; some send the bare one.
    private static func deflated(
        _ bytes: UnsafeBufferPointer<UInt8>, _ limit: Int
    ) throws(DecodingFailure) -> [UInt8] {
        do throws(DecodingFailure) {
            return try inflate(bytes, windowBits: 15, limit)
        } catch {
            guard error == .malformed else { throw error }
            return try inflate(bytes, windowBits: -15, limit)
        }
    }

    private static let pieceBytes = 64 << 10

    /// Several members one after the other are one body (RFC 1952 §2.2).
    private static func inflate(
        _ bytes: UnsafeBufferPointer<UInt8>, windowBits: Int32, _ limit: Int
    ) throws(DecodingFailure) -> [UInt8] {
        var stream = z_stream()
        guard
            inflateInit2_(&stream, windowBits, zlibVersion(), Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { throw .malformed }
        defer { inflateEnd(&stream) }
        stream.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress)
        stream.avail_in = UInt32(bytes.count)
        var output: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: pieceBytes)
        while true {
            let status = piece.withUnsafeMutableBufferPointer { room in
                stream.next_out = room.baseAddress
                stream.avail_out = UInt32(room.count)
                return CZlib.inflate(&stream, Z_NO_FLUSH)
            }
            let count = pieceBytes - Int(stream.avail_out)
            guard output.count + count <= limit else { throw .tooLong }
            output.append(contentsOf: piece[..<count])
            switch status {
            case Z_STREAM_END where stream.avail_in > 0 && windowBits > 15:
                guard inflateReset(&stream) == Z_OK else { throw .malformed }
            case Z_STREAM_END where stream.avail_in == 0: return output
            case Z_OK where count > 0 || stream.avail_in > 0: break
            default: throw .malformed
            }
        }
    }

    private static func brotli(
        _ bytes: UnsafeBufferPointer<UInt8>, _ limit: Int
    ) throws(DecodingFailure) -> [UInt8] {
        guard let state = BrotliDecoderCreateInstance(nil, nil, nil) else { throw .malformed }
        defer { BrotliDecoderDestroyInstance(state) }
        var output: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: pieceBytes)
        var input = bytes.baseAddress
        var left = bytes.count
        while true {
            var room = pieceBytes
            let status = piece.withUnsafeMutableBufferPointer { memory in
                var target = memory.baseAddress
                return BrotliDecoderDecompressStream(state, &left, &input, &room, &target, nil)
            }
            guard output.count + pieceBytes - room <= limit else { throw .tooLong }
            output.append(contentsOf: piece[..<(pieceBytes - room)])
            switch status {
            case BROTLI_DECODER_RESULT_SUCCESS where left == 0: return output
            case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT: break
            default: throw .malformed
            }
        }
    }

    /// RFC 8878 §3.1.1.1.2 lets a frame ask for any window; more than 8 MiB is refused, as §2 of RFC 9659 has it.
    private static func zstd(
        _ bytes: UnsafeBufferPointer<UInt8>, _ limit: Int
    ) throws(DecodingFailure) -> [UInt8] {
        guard let context = ZSTD_createDCtx() else { throw .malformed }
        defer { ZSTD_freeDCtx(context) }
        ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 23)
        var output: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: pieceBytes)
        var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
        while true {
            var written = 0
            let status = piece.withUnsafeMutableBytes { memory in
                var room = ZSTD_outBuffer(dst: memory.baseAddress, size: memory.count, pos: 0)
                let status = ZSTD_decompressStream(context, &room, &input)
                written = room.pos
                return status
            }
            guard ZSTD_isError(status) == 0 else { throw .malformed }
            guard output.count + written <= limit else { throw .tooLong }
            output.append(contentsOf: piece[..<written])
            if input.pos == input.size, written < pieceBytes {
                guard status == 0, input.size > 0 else { throw .malformed }
                return output
            }
        }
    }
}

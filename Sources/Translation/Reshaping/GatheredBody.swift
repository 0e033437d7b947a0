import NIOCore

/// A body while it is gathered. One that comes in one piece stays that piece; else it has memory of its own, of exactly its length if
/// that is known: a `ByteBuffer` takes the next power of two, which for a body a little over 1 MiB is twice as much.
struct GatheredBody {
    private var whole = ByteBuffer()
    private var bytes: [UInt8] = []
    private let expected: Int

    /// - Parameter expected: its length; 0: not known.
    init(expecting expected: Int = 0) { self.expected = expected }

    var count: Int { whole.readableBytes + bytes.count }

    /// - Parameter isEnd: nothing follows this piece.
    mutating func append(_ piece: ByteBuffer, isEnd: Bool) {
        if count == 0 {
            if isEnd || piece.readableBytes == expected {
                whole = piece
                return
            }
            bytes.reserveCapacity(max(expected, piece.readableBytes))
        }
        piece.withUnsafeReadableBytes { bytes.append(contentsOf: $0) }
    }

    /// As it came.
    var buffer: ByteBuffer { bytes.isEmpty ? whole : ByteBuffer(bytes: bytes) }

    func withBytes<Result, Failure: Error>(
        _ body: (UnsafeBufferPointer<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guard bytes.isEmpty else { return try bytes.withUnsafeBufferPointer(body) }
        return try whole.withUnsafeReadableBytes { raw throws(Failure) in try body(raw.bindMemory(to: UInt8.self)) }
    }
}

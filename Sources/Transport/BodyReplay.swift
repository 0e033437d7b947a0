import NIOCore

/// A request body as far as it has come, kept to be sent again. It holds on to buffers that exist anyway, up to a bound;
/// past it nothing is kept.
struct BodyReplay {
    private(set) var pieces: [(bytes: ByteBuffer, isEnd: Bool)] = []
    /// Nothing is missing of what has come.
    private(set) var isWhole = false
    private var room = 0
    /// Bytes in `pieces`.
    private(set) var heldBytes = 0

    mutating func begin(limit: Int) {
        isWhole = true
        room = limit
    }

    mutating func keep(_ bytes: ByteBuffer, isEnd: Bool, hasTrailers: Bool) {
        guard isWhole else { return }
        room -= bytes.readableBytes
        if room < 0 || hasTrailers { return end() }
        pieces.append((bytes, isEnd))
        heldBytes += bytes.readableBytes
    }

    mutating func end() {
        if !pieces.isEmpty { pieces.removeAll() }
        isWhole = false
        heldBytes = 0
    }
}

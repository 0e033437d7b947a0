/// Finds the DATA frames in what a client sends. nghttp2 ignores those for streams that are over without a word, so they
/// have to be seen before it gets them.
package struct BodyFrameFinder: Sendable {
    /// Bytes until the next frame's head; at first the connection preface (RFC 9113 §3.4).
    private var skip = 24
    /// The head of a frame that has come in part: its first bytes, and how many of them.
    private var partial: [UInt8] = []

    private static let headLength = 9

    package init() {}

    /// Goes on from `position` to the next DATA frame, and past its head.
    /// - Returns: its stream, and where the frame begins: 0 if that was in the bytes before. Nil at the end of the bytes.
    package mutating func next(
        in bytes: UnsafeRawBufferPointer, from position: inout Int
    ) -> (stream: Int32, start: Int)? {
        while true {
            let skipped = min(skip, bytes.count - position)
            skip -= skipped
            position += skipped
            guard position < bytes.count else { return nil }
            let start = partial.isEmpty ? position : 0
            let missing = min(Self.headLength - partial.count, bytes.count - position)
            partial.append(contentsOf: bytes[position..<position + missing])
            position += missing
            guard partial.count == Self.headLength else { return nil }
            skip = Int(partial[0]) << 16 | Int(partial[1]) << 8 | Int(partial[2])
            let type = partial[3]
            let stream = partial[5..<9].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
            partial.removeAll(keepingCapacity: true)
            if type == 0 { return (Int32(stream), start) }
        }
    }
}

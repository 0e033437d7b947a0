/// One length-prefixed message of a gRPC body, or the trailers of a gRPC-Web body.
package struct GRPCFrame: Hashable, Sendable {
    package static let prefixBytes = 5

    package let flags: UInt8
    package let content: [UInt8]

    package init(flags: UInt8 = 0, content: [UInt8]) {
        self.flags = flags
        self.content = content
    }

    package var isCompressed: Bool { flags & 0x01 != 0 }
    /// gRPC-Web only: the content is a block of header fields.
    package var isTrailers: Bool { flags & 0x80 != 0 }

    /// The frame as it stands in the body.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.prefixBytes + content.count)
        bytes.append(flags)
        let count = UInt32(truncatingIfNeeded: content.count)
        for shift in [24, 16, 8, 0] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: count >> shift)) }
        return bytes + content
    }
}

/// Takes a gRPC or gRPC-Web body apart as it arrives, in pieces of any size. Holds one frame at most; a frame longer
/// than the bound is refused at its prefix, before a byte of it is kept.
package struct GRPCFrameDecoder: Sendable {
    package enum Failure: Error, Hashable, Sendable {
        /// A frame of this many bytes was announced.
        case tooLong(Int)
        /// Flags that neither gRPC nor gRPC-Web define.
        case unknownFlags(UInt8)
    }

    private let maximumBytes: Int
    private var prefix: [UInt8] = []
    private var content: [UInt8] = []
    private var missing = 0

    package init(maximumBytes: Int) {
        self.maximumBytes = maximumBytes
    }

    /// Whether the body may end here; elsewhere it was cut.
    package var isBetweenFrames: Bool { prefix.isEmpty }

    /// Takes bytes off the front of `input` until one frame is whole, and returns it; nil where all was taken and
    /// more is needed.
    package mutating func next(_ input: inout ArraySlice<UInt8>) throws(Failure) -> GRPCFrame? {
        while prefix.count < GRPCFrame.prefixBytes {
            guard let byte = input.popFirst() else { return nil }
            prefix.append(byte)
            if prefix.count == GRPCFrame.prefixBytes { try begin() }
        }
        let part = input.prefix(missing)
        content += part
        missing -= part.count
        input = input.dropFirst(part.count)
        guard missing == 0 else { return nil }
        defer {
            prefix.removeAll(keepingCapacity: true)
            content = []
        }
        return GRPCFrame(flags: prefix[0], content: content)
    }

    private mutating func begin() throws(Failure) {
        guard prefix[0] & ~0x81 == 0 else { throw .unknownFlags(prefix[0]) }
        let count = prefix.dropFirst().reduce(0) { $0 << 8 | Int($1) }
        guard count <= maximumBytes else { throw .tooLong(count) }
        missing = count
        // Memory follows what arrived, not what was announced.
        content.reserveCapacity(min(count, 64 * 1024))
    }
}

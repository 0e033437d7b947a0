#if canImport(Glibc)
    import Glibc
#endif

/// Takes the chunked coding off a body (RFC 9112 §7.1), strictly: hexadecimal sizes of at most 15 digits, CRLF and
/// nothing else as line ends, no control bytes in extensions. Extensions are dropped, as the RFC has a recipient do.
///
/// Bodies are framed anew on the other side, so no peer ever sees a chunk header that another peer wrote.
package struct ChunkedDecoder {
    private enum State {
        case sizeStart, size, extensions, sizeLineFeed
        case data, dataReturn, dataLineFeed
        case trailerStart, trailerLine, trailerLineFeed, finalLineFeed, finished
    }

    /// What one call took from its input.
    package struct Progress: Equatable {
        /// Bytes of the input that belong to this body.
        package var consumed = 0
        /// The decoded bytes lie together at this offset of the input, which has been rearranged for that.
        package var dataStart = 0
        package var dataLength = 0
        package var isFinished = false

        package init() {}
    }

    /// Trailer sections beyond this many bytes are refused.
    static let maximumTrailerLength = 8192
    /// Chunk extensions beyond this many bytes are refused: nobody uses them but to hide things.
    static let maximumExtensionLength = 256

    private var state = State.sizeStart
    private var remaining = 0
    private var digits = 0
    private var extensionLength = 0
    private var trailerBytes: [UInt8] = []

    package init() {}

    /// Field lines after the last chunk, CRLF included, checked but not interpreted; empty if there were none.
    package var trailers: [UInt8] { trailerBytes }

    /// Decodes within `input`: data of several chunks is moved together, data of a single chunk stays where it is.
    package mutating func decode(_ input: UnsafeMutableBufferPointer<UInt8>) throws(HeadFault) -> Progress {
        var progress = Progress()
        guard let bytes = input.baseAddress else { return progress }
        var index = 0
        while index < input.count, state != .finished {
            if state == .data {
                let length = min(remaining, input.count &- index)
                if progress.dataLength == 0 {
                    progress.dataStart = index
                } else {
                    memmove(bytes + progress.dataStart + progress.dataLength, bytes + index, length)
                }
                progress.dataLength &+= length
                remaining &-= length
                index &+= length
                if remaining == 0 { state = .dataReturn }
            } else {
                try step(bytes[index])
                index &+= 1
            }
        }
        progress.consumed = index
        progress.isFinished = state == .finished
        return progress
    }

    private mutating func step(_ byte: UInt8) throws(HeadFault) {
        switch state {
        case .sizeStart, .size: try stepSize(byte)
        case .extensions: try stepExtension(byte)
        case .sizeLineFeed:
            guard byte == 0x0A else { throw .chunkFraming }
            digits = 0
            extensionLength = 0
            state = remaining == 0 ? .trailerStart : .data
        case .dataReturn: try expect(byte, 0x0D, then: .dataLineFeed)
        case .dataLineFeed: try expect(byte, 0x0A, then: .sizeStart)
        case .trailerStart, .trailerLine: try stepTrailer(byte)
        case .trailerLineFeed:
            guard byte == 0x0A else { throw .trailerField }
            trailerBytes.append(byte)
            state = .trailerStart
        case .finalLineFeed:
            guard byte == 0x0A else { throw .chunkFraming }
            try TrailerSection.check(trailerBytes)
            state = .finished
        case .data, .finished: break
        }
    }

    private mutating func expect(_ byte: UInt8, _ expected: UInt8, then next: State) throws(HeadFault) {
        guard byte == expected else { throw .chunkFraming }
        state = next
    }

    private mutating func stepSize(_ byte: UInt8) throws(HeadFault) {
        if let digit = CharacterClass.hexDigit(byte) {
            guard digits < 15 else { throw .chunkSize }
            digits &+= 1
            remaining = remaining << 4 | Int(digit)
            state = .size
        } else if state == .size, byte == 0x0D {
            state = .sizeLineFeed
        } else if state == .size, byte == 0x3B {
            state = .extensions
        } else {
            throw .chunkSize
        }
    }

    private mutating func stepExtension(_ byte: UInt8) throws(HeadFault) {
        if byte == 0x0D {
            state = .sizeLineFeed
            return
        }
        extensionLength &+= 1
        guard (byte >= 0x20 || byte == 0x09) && byte != 0x7F, extensionLength <= Self.maximumExtensionLength else {
            throw .chunkSize
        }
    }

    private mutating func stepTrailer(_ byte: UInt8) throws(HeadFault) {
        if state == .trailerStart, byte == 0x0D {
            state = .finalLineFeed
            return
        }
        guard byte != 0x0A, trailerBytes.count < Self.maximumTrailerLength else { throw .trailerField }
        trailerBytes.append(byte)
        state = byte == 0x0D ? .trailerLineFeed : .trailerLine
    }
}

/// Trailer fields (RFC 9110 §6.5): checked like a head's, and rid of those that must not come so late.
package enum TrailerSection {
    static func check(_ lines: [UInt8]) throws(HeadFault) {
        if lines.isEmpty { return }
        let section = FieldSection(capacity: 16)
        let fault = lines.withUnsafeBufferPointer { bytes -> HeadFault? in
            var offset = 0
            while offset < bytes.count {
                guard case .field = section.parseLine(bytes.baseAddress!, bytes.count, &offset) else {
                    return .trailerField
                }
            }
            return nil
        }
        if let fault { throw fault }
    }

    /// The lines that may be forwarded: framing, routing, authentication and connection fields are left out
    /// (RFC 9110 §6.5.1), since a recipient that merged them would believe them.
    package static func forwardable(_ lines: [UInt8]) -> [UInt8] {
        if lines.isEmpty { return lines }
        let section = FieldSection(capacity: 16)
        var kept: [UInt8] = []
        lines.withUnsafeBufferPointer { bytes in
            var offset = 0
            var start = 0
            while offset < bytes.count,
                case .field(let kind) = section.parseLine(bytes.baseAddress!, bytes.count, &offset)
            {
                if kind == .other { kept.append(contentsOf: bytes[start..<offset]) }
                start = offset
            }
        }
        return kept
    }
}

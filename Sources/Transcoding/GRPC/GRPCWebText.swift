/// The base64 of `application/grpc-web-text`, encoded as bytes come: up to two bytes wait for the third. A flush pads
/// what waits, so that a client can read each message when it is sent; decoders accept padding between pieces.
package struct GRPCWebTextEncoder: Sendable {
    private var waiting: [UInt8] = []

    package init() {}

    package mutating func encode(_ bytes: some Collection<UInt8>) -> [UInt8] {
        let whole = waiting + bytes
        let border = whole.count - whole.count % 3
        waiting = Array(whole[border...])
        var text: [UInt8] = []
        text.reserveCapacity(border / 3 * 4)
        Base64.append(whole[..<border], to: &text)
        return text
    }

    /// What waits, padded: at the end of each message and of the body.
    package mutating func flush() -> [UInt8] {
        var text: [UInt8] = []
        Base64.append(waiting, to: &text)
        waiting = []
        return text
    }
}

/// The way back: groups of four characters in pieces of any size, padded ends within the text included.
package struct GRPCWebTextDecoder: Sendable {
    private var waiting: [UInt8] = []

    package init() {}

    /// Whether the text may end here.
    package var isComplete: Bool { waiting.isEmpty }

    /// Nil where the text is no base64.
    package mutating func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3 + 3)
        for character in text {
            waiting.append(character)
            guard waiting.count == 4 else { continue }
            guard let group = Base64.decode(waiting) else { return nil }
            bytes += group
            waiting.removeAll(keepingCapacity: true)
        }
        return bytes
    }
}

import HTTPWire
import NIOCore

/// Compresses responses on their way to a client, whoever made them. Set for an exchange by a filter of its route; asked by
/// the client's connection when there is a response, after all that shapes its head.
package protocol ResponseCompressor: AnyObject {
    /// Decides by the head, and changes it to what the encoded body needs; nil: it goes as it is.
    /// - Parameter isComplete: what is known now is all of the body.
    func begin(_ head: ResponseHead, bodyBytes: Int?, for exchange: Exchange) -> (any BodyEncoding)?

    /// The same for a response that is kept, whose other lines are then valid until the next call.
    func begin(_ head: StoredHead, bodyBytes: Int?, for exchange: Exchange) -> (
        lines: Bytes, encoding: any BodyEncoding
    )?
}

/// The coding of one body.
package protocol BodyEncoding: AnyObject {
    /// What the bytes become; some of it may come only with later ones, or with the end.
    func encode(_ bytes: ByteBuffer, isEnd: Bool) -> ByteBuffer
}

extension Exchange {
    /// What the client's connection makes of a response's beginning: its body, and the length it is to be framed by.
    package func encoded(
        _ head: ResponseHead, _ body: ByteBuffer?, isComplete: Bool
    ) -> (body: ByteBuffer?, length: BodyLength) {
        if let tap, let body { tap.sent(body) }
        guard let compressor, head.body != .none || body != nil || request.isHEAD else { return (body, head.body) }
        // The answer to HEAD says nothing of how long the body would be.
        var known: Int? = isComplete && !request.isHEAD ? body?.readableBytes ?? 0 : nil
        if case .exactly(let length) = head.body { known = length }
        guard let encoding = compressor.begin(head, bodyBytes: known, for: self) else { return (body, head.body) }
        guard isComplete else {
            self.encoding = encoding
            return (body.map { encoding.encode($0, isEnd: false) }, .chunked)
        }
        let whole = encoding.encode(body ?? ByteBuffer(), isEnd: true)
        responseLines.append("Content-Length: ")
        responseLines.append(decimal: whole.readableBytes)
        responseLines.append("\r\n")
        return (whole, whole.readableBytes == 0 ? .none : .exactly(whole.readableBytes))
    }

    /// The same for a response that is kept, or is about to be.
    package func encoded(_ head: StoredHead, _ body: StoredBody?, isComplete: Bool) -> (StoredHead, StoredBody?) {
        if let tap, let body { tap.sent(body) }
        guard let compressor, body?.count ?? 0 <= Self.mostBytesAtOnce else { return (head, body) }
        var known: Int? = isComplete && !request.isHEAD ? body?.count ?? 0 : nil
        if case .exactly(let length) = head.length { known = length }
        guard let (lines, encoding) = compressor.begin(head, bodyBytes: known, for: self) else { return (head, body) }
        let start = body?.buffer ?? ByteBuffer()
        if isComplete {
            let whole = encoding.encode(start, isEnd: true)
            return (
                StoredHead(status: head.status, lines: lines, length: .exactly(whole.readableBytes)), .memory(whole)
            )
        }
        self.encoding = encoding
        let first = encoding.encode(start, isEnd: false)
        return (StoredHead(status: head.status, lines: lines, length: .chunked), .memory(first))
    }

    /// Longer bodies would hold up all others of the loop while they are compressed in one piece.
    private static let mostBytesAtOnce = 2 << 20

    package func encoded(_ body: ByteBuffer) -> ByteBuffer {
        if let tap { tap.sent(body) }
        return encoding?.encode(body, isEnd: false) ?? body
    }

    /// The last bytes of an encoded body; nil if there is none.
    package func encodedEnd() -> ByteBuffer? {
        guard let encoding else { return nil }
        self.encoding = nil
        return encoding.encode(ByteBuffer(), isEnd: true)
    }
}

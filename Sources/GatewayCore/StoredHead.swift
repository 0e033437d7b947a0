import HTTPWire
import NIOCore

/// The head of a response that is kept in memory: what a cache answers with, without an upstream's `ResponseHead`.
package struct StoredHead {
    package let status: Int
    /// Complete field lines without framing ones; valid only during the call that they are given to.
    package let lines: Bytes
    /// `.exactly` also of a body that is not sent, as to HEAD; `.none` for statuses that have none.
    package let length: BodyLength

    package init(status: Int, lines: Bytes, length: BodyLength) {
        self.status = status
        self.lines = lines
        self.length = length
    }

    /// Room that `write(to:…)` needs, with `extra` bytes of lines.
    package func capacity(extra: Int) -> Int { lines.count + extra + 256 }

    /// Writes the head for an HTTP/1.1 client, up to and including the blank line.
    /// - Parameter added: complete field lines of this exchange.
    package func write(
        to writer: inout HeadWriter, added: Bytes, isChunked: Bool, persistence: ResponseHead.Persistence
    ) {
        writer.append("HTTP/1.1 ")
        writer.append(decimal: status)
        writer.append(" ")
        var reason = StatusReason.of(status)
        reason.withUTF8 { writer.append($0) }
        writer.append("\r\n")
        writer.append(lines)
        switch length {
        case .exactly(let count):
            writer.append("Content-Length: ")
            writer.append(decimal: count)
            writer.append("\r\n")
        // RFC 9110 §8.6: neither 204 nor 304 has a length here.
        case .none where status != 204 && status != 304: writer.append("Content-Length: 0\r\n")
        case .none, .chunked, .untilClose: break
        }
        if isChunked { writer.append("Transfer-Encoding: chunked\r\n") }
        switch persistence {
        case .unsaid: break
        case .close: writer.append("Connection: close\r\n")
        case .keepAlive: writer.append("Connection: keep-alive\r\n")
        }
        writer.append(added)
        writer.append("\r\n")
    }
}

/// Who wants to know of an upstream's response before the client gets it.
package protocol ResponseObserver: AnyObject {
    /// The final response's head; must not keep it.
    func responseStarted(_ head: ResponseHead, for exchange: Exchange)

    /// Bytes of its body, in their order. Not called for answers that the gateway composes or translates.
    func responseContinued(_ bytes: ByteBuffer)

    /// The body is whole; nor is this called then.
    func responseEnded()
}

extension ResponseObserver {
    package func responseContinued(_ bytes: ByteBuffer) {}
    package func responseEnded() {}
}

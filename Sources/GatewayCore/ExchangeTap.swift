import HTTPWire
import NIOCore

/// Sees what passes between a client and the gateway in one exchange, and holds nothing back. Few exchanges have one.
///
/// Bodies come without their framing, and responses as they are before the gateway compresses them.
package protocol ExchangeTap: AnyObject {
    /// A part of the request's body, before anybody judges it.
    func received(_ body: ByteBuffer)

    /// The head of the response that the client gets.
    func responded(status: Int, fields: [TappedField], for exchange: Exchange)

    /// A part of the response's body.
    func sent(_ body: ByteBuffer)
    func sent(_ body: StoredBody)

    /// Fields behind the body: complete lines, mostly none.
    func sent(trailers: [UInt8])
}

/// A field of a head that was tapped.
package struct TappedField: Hashable, Sendable {
    package let name: String
    package let value: String

    package init(_ name: Bytes, _ value: Bytes) { (self.name, self.value) = (name.text, value.text) }

    /// Of complete field lines.
    package static func of(lines: Bytes) -> [TappedField] {
        var fields: [TappedField] = []
        FieldLines.forEach(in: lines) { line, name in
            fields.append(TappedField(name, FieldLines.value(of: line, name: name)))
        }
        return fields
    }
}

extension Exchange {
    /// The head of a service's response is about to be written. Each is called by the transport, once for each response.
    package func beginResponse(_ head: ResponseHead) {
        beginResponse()
        guard let tap else { return }
        let kept = (0..<head.fields.count).filter { !head.fields.slots[$0].isDropped }
        let fields = kept.map { TappedField(head.fields.name($0), head.fields.value($0)) }
        tap.responded(status: head.status, fields: fields + TappedField.of(lines: responseLines.bytes), for: self)
    }

    /// The same of a response that is kept.
    package func beginResponse(_ head: StoredHead) {
        beginResponse()
        guard let tap else { return }
        let fields = TappedField.of(lines: head.lines) + TappedField.of(lines: responseLines.bytes)
        tap.responded(status: head.status, fields: fields, for: self)
    }

    /// The same of a reply of the gateway's own, which is all there is.
    package func beginResponse(_ reply: Reply) {
        beginResponse()
        guard let tap else { return }
        let fields = reply.lines.withUnsafeBufferPointer { TappedField.of(lines: $0) }
        tap.responded(status: reply.status, fields: fields + TappedField.of(lines: responseLines.bytes), for: self)
        guard !request.isHEAD, !Reply.isGRPC(request.fields) else { return }
        tap.sent(reply.bodyBytes(requestID: requestID.bytes))
    }
}

extension Reply {
    fileprivate func bodyBytes(requestID: Bytes) -> ByteBuffer {
        switch body {
        case .none: ByteBuffer()
        case .content(let content): ByteBuffer(bytes: content)
        case .problem(let prefix): ByteBuffer(bytes: prefix + requestID + Array("\"}".utf8))
        }
    }
}

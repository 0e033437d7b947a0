import GatewayCore
import HTTPWire

/// Heads in another form: what both sides may keep of each other's field lines.
enum TranslatedHead {
    /// A gRPC call with the client's fields, but for those about its own body.
    /// - Parameter length: nil: in chunks.
    static func request(_ request: RequestHead, path: Bytes, length: Int?) -> [UInt8] {
        var head = Array("POST ".utf8)
        head += path
        head += " HTTP/1.1\r\n".utf8
        request.appendFields(to: &head) { isKept(request.fields, $0) }
        head += "Content-Type: application/grpc\r\nTE: trailers\r\ngrpc-accept-encoding: identity\r\n".utf8
        if let length {
            head += "Content-Length: \(length)\r\n\r\n".utf8
        } else {
            head += "Transfer-Encoding: chunked\r\n\r\n".utf8
        }
        return head
    }

    private static func isKept(_ fields: FieldSection, _ index: Int) -> Bool {
        let kind = fields.slots[index].kind
        return !kind.isAboutFraming && kind != .expect
            && !ownRequestFields.contains { fields.name(index).equalsIgnoringCase($0) }
    }

    private static let ownRequestFields: [StaticString] = [
        "content-type", "content-encoding", "accept", "accept-encoding", "grpc-accept-encoding", "grpc-encoding",
        "x-grpc-web", "range", "if-match", "if-none-match", "if-range", "if-modified-since", "if-unmodified-since",
    ]

    /// A response with the service's fields (its initial metadata), but for those about its own body.
    /// - Parameter length: nil: in chunks.
    static func response(_ head: ResponseHead, contentType: String, length: Int?, keepsStatus: Bool) -> [UInt8] {
        var text = Array("HTTP/1.1 200 OK\r\n".utf8)
        for (line, name) in lines(of: head) where isKept(name, keepsStatus) { text += line }
        text += "Content-Type: \(contentType)\r\n".utf8
        if let length {
            text += "Content-Length: \(length)\r\n\r\n".utf8
        } else {
            text += "Transfer-Encoding: chunked\r\n\r\n".utf8
        }
        return text
    }

    private static func isKept(_ name: Bytes, _ keepsStatus: Bool) -> Bool {
        if name.count >= 5, name.slice(0, 5).equalsIgnoringCase("grpc-") { return keepsStatus }
        return !ownResponseFields.contains { name.equalsIgnoringCase($0) }
    }

    private static let ownResponseFields: [StaticString] = [
        "content-type", "content-length", "content-encoding", "trailer",
    ]

    private static func lines(of head: ResponseHead) -> [(line: Bytes, name: Bytes)] {
        let fields = head.fields
        return (0..<fields.count).compactMap { index in
            let slot = fields.slots[index]
            guard !slot.isDropped, !slot.kind.isRewrittenTowardsClient else { return nil }
            return (fields.bytes.slice(Int(slot.start), Int(slot.end) - Int(slot.start)), fields.name(index))
        }
    }
}

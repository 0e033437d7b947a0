import GatewayCore
import HTTPWire

/// Heads of messages whose bodies are changed: all fields pass but those that are about the bytes of the body.
enum ReshapedHead {
    enum Body {
        /// Passes as it comes.
        case kept
        /// Held, and passed unchanged.
        /// - Parameter length: nil: in chunks, as trailers come behind it.
        case whole(length: Int?)
        /// - Parameter type: nil: the one it had.
        case changed(length: Int?, type: String?)
    }

    /// The request as HTTP/1.1 text. Method and target are the client's; the exchange sees to what they are rewritten to.
    static func request(_ exchange: Exchange, body: Body, changesResponse: Bool) -> [UInt8] {
        let request = exchange.request
        var text: [UInt8] = []
        text.reserveCapacity(request.fields.length + 128)
        text += request.method
        text.append(0x20)
        text += request.pathAndQuery
        text += " HTTP/1.1\r\n".utf8
        request.appendFields(to: &text) { index in
            // A part can't be changed, nor what is coded in a way that only the client knows.
            if changesResponse, isAboutParts(request.fields.name(index)) { return false }
            return isKept(request.fields, index, beside: body)
        }
        if changesResponse { text += "Accept-Encoding: identity\r\n".utf8 }
        switch body {
        case .kept:
            switch request.body {
            case .none, .untilClose: break
            case .exactly(let length): text += "Content-Length: \(length)\r\n".utf8
            case .chunked: text += "Transfer-Encoding: chunked\r\n".utf8
            }
        case .whole(let length): text += framing(length)
        case .changed(let length, let type):
            if let type { text += "Content-Type: \(type)\r\n".utf8 }
            text += framing(length)
        }
        text += "\r\n".utf8
        return text
    }

    private static func isKept(_ fields: FieldSection, _ index: Int, beside body: Body) -> Bool {
        let (kind, name) = (fields.slots[index].kind, fields.name(index))
        guard !kind.isAboutFraming else { return false }
        switch body {
        case .kept: return true
        case .whole: return kind != .expect
        case .changed(_, let type):
            return kind != .expect && !isAboutBody(name) && (type == nil || !name.equalsIgnoringCase("content-type"))
        }
    }

    /// A response's head in both its forms, without its length and the blank line.
    struct Text {
        fileprivate var start: [UInt8] = []
        /// Fields about the bytes of the body: kept with them, or replaced.
        fileprivate var aboutBody: [UInt8] = []
        fileprivate var instead: [UInt8] = []

        func changed(length: Int?) -> [UInt8] { start + instead + ReshapedHead.framing(length) + "\r\n".utf8 }
        /// What is said without a body about one that would be changed: its length is not known, its tag is no strong one.
        var bodiless: [UInt8] { start + instead + "\r\n".utf8 }
        func kept(length: Int?) -> [UInt8] { start + aboutBody + ReshapedHead.framing(length) + "\r\n".utf8 }
    }

    static func response(_ head: ResponseHead, type: String?) -> Text {
        var text = Text()
        let fields = head.fields
        text.start += "HTTP/1.1 \(head.status) ".utf8
        // A status line without a phrase ends before it.
        if fields.bytes[12] == 0x20 { text.start += fields.bytes.dropFirst(13).prefix { $0 != 0x0D } }
        text.start += "\r\n".utf8
        for index in 0..<fields.count where !fields.slots[index].isDropped {
            let kind = fields.slots[index].kind
            let name = fields.name(index)
            guard !kind.isRewrittenTowardsClient, kind != .contentLength else { continue }
            if name.equalsIgnoringCase("etag") {
                append(fields, index, to: &text.aboutBody)
                text.instead += weakened(fields.value(index))
            } else if isAboutBody(name) || type != nil && name.equalsIgnoringCase("content-type") {
                append(fields, index, to: &text.aboutBody)
            } else {
                append(fields, index, to: &text.start)
            }
        }
        if let type { text.instead += "Content-Type: \(type)\r\n".utf8 }
        return text
    }

    /// The line that says where the body ends.
    fileprivate static func framing(_ length: Int?) -> [UInt8] {
        Array((length.map { "Content-Length: \($0)\r\n" } ?? "Transfer-Encoding: chunked\r\n").utf8)
    }

    /// Trailers behind a changed body: all but what was said of its bytes, such as their digest.
    static func trailers(_ lines: [UInt8]) -> [UInt8] {
        var kept: [UInt8] = []
        lines.withUnsafeBufferPointer { lines in
            FieldLines.forEach(in: lines) { line, name in if !isAboutBody(name) { kept += line } }
        }
        return kept
    }

    /// RFC 9110 §8.8.1: what a gateway changes without a new tag has a weak one.
    private static func weakened(_ tag: Bytes) -> [UInt8] {
        let isWeak = tag.count > 2 && tag[0] == UInt8(ascii: "W") && tag[1] == UInt8(ascii: "/")
        return Array("ETag: \(isWeak ? "" : "W/")".utf8) + tag + Array("\r\n".utf8)
    }

    private static func append(_ fields: FieldSection, _ index: Int, to text: inout [UInt8]) {
        let slot = fields.slots[index]
        text += fields.bytes.slice(Int(slot.start), Int(slot.end) - Int(slot.start))
    }

    private static func isAboutBody(_ name: Bytes) -> Bool {
        switch name.count {
        case 6: name.equalsIgnoringCase("digest")
        case 11: name.equalsIgnoringCase("content-md5") || name.equalsIgnoringCase("repr-digest")
        case 13: name.equalsIgnoringCase("accept-ranges")
        case 14: name.equalsIgnoringCase("content-digest")
        case 16: name.equalsIgnoringCase("content-encoding")
        default: false
        }
    }

    private static func isAboutParts(_ name: Bytes) -> Bool {
        name.equalsIgnoringCase("range") || name.equalsIgnoringCase("if-range")
            || name.equalsIgnoringCase("accept-encoding")
    }
}

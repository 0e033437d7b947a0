import HTTPWire

/// Collects one header block (RFC 9113 §8.3) as the HTTP/1.1 head that says the same.
///
/// So there is one parser that judges requests, and one form that all filters read: what is refused over HTTP/1.1 is
/// refused here, by the same lines of code.
final class HeadText {
    private let lines = ByteBuilder(capacity: 2048)
    /// Crumbs are joined (RFC 9113 §8.2.3).
    private let cookies = ByteBuilder(capacity: 256)
    private let method = ByteBuilder(capacity: 16)
    private let path = ByteBuilder(capacity: 256)
    private let authority = ByteBuilder(capacity: 64)
    private let host = ByteBuilder(capacity: 64)
    /// Of an extended CONNECT.
    private let protocolName = ByteBuilder(capacity: 16)
    private let text = ByteBuilder(capacity: 4096)

    /// Of names and values, with 32 bytes for each field, as RFC 9113 §6.5.2 counts.
    private(set) var size = 0
    private(set) var isMalformed = false
    /// Of a response; 0 in a request or in trailers.
    private(set) var status = 0
    private(set) var hasMethod = false
    private var hasHost = false
    private var hasLength = false

    /// Whether the request is an extended CONNECT (RFC 8441 §4).
    var asksForTunnel: Bool { !protocolName.isEmpty }

    func reset() {
        for part in [lines, cookies, method, path, authority, host, protocolName] { part.removeAll() }
        size = 0
        isMalformed = false
        status = 0
        hasMethod = false
        hasHost = false
        hasLength = false
    }

    /// - Parameter limit: bytes after which fields are only counted.
    func add(_ name: Bytes, _ value: Bytes, limit: Int) {
        size += name.count + value.count + 32
        guard size <= limit else { return }
        if name.first == 0x3A { return addPseudo(name, value) }
        guard !value.contains(where: { $0 == 0x0D || $0 == 0x0A || $0 == 0 }) else { return isMalformed = true }
        if name.equals("cookie") {
            if !cookies.isEmpty { cookies.append("; ") }
            return cookies.append(value)
        }
        if name.equals("host") {
            if hasHost { isMalformed = true }
            hasHost = true
            return host.append(value)
        }
        if name.equals("content-length") { hasLength = true }
        // RFC 8441 §5: the key is none of HTTP/2's; the one towards the upstream is made here.
        if asksForTunnel, name.equals("sec-websocket-key") { return }
        append(name, value)
    }

    private func addPseudo(_ name: Bytes, _ value: Bytes) {
        // What would end a line, or a word of the request line, can't be meant well.
        guard !value.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else { return isMalformed = true }
        if name.equals(":method") {
            hasMethod = true
            method.append(value)
        } else if name.equals(":path") {
            path.append(value)
        } else if name.equals(":authority") {
            authority.append(value)
        } else if name.equals(":protocol") {
            protocolName.append(value)
        } else if name.equals(":status") {
            status = Decimal.parse(value) ?? 0
        }
    }

    private func append(_ name: Bytes, _ value: Bytes) {
        lines.append(name)
        lines.append(": ")
        lines.append(value)
        lines.append("\r\n")
    }

    /// The request as HTTP/1.1 text; nil if it is none.
    /// - Parameter isEnd: no body follows.
    func request(isEnd: Bool) -> Bytes? {
        guard !isMalformed, hasMethod, !method.isEmpty, !path.isEmpty else { return nil }
        // RFC 9113 §8.3.1: two names for the host must not differ.
        if hasHost, !authority.isEmpty, !authority.bytes.equalsIgnoringCase(host.bytes) { return nil }
        text.removeAll()
        if asksForTunnel {
            // A body with a length, or none at all, would be no tunnel.
            guard method.bytes.equals("CONNECT"), !hasLength, !isEnd else { return nil }
            text.append("GET")
        } else {
            text.append(method.bytes)
        }
        text.append(" ")
        text.append(path.bytes)
        text.append(" HTTP/1.1\r\n")
        if hasHost || !authority.isEmpty {
            text.append("Host: ")
            text.append(authority.isEmpty ? host.bytes : authority.bytes)
            text.append("\r\n")
        }
        text.append(lines.bytes)
        if !cookies.isEmpty {
            text.append("Cookie: ")
            text.append(cookies.bytes)
            text.append("\r\n")
        }
        if asksForTunnel {
            appendUpgrade()
        } else if !isEnd, !hasLength {
            text.append("Transfer-Encoding: chunked\r\n")
        }
        text.append("\r\n")
        return text.bytes
    }

    /// The handshake that asks the same over HTTP/1.1 (RFC 6455 §4.1).
    private func appendUpgrade() {
        text.append("Connection: Upgrade\r\nUpgrade: ")
        text.append(protocolName.bytes)
        text.append("\r\n")
        guard protocolName.bytes.equalsIgnoringCase("websocket") else { return }
        text.append("Sec-WebSocket-Key: ")
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        for _ in 0..<21 { text.append(alphabet[Int.random(in: 0..<64)]) }
        // 16 bytes: of the last character two bits count.
        text.append(alphabet[Int.random(in: 0..<4) * 16])
        text.append("==\r\n")
    }

    /// The response as HTTP/1.1 text.
    /// - Parameters:
    ///   - isEnd: no body follows.
    ///   - answersHEAD: there is none whatever the fields say.
    func response(isEnd: Bool, answersHEAD: Bool) -> Bytes {
        text.removeAll()
        text.append("HTTP/1.1 ")
        text.append(decimal: status)
        text.append(" ")
        // HTTP/2 has none, and clients of HTTP/1.1 show one to people.
        text.append(StatusReason.of(status))
        text.append("\r\n")
        text.append(lines.bytes)
        let isBodiless = status < 200 || status == 204 || status == 304 || answersHEAD
        if !hasLength, !isBodiless {
            if isEnd { text.append("Content-Length: 0\r\n") } else { text.append("Transfer-Encoding: chunked\r\n") }
        }
        text.append("\r\n")
        return text.bytes
    }

    /// Complete field lines.
    var trailers: [UInt8] { isMalformed ? [] : Array(lines.bytes) }
}

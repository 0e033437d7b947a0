/// Spans as an OTLP/HTTP request in its JSON encoding (OTLP 1.x, "JSON Protobuf Encoding": ids in hexadecimal, 64-bit
/// numbers as strings). Attributes follow the semantic conventions for HTTP.
package enum OTLPText {
    /// - Parameter resource: attributes of this node, such as `service.name`.
    package static func request(_ spans: [Span], resource: [(String, String)]) -> [UInt8] {
        var text = Text()
        text.raw("{\"resourceSpans\":[{\"resource\":{\"attributes\":[")
        for (index, attribute) in resource.enumerated() {
            text.attribute(attribute.0, attribute.1, isFirst: index == 0)
        }
        text.raw("]},\"scopeSpans\":[{\"scope\":{\"name\":\"sluice\"},\"spans\":[")
        for (index, span) in spans.enumerated() {
            if index > 0 { text.raw(",") }
            append(span, to: &text)
        }
        text.raw("]}]}]}")
        return text.bytes
    }

    private static func append(_ span: Span, to text: inout Text) {
        let start = span.endMicroseconds - span.durationMicroseconds
        begin(span, id: span.id, parent: span.parent, to: &text)
        text.member("name", span.route.isEmpty ? span.method : "\(span.method) \(span.route)")
        text.raw(",\"kind\":2")
        times(from: start, to: span.endMicroseconds, &text)
        text.raw(",\"attributes\":[")
        text.attribute("http.request.method", span.method, isFirst: true)
        text.attribute("url.path", span.path)
        text.attribute("url.scheme", span.scheme)
        text.attribute("server.address", span.host)
        text.attribute("client.address", span.client)
        if span.status > 0 { text.attribute("http.response.status_code", span.status) }
        text.attribute("http.route", span.route)
        text.attribute("sluice.request_id", span.requestID)
        text.attribute("sluice.consumer", span.consumer)
        text.attribute("sluice.limit", span.limit)
        text.attribute("sluice.cache", span.cache)
        text.attribute("error.type", span.error)
        text.raw("]")
        status(isError: span.status >= 500 || !span.error.isEmpty, span.error, &text)
        text.raw("}")
        guard !span.upstream.isEmpty, let waited = span.upstreamMicroseconds else { return }
        // The call is known by how long it took until the head that was passed on at once.
        let head = start + (span.headMicroseconds ?? span.durationMicroseconds)
        text.raw(",")
        begin(span, id: span.call, parent: span.id, to: &text)
        text.member("name", "\(span.method) \(span.upstream)")
        text.raw(",\"kind\":3")
        times(from: max(start, head - waited), to: head, &text)
        text.raw(",\"attributes\":[")
        text.attribute("http.request.method", span.method, isFirst: true)
        text.attribute("sluice.upstream", span.upstream)
        if span.status > 0 { text.attribute("http.response.status_code", span.status) }
        if span.attempts > 1 { text.attribute("http.request.resend_count", span.attempts - 1) }
        text.raw("]")
        status(isError: span.status >= 500, "", &text)
        text.raw("}")
    }

    private static func begin(_ span: Span, id: UInt64, parent: UInt64, to text: inout Text) {
        text.raw(
            "{\"traceId\":\"\(Exemplars.Exemplar.digits(span.traceHigh))\(Exemplars.Exemplar.digits(span.traceLow))\"")
        text.raw(",\"spanId\":\"\(Exemplars.Exemplar.digits(id))\",")
        if parent != 0 { text.raw("\"parentSpanId\":\"\(Exemplars.Exemplar.digits(parent))\",") }
    }

    private static func times(from start: Int, to end: Int, _ text: inout Text) {
        text.raw(",\"startTimeUnixNano\":\"\(start)000\",\"endTimeUnixNano\":\"\(max(start, end))000\"")
    }

    private static func status(isError: Bool, _ message: String, _ text: inout Text) {
        guard isError else { return }
        text.raw(",\"status\":{\"code\":2")
        if !message.isEmpty {
            text.raw(",")
            text.member("message", message)
        }
        text.raw("}")
    }

    private struct Text {
        private(set) var bytes: [UInt8] = []

        mutating func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }

        mutating func member(_ name: String, _ value: String) {
            raw("\"\(name)\":")
            quoted(value)
        }

        /// Nothing for what is not known.
        mutating func attribute(_ key: String, _ value: String, isFirst: Bool = false) {
            guard !value.isEmpty || isFirst else { return }
            raw(isFirst ? "" : ",")
            raw("{\"key\":\"\(key)\",\"value\":{\"stringValue\":")
            quoted(value)
            raw("}}")
        }

        mutating func attribute(_ key: String, _ value: Int) {
            raw(",{\"key\":\"\(key)\",\"value\":{\"intValue\":\"\(value)\"}}")
        }

        private mutating func quoted(_ value: String) {
            bytes.append(UInt8(ascii: "\""))
            for byte in value.utf8 {
                switch byte {
                case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
                case 0..<0x20: raw("\\u00\(byte < 16 ? "0" : "1")\(String(byte & 15, radix: 16))")
                default: bytes.append(byte)
                }
            }
            bytes.append(UInt8(ascii: "\""))
        }
    }
}

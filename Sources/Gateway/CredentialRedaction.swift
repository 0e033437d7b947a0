import Configuration
import HTTPWire
import Telemetry

/// What explanations and captures hide: what the access log hides, and wherever a caller's credential is looked for.
struct CredentialRedaction {
    static let hidden = "REDACTED"
    private var headers: Set<String>
    private var parameters: Set<String>

    init(_ configuration: GatewayConfiguration) {
        let log = AccessLogRules(configuration.accessLog)
        (headers, parameters) = (log.redactedHeaders, log.redactedParameters)
        for case .apiKey(let place) in configuration.authenticators.values {
            switch place {
            case .header(let name): headers.insert(name.lowercased())
            case .query(let name): parameters.insert(name.lowercased())
            case .cookie: break
            }
        }
        for case .jwt(let settings) in configuration.authenticators.values {
            if let name = settings.query { parameters.insert(name.lowercased()) }
            if settings.subprotocol != nil { headers.insert("sec-websocket-protocol") }
        }
        for case .forward(let settings) in configuration.authenticators.values {
            headers.formUnion(settings.requestFields.map { $0.lowercased() })
        }
        // Whatever cookie it is: a session's are as good as a password.
        headers.insert("cookie")
    }

    func hides(header name: String) -> Bool { headers.contains(name.lowercased()) }
    func hides(parameter name: String) -> Bool { parameters.contains(name.lowercased()) }

    /// A field's value: a URL in it, such as that of `Location`, may have secrets in its query.
    func value(of value: String, header name: String) -> String {
        hides(header: name) ? Self.hidden : url(value[...])
    }

    func text(ofQuery query: Bytes) -> String {
        let builder = ByteBuilder(capacity: 64)
        QueryRedaction.append(query, hiding: parameters, to: builder)
        return builder.bytes.text
    }

    /// A cache key: a URL, then `|name=value` parts (`CacheKeyWriter`).
    func text(ofKey key: [UInt8]) -> String {
        let parts = String(decoding: key, as: UTF8.self).split(separator: "|", omittingEmptySubsequences: false)
        return ([url(parts[0])] + parts.dropFirst().map(part)).joined(separator: "|")
    }

    private func url(_ text: Substring) -> String {
        guard let mark = text.firstIndex(of: "?") else { return String(text) }
        let query = Array(text[text.index(after: mark)...].utf8)
        return text[...mark] + query.withUnsafeBufferPointer { self.text(ofQuery: $0) }
    }

    /// `h.` is a header; `t.` is what a template names, such as `header:X-Key`.
    private func part(_ text: Substring) -> String {
        guard let equals = text.firstIndex(of: "=") else { return String(text) }
        let name = text[..<equals].lowercased()
        let isHidden =
            name.hasPrefix("t.") || name.hasPrefix("h.") && headers.contains(String(name.dropFirst(2)))
        return isHidden ? text[...equals] + Self.hidden : String(text)
    }
}

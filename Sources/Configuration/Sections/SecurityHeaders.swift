/// `security_headers` of a route, and of all routes at the top: what browsers are told to do for safety. A service's own
/// fields of these names stay.
package struct SecurityHeaders: Hashable, Sendable {
    /// `Strict-Transport-Security`, over TLS only; nil: not sent.
    package var transport: String? = "max-age=31536000; includeSubDomains"
    package var isNoSniff = true
    /// `X-Frame-Options`; nil: not sent.
    package var frames: String? = "DENY"
    package var referrerPolicy: String? = "strict-origin-when-cross-origin"
    package var contentPolicy: String?
    package var permissionsPolicy: String?

    static let section = Kind<SecurityHeaders>.section(
        "security_headers", "a mapping such as { frame_options: SAMEORIGIN, csp: \"default-src 'self'\" }"
    ) { section in
        var headers = SecurityHeaders()
        headers.transport = section.value(
            "hsts", .word("off", nil, or: .transportSecurity), default: headers.transport,
            "Strict-Transport-Security, which is sent over TLS only; off: not at all.")
        headers.isNoSniff = section.value(
            "nosniff", .boolean, default: true, "X-Content-Type-Options: nosniff.")
        headers.frames = section.value(
            "frame_options", .choice(["DENY": "DENY", "SAMEORIGIN": "SAMEORIGIN", "off": nil]), default: headers.frames,
            "X-Frame-Options.")
        headers.referrerPolicy = section.value(
            "referrer_policy", .word("off", nil, or: .fieldValue("a policy such as no-referrer")),
            default: headers.referrerPolicy, "Referrer-Policy.")
        headers.contentPolicy = section.value(
            "csp", .word("off", nil, or: .fieldValue("a policy such as default-src 'self'")), default: nil,
            "Content-Security-Policy; absent: none.")
        headers.permissionsPolicy = section.value(
            "permissions_policy", .word("off", nil, or: .fieldValue("a policy such as camera=()")), default: nil,
            "Permissions-Policy; absent: none.")
        return headers
    }
}

extension Kind where Value == SecurityHeaders? {
    /// `true`, `false`, or what differs from the preset.
    static var securityHeaders: Kind {
        let noun = "true, false, or \(SecurityHeaders.section.noun)"
        return Kind(
            noun: noun,
            schema: { drawing in ["anyOf": [["type": "boolean"], SecurityHeaders.section.schema(drawing)]] },
            read: { reader, noun in
                if case .mapping = reader.node.content { return SecurityHeaders.section.read(reader) }
                guard let isOn = Kind<Bool>.boolean.described(as: noun).read(reader) else { return nil }
                return .some(isOn ? SecurityHeaders() : nil)
            })
    }
}

extension Kind where Value == String? {
    /// The value of a field; nothing that could end it.
    fileprivate static func fieldValue(_ noun: String) -> Kind {
        .scalar(noun, schema: ["type": "string"], write: { .string($0 ?? "off") }) { text throws(ScalarProblem) in
            guard !text.value.isEmpty, text.value.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else {
                throw .expected()
            }
            return text.value
        }
    }

    fileprivate static var transportSecurity: Kind {
        .section("hsts", "a mapping such as { max_age: 365d, subdomains: true, preload: false }") { section in
            let age = section.value(
                "max_age", .duration(0...315_360_000_000_000), default: 31_536_000_000_000,
                "For how long browsers insist on TLS.")
            let subdomains = section.value("subdomains", .boolean, default: true, "Whether hosts below are meant too.")
            let preload = section.value(
                "preload", .boolean, default: false, "Whether browsers may carry the host in their lists.")
            return "max-age=\(age / 1_000_000)\(subdomains ? "; includeSubDomains" : "")\(preload ? "; preload" : "")"
        }
    }
}

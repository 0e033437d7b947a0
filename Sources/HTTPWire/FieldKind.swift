/// What a header field means to the gateway itself; all fields it has no business with are `.other`.
package enum FieldKind: UInt8 {
    case other
    case host, contentLength, transferEncoding, connection
    /// Hop-by-hop by RFC 9110 §7.6.1, besides Connection and Transfer-Encoding, and what `Connection` names.
    case hopByHop
    case expect, authorization, cookie, userAgent, via
    case forwardedFor, forwardedHost, forwardedProto, forwarded
    case requestID, traceparent
    case date, server
    /// What a gateway that ended TLS says of the client's certificate (RFC 9440 and our own names).
    case clientCertificate

    /// Length first, so that most fields cost one jump and no comparison.
    @inline(__always)
    static func of(_ name: UnsafePointer<UInt8>, _ length: Int) -> FieldKind {
        switch length {
        case 2: names(name, "te") ? .hopByHop : .other
        case 3: names(name, "via") ? .via : .other
        case 4: names(name, "host") ? .host : names(name, "date") ? .date : .other
        case 6: ofSix(name)
        case 7: names(name, "trailer") || names(name, "upgrade") ? .hopByHop : .other
        case 9: names(name, "forwarded") ? .forwarded : .other
        case 10: ofTen(name)
        case 11: names(name, "traceparent") ? .traceparent : names(name, "client-cert") ? .clientCertificate : .other
        case 12: names(name, "x-request-id") ? .requestID : .other
        case 13: names(name, "authorization") ? .authorization : .other
        case 14: names(name, "content-length") ? .contentLength : .other
        case 15: names(name, "x-forwarded-for") ? .forwardedFor : .other
        case 16: ofSixteen(name)
        case 17: ofSeventeen(name)
        case 18: names(name, "proxy-authenticate") ? .hopByHop : .other
        case 19: names(name, "proxy-authorization") ? .hopByHop : .other
        case 21: names(name, "x-client-cert-subject") ? .clientCertificate : .other
        // Not one hop's by RFC 9110 §11.7.3, but of the proxy that asks, and never to be stored (RFC 9111 §3.1).
        case 25: names(name, "proxy-authentication-info") ? .hopByHop : .other
        default: .other
        }
    }

    @inline(__always)
    private static func names(_ name: UnsafePointer<UInt8>, _ text: StaticString) -> Bool { Bytes.matches(name, text) }

    private static func ofSix(_ name: UnsafePointer<UInt8>) -> FieldKind {
        names(name, "expect") ? .expect : names(name, "cookie") ? .cookie : names(name, "server") ? .server : .other
    }

    private static func ofTen(_ name: UnsafePointer<UInt8>) -> FieldKind {
        if names(name, "connection") { return .connection }
        if names(name, "user-agent") { return .userAgent }
        return names(name, "keep-alive") ? .hopByHop : .other
    }

    private static func ofSixteen(_ name: UnsafePointer<UInt8>) -> FieldKind {
        names(name, "x-forwarded-host") ? .forwardedHost : names(name, "proxy-connection") ? .hopByHop : .other
    }

    private static func ofSeventeen(_ name: UnsafePointer<UInt8>) -> FieldKind {
        if names(name, "transfer-encoding") { return .transferEncoding }
        if names(name, "client-cert-chain") || names(name, "x-client-cert-san") { return .clientCertificate }
        return names(name, "x-forwarded-proto") ? .forwardedProto : .other
    }

    /// Set by the gateway on every request it forwards, so the client's own lines are left out of the copy.
    var isRewrittenTowardsUpstream: Bool {
        switch self {
        case .connection, .hopByHop, .transferEncoding, .via: true
        case .forwardedFor, .forwardedHost, .forwardedProto, .forwarded, .requestID, .traceparent: true
        case .clientCertificate: true
        default: false
        }
    }

    /// About one hop, or how this very message is framed: whoever writes another message of its fields says that anew.
    package var isAboutFraming: Bool {
        switch self {
        case .contentLength, .transferEncoding, .connection, .hopByHop: true
        default: false
        }
    }

    /// Left out of the copy of a response head.
    package var isRewrittenTowardsClient: Bool {
        switch self {
        case .connection, .hopByHop, .transferEncoding, .requestID: true
        default: false
        }
    }
}

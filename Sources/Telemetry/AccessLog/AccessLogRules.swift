/// How exchanges become lines: in which form, which of them, and with what.
package struct AccessLogRules: Hashable, Sendable {
    package enum Format: String, Hashable, Sendable {
        case json, logfmt
        /// Of Apache and nginx: `client - consumer [time] "GET /path HTTP/1.1" 200 512 "referer" "user agent"`.
        case combined
    }

    package var format = Format.json
    /// The share of exchanges that is logged, 0…1. Errors always are.
    package var sample = 1.0
    package var fields = AccessLogFields.standard
    /// Further request fields, by their names in lower case.
    package var headers: [String] = []
    /// Request fields whose values are not shown, in lower case.
    package var redactedHeaders: Set<String> = AccessLogRules.credentialHeaders
    /// Parameters of the query whose values are not shown, in lower case.
    package var redactedParameters: Set<String> = AccessLogRules.credentialParameters

    package init() {}

    /// What carries credentials is never shown, whatever the rules say.
    package static let credentialHeaders: Set<String> = [
        "authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "x-auth-token", "x-csrf-token",
        "x-amz-security-token", "dpop", "authentication-info", "proxy-authentication-info",
    ]
    package static let credentialParameters: Set<String> = [
        "access_token", "api_key", "apikey", "code", "id_token", "key", "password", "refresh_token", "secret", "sig",
        "signature", "token",
    ]
}

/// The fields of a line, besides the time.
package struct AccessLogFields: OptionSet, Hashable, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let requestID = AccessLogFields(rawValue: 1 << 0)
    package static let client = AccessLogFields(rawValue: 1 << 1)
    package static let method = AccessLogFields(rawValue: 1 << 2)
    package static let host = AccessLogFields(rawValue: 1 << 3)
    package static let path = AccessLogFields(rawValue: 1 << 4)
    package static let query = AccessLogFields(rawValue: 1 << 5)
    package static let status = AccessLogFields(rawValue: 1 << 6)
    package static let route = AccessLogFields(rawValue: 1 << 7)
    package static let upstream = AccessLogFields(rawValue: 1 << 8)
    package static let consumer = AccessLogFields(rawValue: 1 << 9)
    package static let duration = AccessLogFields(rawValue: 1 << 10)
    package static let upstreamDuration = AccessLogFields(rawValue: 1 << 11)
    package static let gatewayDuration = AccessLogFields(rawValue: 1 << 12)
    package static let bytesIn = AccessLogFields(rawValue: 1 << 13)
    package static let bytesOut = AccessLogFields(rawValue: 1 << 14)
    package static let cache = AccessLogFields(rawValue: 1 << 15)
    package static let limit = AccessLogFields(rawValue: 1 << 16)
    package static let error = AccessLogFields(rawValue: 1 << 17)
    package static let userAgent = AccessLogFields(rawValue: 1 << 18)
    package static let referer = AccessLogFields(rawValue: 1 << 19)
    package static let traceID = AccessLogFields(rawValue: 1 << 20)
    package static let attempts = AccessLogFields(rawValue: 1 << 21)
    package static let version = AccessLogFields(rawValue: 1 << 22)

    /// Without the query, and what few ask for.
    package static let standard: AccessLogFields = [
        .requestID, .client, .method, .host, .path, .status, .route, .version, .upstream, .consumer, .duration,
        .upstreamDuration, .bytesIn, .bytesOut, .cache, .limit, .error, .userAgent, .traceID,
    ]

    /// By the names that lines have.
    package static let byName: KeyValuePairs<String, AccessLogFields> = [
        "request_id": .requestID, "client": .client, "method": .method, "host": .host, "path": .path, "query": .query,
        "status": .status, "route": .route, "version": .version, "upstream": .upstream, "consumer": .consumer,
        "duration_us": .duration,
        "upstream_us": .upstreamDuration, "gateway_us": .gatewayDuration, "bytes_in": .bytesIn,
        "bytes_out": .bytesOut, "cache": .cache, "limit": .limit, "error": .error, "user_agent": .userAgent,
        "referer": .referer, "trace_id": .traceID, "attempts": .attempts,
    ]
}

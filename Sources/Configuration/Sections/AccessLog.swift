/// `access_log`: one line for each exchange.
package struct AccessLogSettings: Hashable, Sendable {
    package enum Destination: Hashable, Sendable {
        case stdout, stderr, off
        case file(String)
    }

    package enum Format: String, Hashable, Sendable {
        case json, logfmt, combined
    }

    package var destination = Destination.stdout
    package var format = Format.json
    /// 0…1; errors are always logged.
    package var sample = 1.0
    /// Names of fields; nil: the usual ones.
    package var fields: [String]?
    /// Request fields that are logged besides.
    package var headers: [String] = []
    /// Request fields and query parameters whose values are not shown, besides those that are never shown.
    package var redactedHeaders: [String] = []
    package var redactedParameters: [String] = []

    static let kind = Kind<AccessLogSettings>.section("access_log", "a mapping such as { path: stdout, format: json }")
    {
        section in
        var log = AccessLogSettings()
        log.destination = section.value(
            "path", .logDestination, default: log.destination, "stdout, stderr, off, or the path of a file.")
        log.format = section.value(
            "format", .choice(["json": .json, "logfmt": .logfmt, "combined": .combined]), default: log.format,
            "How a line is written; combined is Apache's and nginx's.")
        log.sample = section.value(
            "sample", .percent, default: log.sample, "The share of requests that is logged; errors always are.")
        log.fields = section.optional(
            "fields", .nonEmpty(.oneOrMany(.logField)), "Which fields a line has; absent: the usual ones.")
        log.headers = section.value(
            "headers", .oneOrMany(.token("the name of a request field")), default: [],
            "Request fields that are logged besides.")
        if log.headers.count > 4 {
            section.place(of: "headers").report("\(log.headers.count) fields: at most 4 can be logged")
        }
        let redacted = section.optional("redact", .redaction, "Whose values are not shown.")
        (log.redactedHeaders, log.redactedParameters) = (redacted?.headers ?? [], redacted?.query ?? [])
        return log
    }

    /// By their names in lines.
    package static let fieldNames = [
        "request_id", "client", "method", "host", "path", "query", "status", "route", "version", "upstream", "consumer",
        "duration_us", "upstream_us", "gateway_us", "bytes_in", "bytes_out", "cache", "limit", "error", "user_agent",
        "referer", "trace_id", "attempts",
    ]

    fileprivate struct Redaction {
        var headers: [String] = []
        var query: [String] = []
    }
}

extension Kind where Value == AccessLogSettings.Redaction {
    fileprivate static var redaction: Kind {
        .section("redaction", "a mapping such as { headers: [X-Session], query: [email] }") { section in
            var redaction = AccessLogSettings.Redaction()
            redaction.headers = section.value(
                "headers", .oneOrMany(.token("the name of a request field")), default: [],
                "Request fields; credentials are never shown.")
            redaction.query = section.value(
                "query", .oneOrMany(.text("the name of a query parameter")), default: [],
                "Query parameters; tokens, keys and the like are never shown.")
            return redaction
        }
    }
}

extension Kind where Value == String {
    fileprivate static var logField: Kind {
        .scalar(
            "one of \(AccessLogSettings.fieldNames.joined(separator: ", "))",
            schema: ["enum": .list(AccessLogSettings.fieldNames.map { .string($0) })], write: { .string($0) }
        ) { text throws(ScalarProblem) in
            guard AccessLogSettings.fieldNames.contains(text.value) else {
                throw .expected(suggestion: NearestName.of(text.value, among: AccessLogSettings.fieldNames))
            }
            return text.value
        }
    }
}

extension Kind where Value == AccessLogSettings.Destination {
    fileprivate static var logDestination: Kind {
        let write: @Sendable (Value) -> JSON = { destination in
            switch destination {
            case .stdout: "stdout"
            case .stderr: "stderr"
            case .off: "off"
            case .file(let path): .string(path)
            }
        }
        return .scalar("stdout, stderr, off, or a path", schema: ["type": "string"], write: write) {
            text throws(ScalarProblem) in
            switch text.value {
            case "stdout": return .stdout
            case "stderr": return .stderr
            case "off": return .off
            case "": throw .expected()
            default: return .file(text.value)
            }
        }
    }
}

import Policies

/// `telemetry`: what the node tells of what it does, besides the access log.
package struct TelemetrySettings: Hashable, Sendable {
    /// Whether requests are counted and timed.
    package var countsRequests = true
    /// Nil: no traces are recorded.
    package var traces: TraceSettings?
    /// Nil: no decisions are recorded.
    package var decisions: DecisionSettings?

    static let kind = Kind<TelemetrySettings>.section(
        "telemetry", "a mapping such as { traces: { endpoint: http://127.0.0.1:4318 } }"
    ) { section in
        var telemetry = TelemetrySettings()
        telemetry.countsRequests = section.value(
            "metrics", .choice(["on": true, "off": false]), default: true,
            "Whether requests are counted and timed; off: only what the node holds and does besides them.")
        telemetry.traces = section.value(
            "traces", .word("off", nil, or: .traces), default: nil, "Traces over OTLP/HTTP; absent or off: none.")
        telemetry.decisions = section.value(
            "decisions", .word("off", nil, or: .decisions), default: nil,
            "An audit of limit decisions in Redis, for limits replay; absent or off: none.")
        return telemetry
    }
}

/// `telemetry.traces`.
package struct TraceSettings: Hashable, Sendable {
    /// With the path of the collector's traces.
    package var endpoint: ServiceURL
    /// 0…1.
    package var sample = 0.01
    package var takesErrors = true
    /// Nil: no request is slow.
    package var slowMicroseconds: Int?
    /// Of each export: names and values.
    package var headers: [Header] = []
    package var service = "sluice"

    package struct Header: Hashable, Sendable {
        package let name: String
        package let value: Secret
    }
}

/// `telemetry.decisions`.
package struct DecisionSettings: Hashable, Sendable {
    /// Of admitted requests, 0…1.
    package var sample = 0.01
    /// Of refused ones, 0…1.
    package var refused = 1.0
    /// About so many entries.
    package var keep = 100_000
    /// The stream goes when so long nothing was decided.
    package var lifeMicroseconds = 86_400_000_000
}

extension Kind where Value == TraceSettings? {
    fileprivate static var traces: Kind {
        .section("traces", "a mapping such as { endpoint: http://127.0.0.1:4318, sample: 1% }") { section in
            let endpoint = section.required(
                "endpoint", .collector, "The collector's OTLP/HTTP address; /v1/traces unless it has a path.")
            let sample = section.value(
                "sample", .percent, default: 0.01, "The share of traces that begin here; callers decide theirs.")
            let takesErrors = section.value(
                "errors", .boolean, default: true, "Whether what failed is always recorded.")
            let slow = section.optional(
                "slow", .duration(1000...3_600_000_000), "From here on a request is always recorded; absent: none.")
            let headers = section.value(
                "headers", Kind<[TraceSettings.Header]>.headers, default: [],
                "Fields of each export, such as a collector's credentials.")
            let service = section.value(
                "service", .text("the service's name"), default: "sluice", "service.name of the spans.")
            return endpoint.map { endpoint in
                var traces = TraceSettings(endpoint: endpoint)
                (traces.sample, traces.takesErrors, traces.slowMicroseconds) = (sample, takesErrors, slow)
                (traces.headers, traces.service) = (headers, service)
                return traces
            }
        }
    }
}

extension Kind where Value == [TraceSettings.Header] {
    fileprivate static var headers: Kind {
        let value = Kind<Secret>.secret("a field's value")
        return .entries(noun: "a mapping from field names to values", schema: value.schema) { key, reader in
            guard isToken(key.key) else {
                reader.ofKey(key).report("\(quoted(key.key)): expected the name of a field")
                return nil
            }
            guard let secret = value.read(reader) else { return nil }
            guard secret.bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
                reader.report("a field's value has no control characters")
                return nil
            }
            return TraceSettings.Header(name: key.key, value: secret)
        }
    }
}

extension Kind where Value == ServiceURL {
    fileprivate static var collector: Kind {
        .scalar(
            "an http or https URL such as http://127.0.0.1:4318", schema: .pattern("^https?://"),
            write: { .string($0.text) }
        ) { text throws(ScalarProblem) in
            guard let url = ServiceURL(text.value) else { throw .expected() }
            return url.target == "/" ? url.with(path: "/v1/traces") ?? url : url
        }
    }
}

extension Kind where Value == DecisionSettings? {
    fileprivate static var decisions: Kind {
        .section("decisions", "a mapping such as { sample: 1%, keep: 100000 }") { section in
            var decisions = DecisionSettings()
            decisions.sample = section.value(
                "sample", .percent, default: decisions.sample, "The share of admitted requests that is recorded.")
            decisions.refused = section.value(
                "refused", .percent, default: decisions.refused, "The share of refused requests that is recorded.")
            decisions.keep = section.value(
                "keep", .integer(100...10_000_000), default: decisions.keep, "About how many entries Redis keeps.")
            decisions.lifeMicroseconds = section.value(
                "ttl", .duration(60_000_000...2_592_000_000_000), default: decisions.lifeMicroseconds,
                "How long they stay when nothing more is decided.")
            return .some(decisions)
        }
    }
}

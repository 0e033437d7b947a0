import Policies

/// `upstreams`: the services behind Sluice.
package struct UpstreamSettings: Hashable, Sendable {
    /// At least one.
    package var targets: [TargetSettings]
    package var balance = BalanceMethod.roundRobin
    package var connectTimeoutMicroseconds = 1_000_000
    /// From the end of the request until the response head.
    package var timeoutMicroseconds = 30_000_000
    /// Between two bytes of a body.
    package var idleTimeoutMicroseconds = 60_000_000
    /// From the request's first byte until the response's last; nil: unlimited.
    package var totalTimeoutMicroseconds: Int?
    /// Open connections to one target, of one node.
    package var maxConnections = 1_024
    /// Requests that wait for a connection to one target, of one node; beyond them 503.
    package var maxPending = 1_024
    /// Concurrent requests on one HTTP/2 connection; the target may allow fewer.
    package var maxStreams = 100
    /// How long an unused connection is kept.
    package var keepaliveMicroseconds = 60_000_000
    /// Nil: switched off.
    package var breaker: BreakerSettings? = BreakerSettings()
    /// Nil: switched off.
    package var outlier: OutlierSettings? = OutlierSettings()
    /// Nil: nothing is retried.
    package var retries: RetrySettings?
    /// Nil: no checks.
    package var health: HealthCheck?
    /// How long a target that comes back takes to get all of its share; 0: no time.
    package var slowStartMicroseconds = 0
    /// Nil: one attempt at a time.
    package var hedge: HedgeSettings?
    /// Nil: as many requests at once as come.
    package var adaptive: ConcurrencyLimit.Settings?
    /// The header that tells how long a request may take; nil: none does.
    package var deadlineHeader: String?
    /// Of targets that are reached over TLS.
    package var tls = ClientTLSSettings()

    package init(targets: [TargetSettings]) { self.targets = targets }

    static let kind = Kind<UpstreamSettings>.section(
        "upstream", "an upstream such as { targets: [\"http://127.0.0.1:9001\"] }"
    ) { section in
        let targets = section.required(
            "targets", .nonEmpty(.list(TargetSettings.kind)), "The servers: a list of URLs, or of { url, weight }.")
        let spoken = section.optional(
            "protocol", .choice(["http1": TargetProtocol.http1, "http2": .http2, "auto": .negotiated]),
            "What is spoken with the targets; auto: they choose by ALPN; absent: what their URLs say.")
        var upstream = UpstreamSettings(
            targets: (targets ?? []).speaking(spoken, section.place(of: "protocol")))
        upstream.balance = section.value(
            "balance", .balanceMethod, default: upstream.balance, "How a target is picked.")
        readTimes(section, &upstream)
        upstream.maxConnections = section.value(
            "max_connections", .integer(1...1_000_000), default: upstream.maxConnections,
            "Open connections of one node to one target.")
        upstream.maxPending = section.value(
            "max_pending", .integer(0...1_000_000), default: upstream.maxPending,
            "Requests of one node that may wait for a connection to one target; beyond them 503.")
        upstream.maxStreams = section.value(
            "max_streams", .integer(1...10_000), default: upstream.maxStreams,
            "Concurrent requests on one HTTP/2 connection to a target, which may allow fewer.")
        upstream.breaker = section.value(
            "breaker", .word("off", nil, or: .breaker), default: upstream.breaker,
            "When the upstream is given a rest; off: never.")
        upstream.outlier = section.value(
            "outlier", .word("off", nil, or: .outlier), default: upstream.outlier,
            "When one of several targets is given a rest; off: never.")
        upstream.tls = section.value(
            "tls", ClientTLSSettings.kind, default: upstream.tls,
            "How targets are checked that are reached over TLS, and how this node is known to them.")
        if section.has("tls"), let targets, !targets.contains(where: \.isSecure) {
            section.place(of: "tls").report(
                "no target of this upstream uses TLS", hint: "write https:// or grpcs:// in its URLs")
        }
        upstream.retries = section.value(
            "retries", .word("off", nil, or: .retries), default: upstream.retries,
            "Which failed attempts are made again; off: none.")
        upstream.health = section.value(
            "health", .word("off", nil, or: .healthCheck), default: upstream.health,
            "How targets are asked whether they are well; off: not at all.")
        if let health = upstream.health, case .grpc = health.kind, let targets,
            targets.contains(where: { $0.speaks == .http1 })
        {
            section.place(of: "health").report(
                "gRPC's health check needs targets that speak HTTP/2", hint: "write grpc:// or h2c:// in their URLs")
        }
        readCare(section, &upstream)
        return targets.map { _ in upstream }
    }

    private static func readCare(_ section: SectionReader, _ upstream: inout UpstreamSettings) {
        upstream.slowStartMicroseconds = section.value(
            "slow_start", .duration(0...3_600_000_000), default: upstream.slowStartMicroseconds,
            "How long a target that comes back takes to get all of its share of requests.")
        upstream.hedge = section.value(
            "hedge", .word("off", nil, or: .hedge), default: upstream.hedge,
            "When a second attempt is made beside a late one, for requests that may be repeated; off: never.")
        upstream.adaptive = section.value(
            "adaptive", .word("off", nil, or: .adaptive), default: upstream.adaptive,
            "How many requests it gets at once, as its latency tells; off: as many as come.")
        upstream.deadlineHeader = section.optional(
            "deadline", .token("the name of a header such as X-Request-Timeout"),
            "A header in which targets are told the milliseconds that are left, and clients may say theirs; absent: none."
        )
    }

    private static func readTimes(_ section: SectionReader, _ upstream: inout UpstreamSettings) {
        upstream.connectTimeoutMicroseconds = section.value(
            "connect_timeout", .duration(1_000...300_000_000), default: upstream.connectTimeoutMicroseconds,
            "How long connecting may take.")
        upstream.timeoutMicroseconds = section.value(
            "timeout", .duration(1_000...86_400_000_000), default: upstream.timeoutMicroseconds,
            "How long the response head may take.")
        upstream.idleTimeoutMicroseconds = section.value(
            "idle_timeout", .duration(100_000...86_400_000_000), default: upstream.idleTimeoutMicroseconds,
            "How long a body may pause between two of its bytes.")
        upstream.totalTimeoutMicroseconds = section.optional(
            "total_timeout", .duration(1_000...86_400_000_000),
            "How long the whole exchange may take, bodies included; absent: as long as it goes on.")
        upstream.keepaliveMicroseconds = section.value(
            "keepalive", .duration(0...86_400_000_000), default: upstream.keepaliveMicroseconds,
            "How long an unused connection is kept; 0s: not at all.")
    }
}

import Policies

/// A whole configuration, valid: every name in it exists, every value is in its range. Times are in microseconds.
package struct GatewayConfiguration: Sendable {
    /// At least one.
    package var listeners: [ListenerSettings]
    package var admin: AdminSettings
    /// Whose X-Forwarded-* headers are believed; empty: nobody's.
    package var trustedProxies: [NetworkRange]
    package var state: StateSettings
    package var limits: ConnectionLimits
    /// How long requests in flight may take to finish at shutdown.
    package var drainMicroseconds: Int
    package var upstreams: [String: UpstreamSettings]
    package var authenticators: [String: AuthenticatorSettings]
    package var authentication: AuthenticationSettings
    package var consumers: [ConsumerSettings]
    package var plans: [String: PlanSettings]
    /// In the order of the file, at least one; each has a name of its own.
    package var routes: [RouteSettings]
    /// Of routes that do not say it themselves.
    package var identity = IdentitySettings()
    package var securityHeaders: SecurityHeaders?
    /// In the order of the file.
    package var gateways: [GatewaySettings] = []
    /// Where the routes are served.
    package var served = ServedRoutes()
    package var accessLog: AccessLogSettings
    package var timing: TimingSettings
    package var telemetry: TelemetrySettings
    package var cache: NodeCacheSettings
    /// Of routes that say nothing else; nil: none.
    package var compression: CompressionRules?
    /// Nil: to be made from the host's name and the process.
    package var nodeID: String?
    /// Where it stands; nil: it is not said.
    package var nodeZone: String?
    package var names = NameSettings()
    /// The text it was read from, as it stood in the file; it may hold secrets.
    package var text = Secret("")
    /// Where secrets stand in that text as they are.
    package var inlineSecrets: [String] = []

    static let defaultListener = ListenerSettings(bind: BindAddress(host: "0.0.0.0", port: 8080))

    /// The whole file.
    static let kind = Kind<GatewayConfiguration>.section("configuration", "a mapping with upstreams and routes") {
        section in
        let listeners = section.value(
            "listeners", .nonEmpty(.list(ListenerSettings.kind)), default: [defaultListener],
            "Where clients connect; absent: 0.0.0.0:8080.")
        let admin = section.value(
            "admin", AdminSettings.kind, default: AdminSettings(),
            "Health checks, metrics and the admin API; absent: 127.0.0.1:9901.")
        let trustedProxies = section.value(
            "trusted_proxies", .list(.networkRange), default: [], "Whose X-Forwarded-* headers are believed.")
        let state = section.value(
            "state", StateSettings.kind, default: StateSettings(), "Where nodes keep what they share.")
        let limits = section.value(
            "limits", ConnectionLimits.kind, default: ConnectionLimits(), "How much clients may take of one node.")
        let drain = section.value(
            "drain", .duration(0...3_600_000_000), default: 30_000_000,
            "How long requests in flight may take to finish at shutdown.")
        let upstreams = section.required(
            "upstreams", .named(UpstreamSettings.kind, in: .upstreams), "The services behind Sluice, by name.")
        let authenticators = section.value(
            "authenticators", .named(AuthenticatorSettings.kind, in: .authenticators, reserved: "none"), default: [:],
            "Ways to prove who a caller is, by name.")
        let authentication = section.value(
            "authentication", AuthenticationSettings.kind, default: AuthenticationSettings(),
            "What holds for all of them.")
        let consumers = section.value("consumers", .list(ConsumerSettings.kind), default: [], "Who may call.")
        let plans = section.value(
            "plans", .named(PlanSettings.kind, in: .plans), default: [:], "What consumers are entitled to, by name.")
        let routes = section.required("routes", RouteSettings.listKind, "Which requests go where.")
        let accessLog = section.value(
            "access_log", AccessLogSettings.kind, default: AccessLogSettings(), "One line for each exchange.")
        let timing = section.value(
            "timing", TimingSettings.kind, default: TimingSettings(),
            "Which fields tell clients what their requests took: X-Response-Time, Server-Timing.")
        let telemetry = section.value(
            "telemetry", TelemetrySettings.kind, default: TelemetrySettings(), "Traces, and the audit of decisions.")
        let cache = section.value(
            "cache", NodeCacheSettings.kind, default: NodeCacheSettings(), "What a node keeps of cached responses.")
        let compression = section.value(
            "compression", .compression, default: nil, "Which responses are compressed; absent: none.")
        let names = section.value(
            "dns", NameSettings.kind, default: NameSettings(), "How names of targets are looked up.")
        let node = section.value("node", NodeSettings.kind, default: NodeSettings(), "This node.")
        // A place for an anchor that routes refer to; it means nothing by itself.
        _ = section.value(
            "cors", .word("off", nil, or: .cors), default: nil, "Read, for routes to refer to by an anchor.")
        let identity = section.value(
            "identity", IdentitySettings.kind, default: IdentitySettings(),
            "What upstreams are told of the caller, on routes that do not say it themselves.")
        let securityHeaders = section.value(
            "security_headers", .securityHeaders, default: nil,
            "What browsers are told for safety, on routes that do not say it themselves.")
        let gateways = section.optional(
            "gateways", .list(GatewaySettings.kind),
            "Surfaces for kinds of clients, each with its own hosts and routes.")

        reportSharedBinds(section, listeners, admin)
        // Without its gateways nobody knows where a route would be served.
        let isKnown = gateways != nil || !section.has("gateways")
        let served =
            isKnown
            ? ServedRoutes(routes ?? [], gateways ?? [], listeners: listeners.map(\.bind), section.context)
            : ServedRoutes()
        guard let upstreams, let routes else { return nil }
        var configuration = GatewayConfiguration(
            listeners: listeners, admin: admin, trustedProxies: trustedProxies, state: state, limits: limits,
            drainMicroseconds: drain, upstreams: upstreams, authenticators: authenticators,
            authentication: authentication, consumers: consumers,
            plans: plans, routes: routes, accessLog: accessLog, timing: timing, telemetry: telemetry, cache: cache,
            compression: compression,
            nodeID: node.id, nodeZone: node.zone, names: names)
        configuration.identity = identity
        configuration.securityHeaders = securityHeaders
        configuration.gateways = gateways ?? []
        configuration.served = served
        configuration.reportDisagreements(section)
        return configuration
    }

    /// Two listeners on one address: the second could not start, or would take half of the first one's connections.
    private static func reportSharedBinds(
        _ section: SectionReader, _ listeners: [ListenerSettings], _ admin: AdminSettings
    ) {
        var seen: Set<BindAddress> = admin.bind.port == 0 ? [] : [admin.bind]
        for bind in listeners.map(\.bind) where bind.port != 0 && !seen.insert(bind).inserted {
            section.place(of: "listeners").report(
                "\(bind) is bound twice", hint: bind == admin.bind ? "admin has it too" : "remove one of the listeners")
        }
    }
}

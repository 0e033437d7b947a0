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
    /// Open connections to one target, of one node.
    package var maxConnections = 1_024
    /// Requests that wait for a connection to one target, of one node; beyond them 503.
    package var maxPending = 1_024
    /// How long an unused connection is kept.
    package var keepaliveMicroseconds = 60_000_000
    /// Nil: switched off.
    package var breaker: BreakerSettings? = BreakerSettings()
    /// Nil: switched off.
    package var outlier: OutlierSettings? = OutlierSettings()
    /// Of targets with https.
    package var tls = ClientTLSSettings()

    package init(targets: [TargetSettings]) { self.targets = targets }

    static let kind = Kind<UpstreamSettings>.section(
        "upstream", "an upstream such as { targets: [\"http://127.0.0.1:9001\"] }"
    ) { section in
        let targets = section.required(
            "targets", .nonEmpty(.list(TargetSettings.kind)), "The servers: a list of URLs, or of { url, weight }.")
        var upstream = UpstreamSettings(targets: targets ?? [])
        upstream.balance = section.value(
            "balance", .balanceMethod, default: upstream.balance, "How a target is picked.")
        readTimes(section, &upstream)
        upstream.maxConnections = section.value(
            "max_connections", .integer(1...1_000_000), default: upstream.maxConnections,
            "Open connections of one node to one target.")
        upstream.maxPending = section.value(
            "max_pending", .integer(0...1_000_000), default: upstream.maxPending,
            "Requests of one node that may wait for a connection to one target; beyond them 503.")
        upstream.breaker = section.value(
            "breaker", .word("off", nil, or: .breaker), default: upstream.breaker,
            "When the upstream is given a rest; off: never.")
        upstream.outlier = section.value(
            "outlier", .word("off", nil, or: .outlier), default: upstream.outlier,
            "When one of several targets is given a rest; off: never.")
        upstream.tls = section.value(
            "tls", ClientTLSSettings.kind, default: upstream.tls, "How targets with https:// are checked.")
        if section.has("tls"), let targets, !targets.contains(where: \.isSecure) {
            section.place(of: "tls").report("no target of this upstream uses TLS", hint: "write https:// in its URLs")
        }
        section.later("retries", "health")
        return targets.map { _ in upstream }
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
        upstream.keepaliveMicroseconds = section.value(
            "keepalive", .duration(0...86_400_000_000), default: upstream.keepaliveMicroseconds,
            "How long an unused connection is kept; 0s: not at all.")
    }
}

/// One server of an upstream.
package struct TargetSettings: Hashable, Sendable {
    /// An address without brackets, or a host name.
    package var host: String
    package var port: Int
    package var weight = 1
    /// `https`.
    package var isSecure = false

    package init(host: String, port: Int, weight: Int = 1, isSecure: Bool = false) {
        self.host = host
        self.port = port
        self.weight = weight
        self.isSecure = isSecure
    }

    /// As `Host` and in logs: without the default port.
    package var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
    }

    fileprivate static let weighted = Kind<TargetSettings>.section(
        "target", "a target such as { url: http://127.0.0.1:9001, weight: 1 }"
    ) { section in
        let target = section.required("url", .targetURL, "http://host[:port] or https://host[:port]")
        let weight = section.value(
            "weight", .integer(1...1_000), default: 1, "Its share of the requests, relative to the other targets'.")
        guard var target else { return nil }
        target.weight = weight
        return target
    }

    /// The URL alone, or with its weight.
    static let kind = Kind<TargetSettings>(
        noun: "a URL or { url, weight }",
        schema: { drawing in ["anyOf": [Kind.targetURL.schema(drawing), weighted.schema(drawing)]] },
        read: { reader, noun in
            if case .mapping = reader.node.content { return weighted.read(reader) }
            return Kind.targetURL.read(reader)
        })
}

extension Kind where Value == TargetSettings {
    /// A URL may carry a password by mistake, so no message shows it.
    static var targetURL: Kind {
        let noun = "a URL such as http://127.0.0.1:9001"
        return Kind(noun: noun, schema: { _ in .pattern("^https?://") }) { reader, noun in
            guard let text = reader.text(expected: noun) else { return nil }
            return target(at: text.value, reader)
        }
    }

    private static func target(at url: String, _ reader: NodeReader) -> TargetSettings? {
        let parts = url.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].hasSuffix(":"), parts[1].isEmpty else {
            reader.report("expected \(Self.targetURL.noun)")
            return nil
        }
        let scheme = parts[0].dropLast().lowercased()
        guard !["h2c", "grpc", "grpcs"].contains(scheme) else {
            reader.reportNotYet("a target with \(scheme)://")
            return nil
        }
        var authority = parts[2]
        if authority.hasSuffix("/") { authority = authority.dropLast() }
        let isSecure = scheme == "https"
        guard isSecure || scheme == "http", !authority.contains("@") else {
            reader.report("expected \(Self.targetURL.noun)", hint: isSecure || scheme == "http" ? "without user and password" : nil)
            return nil
        }
        guard !authority.contains(where: { "/?#".contains($0) }) else {
            reader.report("a target's URL has no path or query", hint: "write only \(scheme)://host:port")
            return nil
        }
        let hasPort = authority.hasPrefix("[") ? !authority.hasSuffix("]") : authority.contains(":")
        guard !authority.hasPrefix(":"), let address = BindAddress(text: hasPort ? "\(authority)" : "\(authority):\(isSecure ? 443 : 80)"),
            address.port > 0
        else {
            reader.report("expected \(Self.targetURL.noun)")
            return nil
        }
        return TargetSettings(host: address.host, port: address.port, isSecure: isSecure)
    }
}

import Policies

/// The servers of an upstream: where they are, and what is spoken with them.
package struct TargetSettings: Hashable, Sendable {
    /// An address without brackets, or a host name.
    package var host: String
    package var port: Int
    package var weight = 1
    /// Whether connections to it are encrypted.
    package var isSecure = false
    package var speaks = TargetProtocol.http1
    /// Where it stands; nil: it is not said.
    package var zone: String?
    package var resolution = Resolution.addresses

    /// What becomes of a target that is given by name.
    package enum Resolution: Hashable, Sendable {
        /// Each address that the name stands for is a target.
        case addresses
        /// Each service that the name's SRV records list is one (RFC 2782).
        case services
        /// Each new connection looks it up.
        case off
    }

    /// Nil: it has an address, or is looked up by who connects.
    package var watchedName: String? {
        resolution == .off || IPAddress(host) != nil || host == "localhost" ? nil : host
    }

    package init(
        host: String, port: Int, weight: Int = 1, isSecure: Bool = false, speaks: TargetProtocol = .http1
    ) {
        self.host = host
        self.port = port
        self.weight = weight
        self.isSecure = isSecure
        self.speaks = speaks
    }

    /// As `Host` and in logs: without the default port.
    package var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
    }

    private static let weighted = Kind<TargetSettings>.section(
        "target", "a target such as { url: http://127.0.0.1:9001, weight: 1 }"
    ) { section in
        let target = section.required(
            "url", .targetURL, "Scheme, host and port; the scheme is one of \(TargetScheme.names).")
        let weight = section.value(
            "weight", .integer(1...1_000), default: 1, "Its share of the requests, relative to the other targets'.")
        let zone = section.optional(
            "zone", .name("a zone"), "Where it stands; targets of the node's own zone (node.zone) are preferred.")
        let resolution = section.value(
            "resolve", .choice(["addresses": Resolution.addresses, "srv": .services, "off": .off]),
            default: .addresses,
            "What its name stands for: addresses, each a target; srv: the services of its SRV records; off: looked up "
                + "for each connection.")
        guard var target else { return nil }
        target.resolution = resolution
        if resolution == .services, IPAddress(target.host) != nil {
            section.place(of: "resolve").report(
                "an address has no SRV records", hint: "write a name such as _http._tcp.example.com in url")
        }
        target.weight = weight
        target.zone = zone
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

/// `upstreams.*.protocol`: which HTTP is spoken with a target.
package enum TargetProtocol: Hashable, Sendable {
    case http1
    /// Over TLS, or in cleartext with prior knowledge (RFC 9113, 3.3).
    case http2
    /// What the target chooses by ALPN.
    case negotiated
}

extension [TargetSettings] {
    /// The targets with what the upstream's `protocol` says; a URL that says otherwise is a contradiction.
    func speaking(_ choice: TargetProtocol?, _ place: NodeReader) -> [TargetSettings] {
        guard let choice else { return self }
        if choice != .http2, contains(where: { $0.speaks == .http2 }) {
            place.report(
                "a target's URL says that it speaks HTTP/2", hint: "write http:// or https:// there, or remove protocol"
            )
        } else if choice == .negotiated, contains(where: { !$0.isSecure }) {
            place.report(
                "auto is decided by TLS, and a target of this upstream is without",
                hint: "write https:// in its URL, or protocol: http1 or http2")
        }
        return map { target in
            var target = target
            target.speaks = choice
            return target
        }
    }
}

/// The schemes of targets' URLs.
private enum TargetScheme: String, CaseIterable {
    case http, https, h2c, h2, grpc, grpcs

    static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }

    var isSecure: Bool {
        switch self {
        case .https, .h2, .grpcs: true
        case .http, .h2c, .grpc: false
        }
    }

    var speaks: TargetProtocol {
        switch self {
        case .http, .https: .http1
        case .h2c, .h2, .grpc, .grpcs: .http2
        }
    }
}

extension Kind where Value == TargetSettings {
    /// A URL may carry a password by mistake, so no message shows it.
    static var targetURL: Kind {
        let noun = "a URL such as http://127.0.0.1:9001"
        return Kind(noun: noun, schema: { _ in .pattern("^(https?|h2c?|grpcs?)://") }) { reader, noun in
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
        guard let scheme = TargetScheme(rawValue: parts[0].dropLast().lowercased()) else {
            reader.report(
                "expected \(Self.targetURL.noun)", hint: "what stands before :// is one of \(TargetScheme.names)")
            return nil
        }
        var authority = parts[2]
        if authority.hasSuffix("/") { authority = authority.dropLast() }
        guard !authority.contains("@") else {
            reader.report("expected \(Self.targetURL.noun)", hint: "without user and password")
            return nil
        }
        guard !authority.contains(where: { "/?#".contains($0) }) else {
            reader.report("a target's URL has no path or query", hint: "write only \(scheme.rawValue)://host:port")
            return nil
        }
        let hasPort = authority.hasPrefix("[") ? !authority.hasSuffix("]") : authority.contains(":")
        let written = hasPort ? "\(authority)" : "\(authority):\(scheme.isSecure ? 443 : 80)"
        guard !authority.hasPrefix(":"), let address = BindAddress(text: written), address.port > 0 else {
            reader.report("expected \(Self.targetURL.noun)")
            return nil
        }
        return TargetSettings(
            host: address.host, port: address.port, isSecure: scheme.isSecure, speaks: scheme.speaks)
    }
}

import Policies

/// Where Sluice listens: `listeners`, `admin`, `trusted_proxies`.
package struct ListenerSettings: Hashable, Sendable {
    package var bind: BindAddress
    /// Nil: cleartext.
    package var tls: ListenerTLSSettings?
    /// Whether connections begin with a PROXY header that names the client; only those of trusted proxies may.
    package var takesProxyProtocol = false

    static let kind = Kind<ListenerSettings>.section("listener", "a listener such as { bind: 0.0.0.0:8080 }") {
        section in
        let bind = section.required("bind", .bindAddress, "Address and port for clients, such as 0.0.0.0:8080.")
        let tls = section.optional("tls", ListenerTLSSettings.kind, "Certificates for TLS; absent: cleartext.")
        let takesProxyProtocol = section.value(
            "proxy_protocol", .boolean, default: false,
            "Whether trusted proxies name the client first, in a PROXY header.")
        return bind.map { ListenerSettings(bind: $0, tls: tls, takesProxyProtocol: takesProxyProtocol) }
    }
}

/// The listener for health checks, metrics, the admin API and the dashboard.
package struct AdminSettings: Hashable, Sendable {
    package var bind = BindAddress(host: "127.0.0.1", port: 9901)
    /// What `Authorization: Bearer` must carry; nil: nothing is asked, which is only allowed on loopback.
    package var token: Secret?

    static let kind = Kind<AdminSettings>.section("admin", "a mapping with bind and token") { section in
        var settings = AdminSettings()
        settings.bind = section.value(
            "bind", .bindAddress, default: settings.bind, "Address and port of health checks, metrics and admin API.")
        let token = section.optional(
            "token", .secret("the token that the admin API asks for"),
            "Bearer token of the admin listener; needed unless it is on loopback. Empty: none.")
        settings.token = token.flatMap { $0.bytes.isEmpty ? nil : $0 }
        // A token that could not be read was reported by itself.
        if settings.token == nil, !settings.bind.isLoopback, token != nil || !section.has("token") {
            section.place(of: "bind").report(
                "an admin listener that others can reach needs a token",
                hint: "set admin.token, or bind to 127.0.0.1")
        }
        return settings
    }
}

/// A listening address as configured; a name is resolved when the listener starts.
package struct BindAddress: Hashable, Sendable, CustomStringConvertible {
    /// An IPv4 or IPv6 address without brackets, or a host name.
    package var host: String
    /// 0: any free port.
    package var port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Whether only this machine can reach it.
    package var isLoopback: Bool {
        guard let address = IPAddress(host) else { return host == "localhost" }
        return Self.loopback.contains { $0.contains(address) }
    }

    private static let loopback = ["127.0.0.0/8", "::1"].compactMap { try? NetworkRange($0) }

    /// `host:port`, `[::]:port`, `:port`.
    init?(text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(digits: text[text.index(after: colon)...]),
            (0...65_535).contains(port)
        else { return nil }
        let host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            let inner = host.dropFirst().dropLast()
            guard inner.contains(":"), IPAddress(String(inner)) != nil else { return nil }
            self.init(host: String(inner), port: port)
        } else {
            guard host.isEmpty || isHostName(host) else { return nil }
            self.init(host: host.isEmpty ? "0.0.0.0" : String(host), port: port)
        }
    }
}

extension Kind where Value == BindAddress {
    static var bindAddress: Kind {
        let noun = "an address and port such as 0.0.0.0:8080, [::]:8080 or :8080"
        return .scalar(noun, schema: .pattern("^.*:[0-9]{1,5}$"), write: { .string($0.description) }) {
            text throws(ScalarProblem) in
            guard let address = BindAddress(text: text.value) else {
                let isPort = Int(digits: text.value).map { (0...65_535).contains($0) } ?? false
                throw .expected(suggestion: isPort ? ":\(text.value)" : nil)
            }
            return address
        }
    }
}

extension Kind where Value == NetworkRange {
    static var networkRange: Kind {
        let noun = "an address or a block such as 10.0.0.0/8"
        return .scalar(noun, schema: .pattern("^[0-9a-fA-F.:]+(/[0-9]{1,3})?$"), write: { .string($0.description) }) {
            text throws(ScalarProblem) in
            do throws(NetworkRange.Malformed) {
                return try NetworkRange(text.value)
            } catch {
                throw .expected("\(noun)\(text.isInterpolated ? "" : " (\(error.reason))")")
            }
        }
    }
}

/// An IPv4 address or a DNS name, by its letters (RFC 1123, 2.1; `_` is seen in container networks).
func isHostName(_ text: some StringProtocol) -> Bool {
    guard !text.isEmpty, text.utf8.count <= 253, text.utf8.allSatisfy(isNameByte) else { return false }
    return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy {
        !$0.isEmpty && $0.utf8.count <= 63 && !$0.hasPrefix("-") && !$0.hasSuffix("-")
    }
}

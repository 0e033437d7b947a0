/// `listeners[].tls`: how clients are served over TLS. The files are read with the configuration.
package struct ListenerTLSSettings: Hashable, Sendable {
    /// A certificate with those that lead to its root, and its key, in PEM.
    package struct Certificate: Hashable, Sendable {
        package var chain: [UInt8]
        package var key: Secret
        /// Host names it is shown for; empty: those that it was issued for.
        package var hosts: [String] = []

        fileprivate static let kind = Kind<Certificate>.section(
            "certificate", "a certificate such as { chain: cert.pem, key: key.pem }"
        ) { section in
            let chain = section.required(
                "chain", .pemFile("a certificate file"), "File with the certificate, and after it those that signed it."
            )
            let key = section.required("key", .pemFile("a key file"), "File with the certificate's key.")
            let hosts = section.value(
                "hosts", .list(.certificateHost), default: [],
                "Host names it is shown for; absent: those that it was issued for.")
            guard let chain, let key else { return nil }
            return Certificate(chain: chain, key: Secret(key), hosts: hosts)
        }
    }

    package enum ClientAuthentication: String, Hashable, Sendable { case none, optional, required }

    /// At least one; the first is for clients that name no host or one that none is for.
    package var certificates: [Certificate]
    /// Who signs the certificates of clients, in PEM.
    package var clientCA: [UInt8]?
    package var clientAuthentication = ClientAuthentication.none
    package var allowsTLS12 = true
    /// Offered by ALPN, the preferred one first.
    package var protocols = ["h2", "http/1.1"]
    package var handshakeTimeoutMicroseconds = 10_000_000

    package init(certificates: [Certificate]) { self.certificates = certificates }

    static let kind = Kind<ListenerTLSSettings>.section(
        "listener_tls", "a mapping such as { certificates: [{ chain: cert.pem, key: key.pem }] }"
    ) { section in
        let certificates = section.required(
            "certificates", .nonEmpty(.list(Certificate.kind)),
            "Certificates with their keys; which one is shown, the client's server name decides.")
        var tls = ListenerTLSSettings(certificates: certificates ?? [])
        tls.clientCA = section.optional(
            "client_ca", .pemFile("a CA file"), "File with the CA that signs the certificates of clients.")
        tls.clientAuthentication = section.value(
            "client_auth", .choice(["none": .none, "optional": .optional, "required": .required]),
            default: tls.clientCA == nil ? .none : .required, "Whether clients show a certificate.")
        if tls.clientAuthentication != .none, !section.has("client_ca") {
            section.place(of: "client_auth").report(
                "client certificates need a CA to be checked against", hint: "add client_ca, or set client_auth: none")
        }
        tls.allowsTLS12 = section.value(
            "minimum_version", .choice(["1.2": true, "1.3": false]), default: true,
            "The oldest version of TLS that is spoken.")
        tls.protocols = section.value(
            "alpn", .nonEmpty(.list(.choice(["h2": "h2", "http/1.1": "http/1.1"]))), default: tls.protocols,
            "Protocols that are offered, the preferred one first.")
        tls.handshakeTimeoutMicroseconds = section.value(
            "handshake_timeout", .duration(100_000...300_000_000), default: tls.handshakeTimeoutMicroseconds,
            "How long a handshake may take.")
        return certificates.map { _ in tls }
    }
}

extension Kind where Value == String {
    fileprivate static var certificateHost: Kind {
        .scalar("a host name such as api.example.com or *.example.com", schema: ["type": "string"]) {
            text throws(ScalarProblem) in
            let name = text.value.lowercased()
            guard isHostName(name.hasPrefix("*.") ? String(name.dropFirst(2)) : name) else { throw .expected() }
            return name
        }
    }
}

/// `state.tls` and `upstreams.*.tls`: how connections to a server are encrypted. The files are read with the configuration.
package struct ClientTLSSettings: Hashable, Sendable {
    /// In PEM; nil: the roots that the system trusts.
    package var ca: [UInt8]?
    /// What the server shall know this node by, in PEM, with its key; both or none.
    package var certificate: [UInt8]?
    package var key: Secret?
    /// The name in the servers' certificates; nil: the host that is connected to.
    package var serverName: String?
    package var verification = Verification.full

    package enum Verification: String, Hashable, Sendable {
        case full
        /// The name in the certificate does not matter.
        case chain
        case none
    }

    static let kind = Kind<ClientTLSSettings>.section(
        "client_tls", "a mapping with ca, certificate, key, server_name and verify"
    ) { section in
        var tls = ClientTLSSettings()
        tls.ca = section.optional("ca", .pemFile("a CA file"), "File with the CA's certificates; absent: the system's.")
        tls.certificate = section.optional(
            "certificate", .pemFile("a certificate file"),
            "File with this node's certificate, for the server to verify.")
        tls.key = section.optional("key", .pemFile("a key file"), "File with the certificate's key.").map { Secret($0) }
        tls.serverName = section.optional(
            "server_name", .serverName, "Name in the servers' certificates; absent: the host that is connected to.")
        tls.verification = section.value(
            "verify", .choice(["full": .full, "chain": .chain, "none": .none]), default: tls.verification,
            "What of a server's certificate is checked: signer and name, the signer only, or nothing.")
        for (present, absent) in [("certificate", "key"), ("key", "certificate")]
        where section.has(present) && !section.has(absent) {
            section.place(of: present).report(
                "a certificate and its key belong together", hint: "add \(absent), or remove \(present)")
        }
        return tls
    }
}

extension Kind where Value == String {
    fileprivate static var serverName: Kind {
        .scalar("a host name", schema: .pattern("^[A-Za-z0-9_.-]+$"), write: { .string($0) }) {
            text throws(ScalarProblem) in
            guard isHostName(text.value) else { throw .expected() }
            return text.value
        }
    }
}

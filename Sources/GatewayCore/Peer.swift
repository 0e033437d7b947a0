import HTTPWire

/// The other end of a downstream connection.
package final class Peer {
    /// The peer's address as text, without port; `unix` for a local socket.
    package var address: String { didSet { forwardedFor = Self.forwardedFor(address) } }
    /// As the parameter of `Forwarded` (RFC 7239 §6): IPv6 addresses are bracketed and quoted.
    package private(set) var forwardedFor: [UInt8]
    /// It speaks TLS with this node.
    package var isSecure = false
    package var isHTTP2 = false
    /// What it has shown in the handshake, and the listener's CA has signed.
    package var certificate: PeerCertificate?
    /// Its forwarding headers are believed (`trusted_proxies`).
    package var isTrusted = false
    /// The configuration generation that `isTrusted` and `surface` were decided by.
    package var generation = -1

    /// The listener that accepted it, by its address as configured; empty: of no listener.
    package var listener = ""
    /// Which routes the listener has, by the configuration of that generation.
    package var surface = 0

    package init(address: String) {
        self.address = address
        forwardedFor = Self.forwardedFor(address)
    }

    private static func forwardedFor(_ address: String) -> [UInt8] {
        Array((address.utf8.contains(0x3A) ? "for=\"[\(address)]\"" : "for=\(address)").utf8)
    }

    /// As in a URL.
    package var scheme: StaticString { isSecure ? "https" : "http" }
}

/// The certificate of a client (mutual TLS).
package final class PeerCertificate: Sendable {
    /// In the form of RFC 4514: `CN=client,O=Example`.
    package let subject: String
    /// The value of `CN` in it, if there is one.
    package let commonName: String?
    /// Its alternative names: DNS names, URIs, mail addresses, IP addresses.
    package let names: [String]
    /// Field lines that tell the upstream: `Client-Cert` (RFC 9440), `X-Client-Cert-Subject`, `X-Client-Cert-SAN`.
    package let lines: [UInt8]

    package init(subject: String, commonName: String? = nil, names: [String], lines: [UInt8]) {
        self.subject = subject
        self.commonName = commonName
        self.names = names
        self.lines = lines
    }
}

import HTTPWire

/// The other end of a downstream connection.
package final class Peer {
    /// The peer's address as text, without port; `unix` for a local socket.
    package let address: String
    /// Its forwarding headers are believed (`trusted_proxies`).
    package var isTrusted = false
    /// The configuration generation that `isTrusted` was decided by.
    package var generation = -1

    package init(address: String) { self.address = address }
}

/// An authenticated caller.
package final class Identity: Sendable {
    /// The consumer's id, or a token's subject when no consumer of that id is configured.
    package let consumer: String
    package let plan: String?
    package let scopes: [String]
    /// A token's claims by name, as text, for `per: claim`; empty for API keys.
    package let claims: [String: String]

    package init(consumer: String, plan: String? = nil, scopes: [String] = [], claims: [String: String] = [:]) {
        self.consumer = consumer
        self.plan = plan
        self.scopes = scopes
        self.claims = claims
    }
}

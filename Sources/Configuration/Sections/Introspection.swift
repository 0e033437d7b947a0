import Policies

/// `introspection` of an authenticator: opaque tokens, which an authorisation server is asked about (RFC 7662).
package struct IntrospectionSettings: Hashable, Sendable {
    package var url: ServiceURL
    package var clientID: String
    package var clientSecret: Secret
    package var memoryMicroseconds: Int
    package var timeoutMicroseconds: Int
    /// One of them must be among the token's; empty: any.
    package var audiences: [String]
    package var scopesClaim: String
    package var rolesClaim: String
    /// Nil: `sub`, else `client_id`, else `username`.
    package var consumerClaim: String?

    static let kind = Kind<IntrospectionSettings>.section(
        "introspection", "a mapping such as { url: \"https://idp/introspect\", client_id: gateway, client_secret: … }"
    ) { section in
        let url = section.required("url", .serviceURL, "Where tokens are asked about.")
        let id = section.required("client_id", .text("the gateway's client id"), "Who the gateway is there.")
        let secret = section.required(
            "client_secret", .secret("the gateway's secret"), "Its secret; file:PATH reads it from a file.")
        let memory = section.value(
            "cache", .duration(0...3_600_000_000), default: 30_000_000,
            "How long an answer is believed; a token's own end may come sooner.")
        let timeout = section.value(
            "timeout", .duration(10_000...30_000_000), default: 2_000_000, "How long an answer is waited for.")
        let audiences = section.value(
            "audience", .oneOrMany(.text("an expected aud")), default: [], "The audiences (aud) that are accepted.")
        let scopes = section.value("scopes_claim", .claimPath, default: "scope", "Where scopes are.")
        let roles = section.value("roles_claim", .claimPath, default: "roles", "Where roles are.")
        let consumer = section.optional(
            "consumer_claim", .claimPath,
            "Where the consumer's id is; absent: in sub, else client_id, else username.")
        guard let url, let id, let secret else { return nil }
        return IntrospectionSettings(
            url: url, clientID: id, clientSecret: secret, memoryMicroseconds: memory, timeoutMicroseconds: timeout,
            audiences: audiences, scopesClaim: scopes, rolesClaim: roles, consumerClaim: consumer)
    }
}

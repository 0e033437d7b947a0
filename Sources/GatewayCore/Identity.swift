import JSON

/// An authenticated caller. Immutable, and one object for as long as its credential is remembered, so that what is worked
/// out from it may be remembered with it.
package final class Identity: Sendable {
    /// The consumer's id, or a token's subject when no consumer of that id is configured.
    package let consumer: String
    package let plan: String?
    /// What the credential allows, and what the consumer is allowed by configuration.
    package let scopes: [String]
    /// Of a token, by its authenticator's `roles_claim`.
    package let roles: [String]
    /// What the credential says of its bearer: a token's claims, or of a client certificate `subject` and `names`; empty for
    /// kinds of credentials that say nothing.
    package let claims: JSONObject
    /// All that its consumer is entitled to is in it; else there may be more, in Redis.
    package let isComplete: Bool

    package init(
        consumer: String, plan: String? = nil, scopes: [String] = [], roles: [String] = [],
        claims: JSONObject = JSONObject(), isComplete: Bool = false
    ) {
        self.isComplete = isComplete
        self.consumer = consumer
        self.plan = plan
        self.scopes = scopes
        self.roles = roles
        self.claims = claims
    }

    /// The claim at this path; nil if there is none.
    package func claim(_ path: ClaimPath) -> JSONValue? { path.value(in: claims) }

    /// What tells callers apart by this claim: a scalar as its text, anything else as JSON. Nil where it is absent or null.
    package func claimText(_ path: ClaimPath) -> String? {
        switch claim(path) {
        case nil, .null?: nil
        case let value?: value.scalarText ?? String(decoding: JSONWriter.write(value), as: UTF8.self)
        }
    }

    /// Byte by byte: Swift's `==` would also hold for other spellings that Unicode calls equivalent.
    package func hasScope(_ scope: String) -> Bool { scopes.contains { isSameText($0, scope) } }
    package func hasRole(_ role: String) -> Bool { roles.contains { isSameText($0, role) } }
}

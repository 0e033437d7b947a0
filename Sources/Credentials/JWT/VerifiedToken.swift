import JSON

/// The claims of a token whose signature was checked (RFC 7519 section 4.1). A class, so that remembering and passing
/// it on costs one reference count.
package final class VerifiedToken: Sendable {
    package let subject: String?
    package let issuer: String?
    package let audiences: [String]
    /// Seconds since 1970, fractions rounded up: compared with a clock of whole seconds that is the exact border.
    package let expiry: Int?
    package let notBefore: Int?
    package let issued: Int?
    /// From `scope` (RFC 8693 section 4.2) and `scp`, or from where the configuration says.
    package let scopes: [String]
    package let roles: [String]
    package let claims: JSONObject

    init(claims: JSONObject, _ configuration: JWTVerifier.Configuration) throws(JWTFailure) {
        self.claims = claims
        subject = try Self.text(claims["sub"])
        issuer = try Self.text(claims["iss"])
        audiences = try Self.list(claims["aud"])
        expiry = try Self.time(claims["exp"])
        notBefore = try Self.time(claims["nbf"])
        issued = try Self.time(claims["iat"])
        let lists =
            if let path = configuration.scopesClaim {
                try Self.list(path.value(in: claims))
            } else {
                try Self.list(claims["scope"]) + Self.list(claims["scp"])
            }
        scopes = lists.flatMap { $0.split(separator: " ").map(String.init) }
        if let path = configuration.rolesClaim {
            roles = try Self.list(path.value(in: claims))
        } else {
            // Not said to be anyone's roles, so of another type it is something else.
            roles = claims["roles"]?.stringList ?? []
        }
    }

    package func hasScope(_ scope: String) -> Bool {
        scopes.contains { isSameText($0, scope) }
    }

    private static func text(_ claim: JSONValue?) throws(JWTFailure) -> String? {
        guard let claim else { return nil }
        guard let text = claim.string else { throw .malformed }
        return text
    }

    private static func list(_ claim: JSONValue?) throws(JWTFailure) -> [String] {
        guard let claim else { return [] }
        guard let list = claim.stringList else { throw .malformed }
        return list
    }

    private static func time(_ claim: JSONValue?) throws(JWTFailure) -> Int? {
        guard let claim else { return nil }
        guard let time = claim.number?.roundedUp else { throw .malformed }
        return time
    }
}

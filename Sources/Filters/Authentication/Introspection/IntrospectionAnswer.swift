import JSON

/// What an authorisation server says of a token (RFC 7662 §2.2).
struct IntrospectionAnswer: Sendable {
    let isActive: Bool
    let claims: JSONObject
    /// Seconds since 1970; nil: it does not say.
    let expiry: Int?

    /// Nil: it is no such answer.
    init?(_ body: [UInt8]) {
        guard let claims = (try? JSONReader.read(body))?.object, case .bool(let isActive)? = claims["active"] else {
            return nil
        }
        if let expiry = claims["exp"] {
            guard let seconds = expiry.number?.roundedUp else { return nil }
            self.expiry = seconds
        } else {
            expiry = nil
        }
        self.isActive = isActive
        self.claims = claims
    }

    /// Whether it is for one of these, or there are none.
    func isMeant(for audiences: [String]) -> Bool {
        guard !audiences.isEmpty else { return true }
        return (claims["aud"]?.stringList ?? []).contains { named in audiences.contains { isSameText($0, named) } }
    }
}

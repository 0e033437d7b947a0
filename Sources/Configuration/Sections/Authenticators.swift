/// `authenticators`: the ways a caller can prove who it is, each under a name that routes refer to.
package enum AuthenticatorSettings: Hashable, Sendable {
    case jwt(JWTSettings)
    case apiKey(APIKeySettings)

    static let kind = Kind<AuthenticatorSettings>.section(
        "authenticator", "an authenticator such as { jwt: … } or { api_key: … }"
    ) { section in
        let jwt = section.optional("jwt", JWTSettings.kind, "A signed token in Authorization: Bearer.")
        let apiKey = section.optional("api_key", APIKeySettings.kind, "A key that belongs to a consumer.")
        let isLater = section.later("basic", "hmac", "mtls", "introspection", "forward")
        switch (section.has("jwt"), section.has("api_key")) {
        case (true, true):
            section.reader.report("an authenticator is of one kind", hint: "give jwt and api_key a name each")
            return nil
        case (true, false): return jwt.map(AuthenticatorSettings.jwt)
        case (false, true): return apiKey.map(AuthenticatorSettings.apiKey)
        case (false, false):
            if !isLater { section.reader.report("expected a kind of authenticator", hint: "add jwt or api_key") }
            return nil
        }
    }
}

/// Where a request carries its API key.
package enum APIKeySettings: Hashable, Sendable {
    case header(String)
    case query(String)

    static let kind = Kind<APIKeySettings>.section("api_key", "a mapping such as { header: X-API-Key }") { section in
        let header = section.optional(
            "header", .token("the name of a header field"),
            "The header that carries the key; X-API-Key if nothing is set.")
        let query = section.optional("query", .text("the name of a query parameter"), "The query parameter that does.")
        if section.has("header"), section.has("query") {
            section.place(of: "query").report("a key is either in a header or in the query", hint: "remove one of them")
            return nil
        }
        if section.has("query") { return query.map(APIKeySettings.query) }
        return section.has("header") ? header.map(APIKeySettings.header) : .header("X-API-Key")
    }
}

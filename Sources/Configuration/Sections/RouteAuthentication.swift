/// `auth` of a route: who may take it.
package struct RouteAuthentication: Hashable, Sendable {
    /// Names of authenticators, tried in this order; one must accept the request. At least one.
    package var anyOf: [String]
    /// All of them must be the caller's.
    package var scopes: [String]
}

extension Kind where Value == RouteAuthentication? {
    /// `none`, a name, or `{ any: […], scopes: […] }`.
    static var routeAuthentication: Kind {
        let full = Kind.section("auth", "a mapping such as { any: [main, keys], scopes: [users.read] }") { section in
            let anyOf = section.optional(
                "any", .oneOrMany(.reference(to: .authenticators)), "Authenticators, one of which must accept.")
            let scopes = section.value("scopes", .oneOrMany(.scope), default: [], "Scopes that the caller must have.")
            let isLater = section.later("all", "optional")
            if !section.has("any"), !isLater {
                section.reader.report("the key \"any\" is missing", hint: "it lists the authenticators")
            }
            return anyOf.map { RouteAuthentication(anyOf: $0, scopes: scopes) }
        }
        let name = Kind<String>.reference(to: .authenticators)
        let noun = "none, the name of an authenticator, or { any: […], scopes: […] }"
        return Kind(
            noun: noun,
            schema: { drawing in ["anyOf": [["type": "string"], full.schema(drawing)]] },
            read: { reader, noun in
                if reader.isWord("none") { return .some(nil) }
                if case .mapping = reader.node.content { return full.read(reader) }
                guard let name = name.described(as: noun).read(reader) else { return nil }
                return RouteAuthentication(anyOf: [name], scopes: [])
            })
    }
}

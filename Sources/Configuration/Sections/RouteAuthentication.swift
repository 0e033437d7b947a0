/// `auth` of a route: who may take it.
package struct RouteAuthentication: Hashable, Sendable {
    package enum Rule: Hashable, Sendable { case any, all }

    /// Names of authenticators, asked in this order. At least one.
    package var authenticators: [String]
    /// Whether one of them must accept the request, or each.
    package var rule = Rule.any
    /// Requests without a credential pass too, as nobody's.
    package var isOptional = false
    /// What the caller must have, whatever the method.
    package var access = AccessSettings()
    /// What it must have besides, by method; `GET` is for `HEAD` too.
    package var methods: [String: AccessSettings] = [:]
}

extension Kind where Value == RouteAuthentication? {
    /// `none`, a name, or `{ any: […], scopes: […] }`.
    static var routeAuthentication: Kind {
        let full = Kind.section("auth", "a mapping such as { any: [main, keys], scopes: [users.read] }") { section in
            RouteAuthentication.read(section)
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
                return RouteAuthentication(authenticators: [name])
            })
    }
}

extension RouteAuthentication {
    fileprivate static func read(_ section: SectionReader) -> RouteAuthentication? {
        let names = Kind<[String]>.oneOrMany(.reference(to: .authenticators))
        let anyOf = section.optional("any", names, "Authenticators, one of which must accept.")
        let allOf = section.optional("all", names, "Authenticators, each of which must accept.")
        let isOptional = section.value(
            "optional", .boolean, default: false,
            "Whether requests without any credential pass too, as nobody's; a bad credential never does.")
        let access = AccessSettings.read(section)
        let methods = section.value(
            "methods", .accessByMethod, default: [:], "What the caller must have besides, by the request's method.")
        switch (section.has("any"), section.has("all")) {
        case (true, true):
            section.place(of: "all").report(
                "one of any and all can be said, not both", hint: "keep one of them")
            return nil
        case (false, false):
            section.reader.report("the key \"any\" is missing", hint: "it lists the authenticators")
            return nil
        default: break
        }
        guard let authenticators = anyOf ?? allOf else { return nil }
        return RouteAuthentication(
            authenticators: authenticators, rule: section.has("all") ? .all : .any, isOptional: isOptional,
            access: access, methods: methods)
    }
}

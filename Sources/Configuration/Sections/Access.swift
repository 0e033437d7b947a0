/// What a caller must have to be let in: keys of `auth`, and of its `methods`.
package struct AccessSettings: Hashable, Sendable {
    /// All of them.
    package var scopes: [String] = []
    /// One of them; empty: none is asked for.
    package var roles: [String] = []
    /// By the claim's path: the values of which it must have one.
    package var claims: [String: [String]] = [:]
    /// Ids, one of which must be the caller's; empty: anybody's.
    package var consumers: [String] = []

    package init(
        scopes: [String] = [], roles: [String] = [], claims: [String: [String]] = [:], consumers: [String] = []
    ) {
        self.scopes = scopes
        self.roles = roles
        self.claims = claims
        self.consumers = consumers
    }

    static func read(_ section: SectionReader) -> AccessSettings {
        AccessSettings(
            scopes: section.value("scopes", .oneOrMany(.scope), default: [], "Scopes that the caller must have, all."),
            roles: section.value(
                "roles", .oneOrMany(.text("a role")), default: [], "Roles of which the caller must have one."),
            claims: section.value(
                "claims", .claimValues, default: [:],
                "Claims by their path, and the value, or the values of which one, that they must have."),
            consumers: section.value(
                "consumers", .oneOrMany(.text("a consumer's id")), default: [], "The only callers that are let in."))
    }
}

extension Kind where Value == [String: [String]] {
    /// `{ tenant: acme, "realm.level": [1, 2] }`.
    fileprivate static var claimValues: Kind {
        let values = Kind<[String]>.oneOrMany(.text("a value"))
        return Kind<[(String, [String])]>.entries(
            noun: "a mapping from claims to values such as { tenant: [a, b] }", schema: values.schema
        ) { key, reader in
            guard let path = Kind<String>.claimPath.read(reader.ofKey(key)), let values = values.read(reader) else {
                return nil
            }
            return (path, values)
        }.map { pairs, _ in Dictionary(pairs, uniquingKeysWith: { first, _ in first }) }
    }
}

extension Kind where Value == [String: AccessSettings] {
    /// `{ POST: { scopes: users.write } }`.
    static var accessByMethod: Kind {
        let access = Kind<AccessSettings>.section("access", "a mapping such as { scopes: [users.write] }") {
            AccessSettings.read($0)
        }
        return Kind<[(String, AccessSettings)]>.entries(
            noun: "a mapping from methods such as { POST: { scopes: [users.write] } }", schema: access.schema
        ) { key, reader in
            let method = Kind<String>.token("a method such as POST").read(reader.ofKey(key))
            guard let method, let access = access.read(reader) else { return nil }
            if method != method.uppercased() {
                reader.ofKey(key).report(
                    "\(quoted(method)): methods are written in capitals",
                    hint: "did you mean \(quoted(method.uppercased()))?")
                return nil
            }
            return (method, access)
        }.map { pairs, _ in Dictionary(pairs, uniquingKeysWith: { first, _ in first }) }
    }
}

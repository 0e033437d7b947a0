import Policies

/// Where a request carries its API key.
package enum APIKeySettings: Hashable, Sendable {
    case header(String)
    case query(String)
    case cookie(String)

    static let kind = Kind<APIKeySettings>.section("api_key", "a mapping such as { header: X-API-Key }") { section in
        let header = section.optional(
            "header", .token("the name of a header field"),
            "The header that carries the key; X-API-Key if nothing is set.")
        let query = section.optional("query", .text("the name of a query parameter"), "The query parameter that does.")
        let cookie = section.optional("cookie", .token("the name of a cookie"), "The cookie that does.")
        let places = ["header", "query", "cookie"].filter { section.has($0) }
        guard places.count <= 1 else {
            section.place(of: places[1]).report(
                "a key is in one place: a header, the query or a cookie", hint: "remove one of them")
            return nil
        }
        if section.has("query") { return query.map(APIKeySettings.query) }
        if section.has("cookie") { return cookie.map(APIKeySettings.cookie) }
        return section.has("header") ? header.map(APIKeySettings.header) : .header("X-API-Key")
    }
}

/// One of a consumer's API keys, of which only the digest is known.
package struct ConsumerKeySettings: Hashable, Sendable {
    /// `sha256:` and 64 lower-case hexadecimal digits; no key is there twice.
    package var hash: String
    /// Seconds since 1970, from which on it is refused; nil: never.
    package var expires: Int?
    /// What it may do in place of what its consumer may; nil: the same.
    package var scopes: [String]?
    /// The plan that counts in place of its consumer's.
    package var plan: String?
    /// From where it may be used; empty: from anywhere.
    package var addresses: [NetworkRange] = []

    package init(hash: String) { self.hash = hash }

    /// The digest alone, or a mapping.
    static var kind: Kind<ConsumerKeySettings> {
        let full = Kind<ConsumerKeySettings>.section("consumer_key", "a key such as { sha256: …, expires: 2027-01-01 }")
        {
            section in
            let hash = section.required("sha256", .keyHash, "The SHA-256 of the key, never the key itself.")
            let expires = section.optional(
                "expires", .instant, "When it ends: a day (its first moment in UTC) or a time; absent: never.")
            let scopes = section.optional(
                "scopes", .oneOrMany(.scope), "What it may do, in place of what its consumer may.")
            let plan = section.optional(
                "plan", .reference(to: .plans), "The plan whose limits apply, in place of its consumer's.")
            let addresses = section.value(
                "addresses", .oneOrMany(.networkRange), default: [], "From where it may be used; absent: anywhere.")
            guard let hash else { return nil }
            var key = ConsumerKeySettings(hash: hash)
            (key.expires, key.scopes, key.plan, key.addresses) = (expires, scopes, plan, addresses)
            return key
        }
        let noun = "sha256: and 64 hexadecimal digits, or a mapping with sha256, expires, scopes, plan and addresses"
        return Kind(
            noun: noun,
            schema: { drawing in ["anyOf": [Kind<String>.keyHash.schema(drawing), full.schema(drawing)]] },
            read: { reader, _ in
                if case .mapping = reader.node.content { return full.read(reader) }
                return Kind<String>.keyHash.read(reader).map { ConsumerKeySettings(hash: $0) }
            })
    }
}

extension Kind where Value == String {
    /// With `sha256:` or without. A key in clear may stand here by mistake, so no message shows it.
    fileprivate static var keyHash: Kind {
        let noun = "the hash of an API key: sha256: and 64 hexadecimal digits"
        return Kind(noun: noun, schema: { _ in .pattern("^(sha256:)?[0-9a-fA-F]{64}$") }) { reader, noun in
            guard let text = reader.text(expected: noun) else { return nil }
            let written = text.value.lowercased()
            let digits = written.hasPrefix("sha256:") ? written.dropFirst("sha256:".count) : written[...]
            guard digits.utf8.count == 64, digits.allSatisfy({ $0.isHexDigit && $0.isASCII }) else {
                reader.report("expected \(noun)", hint: "make it with: printf %s KEY | sha256sum")
                return nil
            }
            let hash = "sha256:\(digits)"
            reader.context.claim(hash, asThe: "API key", isShown: false, at: reader)
            return hash
        }
    }
}

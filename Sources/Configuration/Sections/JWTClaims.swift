import Policies

/// What `jwt` says of a token's claims besides its issuer, audience and times. Paths lead into objects by dots.
package struct JWTClaimRules: Hashable, Sendable {
    /// Accepted values of the header's `typ`, in lower case and without `application/`; empty: any.
    package var types: [String] = []
    /// Claims that have to be there.
    package var required: [String] = []
    /// Nil: `scope` and `scp`.
    package var scopes: String?
    /// Nil: `roles`.
    package var roles: String?
    /// Nil: `sub`, else `client_id`, else `azp`.
    package var consumer: String?
    /// Nil: however long ago it was issued.
    package var maximumAgeMicroseconds: Int?

    static func read(_ section: SectionReader) -> JWTClaimRules {
        var rules = JWTClaimRules()
        let types = section.value(
            "typ", .oneOrMany(.text("a media type such as at+jwt")), default: [],
            "The types (typ) that are accepted, such as at+jwt; absent: any.")
        rules.types = types.map { type in
            let type = type.lowercased()
            return type.hasPrefix("application/") ? String(type.dropFirst("application/".count)) : type
        }
        rules.required = section.value(
            "required_claims", .oneOrMany(.claimPath), default: [], "Claims that a token has to have.")
        rules.scopes = section.optional("scopes_claim", .claimPath, "Where scopes are; absent: in scope and scp.")
        rules.roles = section.optional(
            "roles_claim", .claimPath, "Where roles are, such as realm_access.roles; absent: in roles.")
        rules.consumer = section.optional(
            "consumer_claim", .claimPath, "Where the consumer's id is; absent: in sub, else client_id, else azp.")
        rules.maximumAgeMicroseconds = section.optional(
            "max_age", .duration(1_000_000...31_536_000_000_000), "How long ago a token may have been issued (iat).")
        return rules
    }
}

/// `jwks`: where it is fetched, or what it is.
struct KeySetSource: Sendable {
    var url: ServiceURL?
    var text: Secret?
}

extension Kind where Value == KeySetSource {
    static var keySet: Kind {
        let noun = "a URL such as https://idp.example/keys, or file:PATH of a key set"
        let written = Kind<Secret>.secret(noun)
        return Kind(noun: noun, schema: { _ in .pattern("^(https?://|file:)") }) { reader, noun in
            guard let text = reader.text(expected: noun) else { return nil }
            if let url = ServiceURL(text.value) { return KeySetSource(url: url) }
            guard text.value.hasPrefix("file:") else {
                reader.report("\(quoted(text.written)): expected \(noun)")
                return nil
            }
            return written.read(reader).map { KeySetSource(text: $0) }
        }
    }
}

extension Kind where Value == String {
    /// The path of a claim: `tenant`, `realm_access.roles`, `https://example.com/roles`.
    static var claimPath: Kind {
        .scalar("a claim such as sub or realm_access.roles", schema: ["type": "string"], write: { .string($0) }) {
            text throws(ScalarProblem) in
            let isPath = text.value.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F } && text.value.utf8.count <= 256
            guard isPath, !text.value.isEmpty else { throw .expected() }
            return text.value
        }
    }
}

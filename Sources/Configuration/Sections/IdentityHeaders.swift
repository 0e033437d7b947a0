/// `identity` of a route, and of all routes at the top: what upstreams are told of the caller.
package struct IdentitySettings: Hashable, Sendable {
    /// Fields and their templates, in the order of the file.
    package struct Header: Hashable, Sendable {
        package var name: String
        package var template: String
    }

    package var headers: [Header] = []
    /// Whether the credential itself is taken out of the request.
    package var stripsCredential = false

    static let kind = Kind<IdentitySettings>.section(
        "identity", "a mapping such as { headers: { X-User: \"{claims.sub}\" }, credential: strip }"
    ) { section in
        let headers = section.value(
            "headers", .identityHeaders, default: [],
            "Fields for upstreams, with {consumer.id}, {consumer.plan}, {scopes}, {roles} and {claims.PATH} in them.")
        let strips = section.value(
            "credential", .choice(["keep": false, "strip": true]), default: false,
            "Whether the upstream gets the credential too.")
        return IdentitySettings(headers: headers, stripsCredential: strips)
    }
}

extension Kind where Value == [IdentitySettings.Header] {
    fileprivate static var identityHeaders: Kind {
        let template = Kind<String>.identityTemplate
        return .entries(
            noun: "a mapping from fields such as { X-User: \"{claims.sub}\" }", schema: template.schema
        ) { key, reader in
            let name = Kind<String>.token("the name of a header field").read(reader.ofKey(key))
            guard let name, let template = template.read(reader) else { return nil }
            if reservedFields.contains(name.lowercased()) {
                reader.ofKey(key).report("\(quoted(name)) is the gateway's own field", hint: "choose another name")
                return nil
            }
            return IdentitySettings.Header(name: name, template: template)
        }
    }
}

/// Fields on which the framing, the way or the authentication of a request depends.
private let reservedFields: Set<String> = [
    "host", "connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade", "keep-alive", "expect",
    "proxy-connection", "proxy-authorization", "authorization", "via", "forwarded", "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto", "x-request-id", "traceparent", "cookie", "client-cert", "client-cert-chain", "date",
]

extension Kind where Value == String {
    fileprivate static var identityTemplate: Kind {
        let noun = "text with {consumer.id}, {consumer.plan}, {scopes}, {roles} or {claims.PATH} in it"
        return .scalar(noun, schema: ["type": "string"], write: { .string($0) }) { text throws(ScalarProblem) in
            guard isIdentityTemplate(text.value) else { throw .expected() }
            return text.value
        }
    }
}

private func isIdentityTemplate(_ text: String) -> Bool {
    guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return false }
    var rest = text[...]
    while let open = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
        guard rest[open] == "{", let close = rest[open...].firstIndex(of: "}") else { return false }
        let name = rest[rest.index(after: open)..<close]
        let isKnown = ["consumer.id", "consumer.plan", "scopes", "roles"].contains(String(name))
        guard isKnown || (name.hasPrefix("claims.") && name.count > 7 && !name.contains("{")) else { return false }
        rest = rest[rest.index(after: close)...]
    }
    return true
}

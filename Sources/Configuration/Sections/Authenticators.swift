/// `authenticators`: the ways a caller can prove who it is, each under a name that routes refer to.
package enum AuthenticatorSettings: Hashable, Sendable {
    case jwt(JWTSettings)
    case apiKey(APIKeySettings)
    case certificate(CertificateSettings)
    case basic(BasicSettings)
    case introspection(IntrospectionSettings)
    case forward(ForwardAuthenticationSettings)
    case signature(SignatureSettings)
    case anonymous(AnonymousSettings)

    static let kind = Kind<AuthenticatorSettings>.section(
        "authenticator", "an authenticator such as { jwt: … } or { api_key: … }"
    ) { section in
        let jwt = section.optional("jwt", JWTSettings.kind, "A signed token in Authorization: Bearer.")
        let apiKey = section.optional("api_key", APIKeySettings.kind, "A key that belongs to a consumer.")
        let certificate = section.optional(
            "mtls", CertificateSettings.kind, "The certificate that the client has shown to the listener.")
        let basic = section.optional("basic", BasicSettings.kind, "A name and a password, in Authorization: Basic.")
        let introspection = section.optional(
            "introspection", IntrospectionSettings.kind, "An opaque token, which its issuer is asked about.")
        let forward = section.optional(
            "forward", ForwardAuthenticationSettings.kind, "Whatever a service says that is asked about each request.")
        let signature = section.optional(
            "signature", SignatureSettings.kind, "A signature of the request by a key that is known.")
        let anonymous = section.optional(
            "anonymous", AnonymousSettings.kind, "No credential at all; to be named after the others.")
        let given = kinds.filter { section.has($0) }
        guard given.count <= 1 else {
            section.reader.report(
                "an authenticator is of one kind", hint: "give \(given.joined(separator: " and ")) a name each")
            return nil
        }
        if given.isEmpty {
            section.reader.report(
                "expected a kind of authenticator", hint: "add one of \(kinds.joined(separator: ", "))")
        }
        if let basic { return .basic(basic) }
        if let introspection { return .introspection(introspection) }
        if let forward { return .forward(forward) }
        if let signature { return .signature(signature) }
        if let anonymous { return .anonymous(anonymous) }
        return jwt.map(AuthenticatorSettings.jwt) ?? apiKey.map(AuthenticatorSettings.apiKey)
            ?? certificate.map(AuthenticatorSettings.certificate)
    }
}

private let kinds = ["jwt", "api_key", "mtls", "basic", "signature", "introspection", "forward", "anonymous"]

/// Whom a client certificate stands for.
package enum CertificateSettings: Hashable, Sendable {
    case commonName, subject, name

    static let kind = Kind<CertificateSettings>.section("mtls", "a mapping such as { by: common_name }") { section in
        section.value(
            "by", .choice(["common_name": .commonName, "subject": .subject, "name": .name]), default: .commonName,
            "What of the certificate is the consumer's id; name: its first alternative name.")
    }
}

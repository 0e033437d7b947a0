import Policies

/// `jwt` of an authenticator: which signed tokens are believed.
package struct JWTSettings: Hashable, Sendable {
    package enum Algorithm: String, Hashable, Sendable {
        case hs256 = "HS256"
        case hs384 = "HS384"
        case hs512 = "HS512"
        case rs256 = "RS256"
        case rs384 = "RS384"
        case rs512 = "RS512"
        case ps256 = "PS256"
        case ps384 = "PS384"
        case ps512 = "PS512"
        case es256 = "ES256"
        case es384 = "ES384"
        case es512 = "ES512"
        case edDSA = "EdDSA"

        var isSymmetric: Bool { self == .hs256 || self == .hs384 || self == .hs512 }
        static let symmetric: [Algorithm] = [.hs256, .hs384, .hs512]
        static let asymmetric: [Algorithm] = [
            .rs256, .rs384, .rs512, .ps256, .ps384, .ps512, .es256, .es384, .es512, .edDSA,
        ]
    }

    /// Where keys are fetched.
    package enum Provider: Hashable, Sendable {
        case keySet(ServiceURL)
        /// By OpenID Connect Discovery; the issuer.
        case issuer(ServiceURL)
    }

    /// What verifies signatures. Key material is as configured; whether a PEM can be used is for Credentials to say.
    package enum Material: Hashable, Sendable {
        /// HS256; at least 32 bytes.
        case secret(Secret)
        /// RS256 or ES256; PEM text.
        case publicKey(pem: [UInt8])
    }

    package struct Key: Hashable, Sendable {
        /// `kid`; nil only for the one key that is given without `keys`.
        package var id: String?
        /// Nil: what the kind of key and `algorithms` say.
        package var algorithm: Algorithm?
        package var material: Material
    }

    /// At least one.
    package var algorithms: [Algorithm]
    /// At least one, unless there is a provider.
    package var keys: [Key]
    /// Nil: `keys` are all.
    package var provider: Provider?
    /// A key set that is written or named in the configuration, as JSON; whether it can be used is for Credentials to say.
    package var keySet: Secret?
    package var claims = JWTClaimRules()
    /// Nil: any.
    package var issuer: String?
    /// One of them must be among the token's; empty: any.
    package var audiences: [String]
    /// By how much clocks may differ.
    package var leewayMicroseconds: Int
    /// The query parameter with the token of a WebSocket handshake without `Authorization`: browsers can't set that.
    package var query: String?
    /// The subprotocol after which a WebSocket handshake names its token as another one.
    package var subprotocol: String?

    /// A token without `kid` is tried with all of them.
    private static let mostKeys = 16

    static let kind = Kind<JWTSettings>.section(
        "jwt", "a mapping such as { algorithms: [RS256], public_key: file:key.pem }"
    ) { section in
        let algorithms = section.optional(
            "algorithms", .nonEmpty(.list(.algorithm)), "The signature algorithms that are accepted.")
        var keys = readMaterials(section).map { Key(id: nil, algorithm: nil, material: $0) }
        let listed = section.optional("keys", .nonEmpty(.list(Key.kind)), "Several keys, told apart by kid.")
        keys += listed ?? []
        let issuer = section.optional("issuer", .text("the expected iss"), "The issuer (iss) that is accepted.")
        let audiences = section.optional(
            "audience", .oneOrMany(.text("an expected aud")), "The audiences (aud) that are accepted.")
        let leeway = section.value(
            "leeway", .duration(0...300_000_000), default: 30_000_000, "By how much clocks may differ.")
        let query = section.optional(
            "query", .text("the name of a query parameter"),
            "The query parameter that carries the token of WebSocket handshakes without Authorization.")
        let subprotocol = section.optional(
            "subprotocol", .token("the name of a subprotocol"),
            "The subprotocol after which WebSocket handshakes without Authorization name the token: bearer, TOKEN.")
        let keySet = section.optional(
            "jwks", .keySet, "The URL of the provider's key set, which is fetched and kept fresh; or file:PATH of one.")
        let discovery = section.optional(
            "discovery", .serviceURL,
            "The issuer's URL, whose OpenID Connect discovery document says where its keys are.")
        if section.has("jwks"), section.has("discovery") {
            section.place(of: "discovery").report("keys come from one provider", hint: "remove jwks or discovery")
        }
        let claims = JWTClaimRules.read(section)
        let provider = keySet?.url.map(Provider.keySet) ?? discovery.map(Provider.issuer)

        reportDuplicates(section)
        let isFetched = section.has("jwks") || section.has("discovery")
        if !isFetched, !section.has("secret"), !section.has("public_key"), !section.has("keys") {
            section.reader.report(
                "expected a key to verify tokens with", hint: "add secret, public_key, keys, jwks or discovery")
        }
        if keys.count > mostKeys {
            section.place(of: "keys").report("expected at most \(mostKeys) keys, found \(keys.count)")
        }
        guard !keys.isEmpty || provider != nil || keySet != nil, !section.has("keys") || listed != nil else {
            return nil
        }
        let isRead = keySet?.text != nil
        guard let algorithms = algorithms ?? impliedAlgorithms(section, keys, isFetched: isFetched, isRead: isRead)
        else { return nil }
        guard isRead || !reportMisfits(section, algorithms, keys, isFetched: isFetched) else { return nil }
        return JWTSettings(
            algorithms: algorithms, keys: keys, provider: provider, keySet: keySet?.text, claims: claims,
            issuer: issuer ?? discovery?.text,
            audiences: audiences ?? [], leewayMicroseconds: leeway, query: query, subprotocol: subprotocol)
    }

    /// Without `algorithms`, what the keys say; a public key alone does not.
    private static func impliedAlgorithms(
        _ section: SectionReader, _ keys: [Key], isFetched: Bool, isRead: Bool
    ) -> [Algorithm]? {
        guard !section.has("algorithms") else { return nil }
        // Who can read the file may know its secrets; a provider never shares any.
        var result = isRead ? Algorithm.symmetric + Algorithm.asymmetric : isFetched ? Algorithm.asymmetric : []
        for key in keys {
            guard let algorithm = key.algorithm ?? (key.isSecret ? .hs256 : nil) else {
                section.reader.report("the key \"algorithms\" is missing", hint: "add algorithms: [RS256] or [ES256]")
                return nil
            }
            if !result.contains(algorithm) { result.append(algorithm) }
        }
        return result
    }

    /// True: an algorithm has no key, or a key no algorithm.
    private static func reportMisfits(
        _ section: SectionReader, _ algorithms: [Algorithm], _ keys: [Key], isFetched: Bool
    ) -> Bool {
        var isMisfit = false
        for algorithm in algorithms where !keys.contains(where: { $0.serves(algorithm) }) {
            // A provider may have keys for any, but never shares a secret.
            if isFetched, !algorithm.isSymmetric { continue }
            isMisfit = true
            let hint = algorithm.isSymmetric ? "add a secret" : "add a public_key"
            section.place(of: "algorithms").report("there is no key for \(algorithm.rawValue)", hint: hint)
        }
        for key in keys where !algorithms.contains(where: key.serves) {
            isMisfit = true
            let name = key.id.map { "the key \(quoted($0))" } ?? (key.isSecret ? "the secret" : "the public key")
            let missing = key.algorithm?.rawValue ?? (key.isSecret ? "HS256" : "RS256 or ES256")
            section.place(of: "algorithms").report(
                "\(name) is of no use without \(missing)", hint: "add \(missing) to algorithms, or remove the key")
        }
        return isMisfit
    }

    private static func reportDuplicates(_ section: SectionReader) {
        let context = section.context
        guard case .list(let items) = section.place(of: "keys").node.content else { return }
        var seen: Set<String> = []
        for index in items.indices {
            guard case .mapping(let entries) = items[index].content,
                let entry = entries.first(where: { $0.key == "kid" }), case .scalar(let id, _) = entry.value.content,
                !seen.insert(id).inserted
            else { continue }
            let path = NodePath.index(index, in: section.place(of: "keys").path)
            context.report(
                "the kid \(quoted(id)) comes twice", hint: "give each key its own", at: entry.value.place, path: path)
        }
    }

    /// `secret` and `public_key`, which stand beside the other keys of `jwt` and of each entry of its `keys`.
    static func readMaterials(_ section: SectionReader) -> [Material] {
        let secret = section.optional(
            "secret", .hmacSecret, "Shared secret of HS256, at least 32 bytes; file:PATH reads it from a file.")
        let publicKey = section.optional(
            "public_key", .publicKey, "Public key of RS256 or ES256 as PEM; file:PATH reads it from a file.")
        return [secret.map(Material.secret), publicKey.map { .publicKey(pem: $0.bytes) }].compactMap(\.self)
    }
}

extension JWTSettings.Key {
    var isSecret: Bool { if case .secret = material { true } else { false } }

    func serves(_ candidate: JWTSettings.Algorithm) -> Bool {
        guard isSecret == candidate.isSymmetric else { return false }
        return algorithm == nil || algorithm == candidate
    }

    static let kind = Kind<JWTSettings.Key>.section(
        "jwt_key", "a key such as { kid: a, algorithm: RS256, public_key: file:a.pem }"
    ) { section in
        let id = section.required("kid", .text("the key's kid"), "The key's name in the header (kid) of tokens.")
        let algorithm = section.optional("algorithm", .algorithm, "The one algorithm that this key is for.")
        let material = JWTSettings.readMaterials(section).first
        switch (section.has("secret"), section.has("public_key")) {
        case (true, true):
            section.place(of: "public_key").report(
                "a key is either a secret or a public key", hint: "give each an entry of its own")
            return nil
        case (false, false):
            section.reader.report("expected a key to verify tokens with", hint: "add secret or public_key")
        default: break
        }
        let key = material.map { JWTSettings.Key(id: id, algorithm: algorithm, material: $0) }
        if let key, let algorithm, !key.serves(algorithm) {
            let needed = algorithm.isSymmetric ? "a secret" : "a public_key"
            section.place(of: "algorithm").report(
                "\(algorithm.rawValue) needs \(needed)", hint: "change one of the two")
            return nil
        }
        return id == nil ? nil : key
    }
}

extension Kind where Value == JWTSettings.Algorithm {
    static var algorithm: Kind {
        .choice([
            "HS256": .hs256, "HS384": .hs384, "HS512": .hs512, "RS256": .rs256, "RS384": .rs384, "RS512": .rs512,
            "PS256": .ps256, "PS384": .ps384, "PS512": .ps512, "ES256": .es256, "ES384": .es384, "ES512": .es512,
            "EdDSA": .edDSA,
        ])
    }
}

extension Kind where Value == ServiceURL {
    static var serviceURL: Kind {
        .scalar("a URL such as https://idp.example/keys", schema: .pattern("^https?://")) {
            text throws(ScalarProblem) in
            guard let url = ServiceURL(text.value) else { throw .expected() }
            return url
        }
    }
}

extension Kind where Value == Secret {
    /// RFC 7518, 3.2: a key of the size of the hash, or larger.
    fileprivate static var hmacSecret: Kind {
        Kind.secret("a secret of at least 32 bytes").map { secret, reader in
            guard secret.bytes.count < 32 else { return secret }
            reader.report(
                "expected a secret of at least 32 bytes, found \(secret.bytes.count)",
                hint: "make one with: openssl rand -base64 32")
            return nil
        }
    }

    fileprivate static var publicKey: Kind {
        Kind.secret("a public key in PEM").map { key, reader in
            let text = String(decoding: key.bytes, as: UTF8.self)
            let found: String
            if text.contains("PRIVATE KEY-----") {
                found = "a private key"
            } else if text.contains("-----BEGIN PUBLIC KEY-----") || text.contains("-----BEGIN CERTIFICATE-----") {
                return key
            } else {
                found = text.contains("-----BEGIN") ? "another kind of PEM" : "no PEM"
            }
            reader.report(
                "expected a PEM that starts with -----BEGIN PUBLIC KEY-----, found \(found)",
                hint: found == "a private key"
                    ? "make it with: openssl pkey -in private.pem -pubout" : "paste the PEM, or write file:PATH")
            return nil
        }
    }
}

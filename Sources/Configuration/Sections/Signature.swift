/// `signature` of an authenticator: signed requests (RFC 9421).
package struct SignatureSettings: Hashable, Sendable {
    package enum Algorithm: String, Hashable, Sendable {
        case hmacSHA256 = "hmac-sha256"
        case ed25519
        case ecdsaP256 = "ecdsa-p256-sha256"
        case ecdsaP384 = "ecdsa-p384-sha384"
        case rsaPSS = "rsa-pss-sha512"
        case rsaPKCS1 = "rsa-v1_5-sha256"

        var isSymmetric: Bool { self == .hmacSHA256 }
    }

    package struct Key: Hashable, Sendable {
        /// `keyid`.
        package var id: String
        package var algorithm: Algorithm
        package var material: JWTSettings.Material
        /// Whose it is; nil: a consumer that is called like the key.
        package var consumer: String?
    }

    /// At least one, each with an id of its own.
    package var keys: [Key]
    package var components: [String]
    package var maximumAgeMicroseconds: Int
    package var leewayMicroseconds: Int
    package var needsNonce: Bool

    private static let mostKeys = 1000
    static let defaultComponents = ["@method", "@authority", "@path", "@query", "content-digest"]

    static let kind = Kind<SignatureSettings>.section(
        "signature", "a mapping such as { keys: [{ id: a, algorithm: ed25519, public_key: file:a.pem }] }"
    ) { section in
        let keys = section.required("keys", .nonEmpty(.list(Key.kind)), "The keys of those who may call.")
        let components = section.value(
            "components", .nonEmpty(.list(.signatureComponent)), default: defaultComponents,
            "What a signature has to cover; @query and content-digest only where there is a query or content.")
        let age = section.value(
            "max_age", .duration(1_000_000...86_400_000_000), default: 300_000_000,
            "For how long after its creation a signature is good.")
        let leeway = section.value(
            "leeway", .duration(0...300_000_000), default: 30_000_000, "By how much clocks may differ.")
        let needsNonce = section.value(
            "nonce", .choice(["optional": false, "required": true]), default: false,
            "Whether each signature needs a nonce; one that comes again is refused in any case.")
        guard let keys else { return nil }
        var seen: Set<String> = []
        for key in keys where !seen.insert(key.id).inserted {
            section.place(of: "keys").report("the id \(quoted(key.id)) comes twice", hint: "give each key its own")
            return nil
        }
        if keys.count > mostKeys {
            section.place(of: "keys").report("expected at most \(mostKeys) keys, found \(keys.count)")
            return nil
        }
        return SignatureSettings(
            keys: keys, components: components, maximumAgeMicroseconds: age, leewayMicroseconds: leeway,
            needsNonce: needsNonce)
    }
}

extension SignatureSettings.Key {
    static let kind = Kind<SignatureSettings.Key>.section(
        "signature_key", "a key such as { id: a, algorithm: hmac-sha256, secret: … }"
    ) { section in
        let id = section.required("id", .realm, "The key's name in signatures (keyid).")
        let algorithm = section.required(
            "algorithm",
            .choice([
                "hmac-sha256": SignatureSettings.Algorithm.hmacSHA256, "ed25519": .ed25519,
                "ecdsa-p256-sha256": .ecdsaP256,
                "ecdsa-p384-sha384": .ecdsaP384, "rsa-pss-sha512": .rsaPSS, "rsa-v1_5-sha256": .rsaPKCS1,
            ]), "The one algorithm that it is for.")
        let materials = JWTSettings.readMaterials(section)
        let consumer = section.optional(
            "consumer", .text("a consumer's id"), "Whose it is; absent: a consumer's that is called like the key.")
        guard let id, let algorithm else { return nil }
        let needed = algorithm.isSymmetric ? "secret" : "public_key"
        guard section.has(needed), !section.has(algorithm.isSymmetric ? "public_key" : "secret") else {
            section.reader.report("\(algorithm.rawValue) needs a \(needed), and nothing else", hint: "add \(needed)")
            return nil
        }
        return materials.first.map {
            SignatureSettings.Key(id: id, algorithm: algorithm, material: $0, consumer: consumer)
        }
    }
}

extension Kind where Value == String {
    /// A component that may be required: without parameters.
    fileprivate static var signatureComponent: Kind {
        let derived = ["@method", "@target-uri", "@authority", "@scheme", "@request-target", "@path", "@query"]
        return .scalar(
            "a component such as @method or content-digest", schema: ["type": "string"], write: { .string($0) }
        ) { text throws(ScalarProblem) in
            if text.value.hasPrefix("@") {
                guard derived.contains(text.value) else {
                    throw .expected("one of \(derived.joined(separator: ", ")), or the name of a field")
                }
                return text.value
            }
            guard isToken(text.value) else { throw .expected() }
            return text.value.lowercased()
        }
    }
}

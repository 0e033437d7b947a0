import JSON

/// The keys of a JSON Web Key Set (RFC 7517 §5): those that verify signatures by an algorithm that is known here. What is
/// of another kind or use is passed over, as the RFC asks; what is damaged is too, and is told.
package struct JWKSet: Sendable {
    package static let maximumBytes = 256 * 1024
    package static let maximumKeys = 32

    package private(set) var keys: [JWTKey] = []
    /// Why keys were passed over, each with its place.
    package private(set) var notes: [String] = []

    /// - Parameter allowsSecrets: keys of kind `oct`; only where whoever can read the set may also sign.
    /// - Throws: what is no key set, or has no key that could be used.
    package init(_ text: [UInt8], allowsSecrets: Bool = false) throws(CredentialError) {
        guard text.count <= Self.maximumBytes else { throw CredentialError("the key set is longer than 256 KiB") }
        guard let object = (try? JSONReader.read(text, maximumBytes: Self.maximumBytes))?.object,
            let list = object["keys"]?.array ?? (object["kty"] == nil ? nil : [.object(object)])
        else { throw CredentialError("expected a JSON object with an array \"keys\", or one key (RFC 7517)") }
        var ids: Set<String> = []
        for (index, entry) in list.enumerated() {
            guard keys.count < Self.maximumKeys else {
                notes.append("keys[\(index)] and those behind it: only \(Self.maximumKeys) are used")
                break
            }
            do throws(CredentialError) {
                guard let jwk = entry.object, let key = try Self.key(jwk, allowsSecrets) else { continue }
                if let id = key.id, !ids.insert(id).inserted {
                    throw CredentialError("its kid is another key's too")
                }
                keys.append(key)
            } catch {
                notes.append("keys[\(index)]: \(error)")
            }
        }
        guard !keys.isEmpty else {
            throw CredentialError("the key set has no key that verifies signatures; \(notes.joined(separator: "; "))")
        }
    }

    /// Nil for keys that are not meant for this.
    private static func key(_ jwk: JSONObject, _ allowsSecrets: Bool) throws(CredentialError) -> JWTKey? {
        if let use = jwk["use"]?.string, use != "sig" { return nil }
        if let operations = jwk["key_ops"], operations.stringList?.contains("verify") != true { return nil }
        var algorithm: JWTAlgorithm?
        if let name = jwk["alg"]?.string {
            algorithm = JWTAlgorithm(name: name)
            if algorithm == nil { return nil }
        }
        let id = jwk["kid"]?.string
        var key: JWTKey
        switch jwk["kty"]?.string {
        case "RSA":
            key = .publicKey(
                try PublicKey(modulus: bytes(jwk, "n"), exponent: bytes(jwk, "e")), id: id, algorithm: algorithm)
        case "EC":
            guard let curve = KeyFamily(curve: jwk["crv"]?.string ?? "") else { return nil }
            key = .publicKey(
                try PublicKey(curve, x: bytes(jwk, "x"), y: bytes(jwk, "y")), id: id, algorithm: algorithm)
        case "OKP":
            guard jwk["crv"]?.string == "Ed25519" else { return nil }
            key = .publicKey(try PublicKey(ed25519: bytes(jwk, "x")), id: id, algorithm: algorithm)
        case "oct" where allowsSecrets:
            key = try .secret(bytes(jwk, "k"), id: id)
            key.algorithm = algorithm
        default: return nil
        }
        if let algorithm, algorithm.family != key.family {
            throw CredentialError("its alg \(algorithm.rawValue) is not for \(key.family.rawValue)")
        }
        return key
    }

    private static func bytes(_ jwk: JSONObject, _ name: String) throws(CredentialError) -> [UInt8] {
        guard let text = jwk[name]?.string,
            let bytes = Array(text.utf8).withUnsafeBytes({ Base64URL.decode($0) }), !bytes.isEmpty, bytes.count <= 1100
        else { throw CredentialError("its member \"\(name)\" is missing, or no base64url") }
        return bytes
    }
}

extension PublicKey {
    /// RFC 8017: SubjectPublicKeyInfo with rsaEncryption.
    convenience init(modulus: [UInt8], exponent: [UInt8]) throws(CredentialError) {
        let algorithm: [UInt8] = [0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00]
        let key = DER.sequence(DER.integer(modulus), DER.integer(exponent))
        try self.init(spki: DER.sequence(DER.sequence(algorithm), DER.bitString(key)))
    }

    /// RFC 5480: a point, uncompressed. libcrypto refuses one that is not on the curve.
    convenience init(_ curve: KeyFamily, x: [UInt8], y: [UInt8]) throws(CredentialError) {
        guard let width = curve.coordinateBytes, x.count == width, y.count == width else {
            throw CredentialError("its coordinates have not the length that its curve asks for")
        }
        let ecPublicKey: [UInt8] = [0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01]
        let name: [UInt8] =
            switch curve {
            case .p384: [0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22]
            case .p521: [0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x23]
            default: [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07]
            }
        try self.init(spki: DER.sequence(DER.sequence(ecPublicKey, name), DER.bitString([0x04] + x + y)))
    }

    /// RFC 8410.
    convenience init(ed25519 point: [UInt8]) throws(CredentialError) {
        guard point.count == 32 else { throw CredentialError("its key has \(point.count) bytes; Ed25519's have 32") }
        try self.init(spki: DER.sequence(DER.sequence([0x06, 0x03, 0x2B, 0x65, 0x70]), DER.bitString(point)))
    }
}

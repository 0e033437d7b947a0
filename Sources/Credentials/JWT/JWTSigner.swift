import JSON

/// Makes tokens: `sluice token`, and the tests of everything that verifies them.
package struct JWTSigner: Sendable {
    private enum Material: Sendable {
        case secret(HMACKey)
        case privateKey(PrivateKey)
    }

    package let algorithm: JWTAlgorithm
    package let keyID: String?
    private let material: Material

    package init(
        secret: [UInt8], keyID: String? = nil, algorithm: JWTAlgorithm = .hs256
    ) throws(CredentialError) {
        self.algorithm = algorithm
        self.keyID = keyID
        self.material = .secret(try HMACKey(secret: secret))
    }

    /// From an unencrypted PEM private key.
    /// - Parameter algorithm: nil: the first that its type is for.
    package init(
        privateKeyPEM pem: [UInt8], keyID: String? = nil, algorithm: JWTAlgorithm? = nil
    ) throws(CredentialError) {
        let key = try PrivateKey(pem: pem)
        guard let fitting = algorithm ?? JWTAlgorithm.allCases.first(where: { $0.family == key.family }),
            fitting.family == key.family
        else { throw CredentialError("\(algorithm?.rawValue ?? "signing") is not for \(key.family.rawValue)") }
        self.algorithm = fitting
        self.keyID = keyID
        self.material = .privateKey(key)
    }

    /// The token that states `claims`. Nothing is added to them: issuer and expiry are the caller's to choose.
    package func sign(_ claims: [JSONObject.Member]) throws(CredentialError) -> String {
        guard let object = JSONObject(claims) else { throw CredentialError("a claim is given twice") }
        return try sign(headerMembers: [], payload: JSONWriter.write(.object(object)))
    }

    /// The token over any payload and with further header members; tests make what no honest issuer would.
    func sign(headerMembers: [JSONObject.Member], payload: [UInt8]) throws(CredentialError) -> String {
        var members: [JSONObject.Member] = [.init("alg", .string(algorithm.rawValue)), .init("typ", .string("JWT"))]
        if let keyID { members.append(.init("kid", .string(keyID))) }
        guard let header = JSONObject(members + headerMembers) else {
            throw CredentialError("a header member is given twice")
        }
        let dot = [UInt8(ascii: ".")]
        let signed = Base64URL.encode(JSONWriter.write(.object(header))) + dot + Base64URL.encode(payload)
        let token = signed + dot + Base64URL.encode(try signature(of: signed))
        return String(decoding: token, as: UTF8.self)
    }

    private func signature(of message: [UInt8]) throws(CredentialError) -> [UInt8] {
        let refusal = CredentialError("libcrypto could not sign with this key")
        switch material {
        case .secret(let key):
            guard let code = message.withUnsafeBytes({ key.authenticationCode($0, by: algorithm.scheme.digest) }) else {
                throw refusal
            }
            return code
        case .privateKey(let key):
            let signature = try key.signature(of: message, by: algorithm.scheme)
            guard let width = key.family.coordinateBytes else { return signature }
            guard let raw = ECDSASignature.raw(fromDER: signature, coordinateBytes: width) else { throw refusal }
            return raw
        }
    }
}

/// A key that verifies tokens, bound to one family of algorithms and known to issuers by its `kid`, if it has one.
package struct JWTKey: Sendable {
    private enum Material: Sendable {
        case secret(HMACKey)
        case publicKey(PublicKey)
    }

    package let id: String?
    private let material: Material

    package static func secret(_ bytes: [UInt8], id: String? = nil) throws(CredentialError) -> JWTKey {
        JWTKey(id: id, material: .secret(try HMACKey(secret: bytes)))
    }

    /// From a PEM `PUBLIC KEY` or `CERTIFICATE`.
    package static func publicKey(pem: [UInt8], id: String? = nil) throws(CredentialError) -> JWTKey {
        JWTKey(id: id, material: .publicKey(try PublicKey(pem: pem)))
    }

    package var family: KeyFamily {
        switch material {
        case .secret: .secret
        case .publicKey(let key): key.family
        }
    }

    func verifies(_ signature: [UInt8], by algorithm: JWTAlgorithm, of message: UnsafeRawBufferPointer) -> Bool {
        guard algorithm.family == family else { return false }
        switch (algorithm, material) {
        case (.hs256, .secret(let key)):
            return key.verifies(signature, of: message)
        case (.rs256, .publicKey(let key)):
            return key.verifies(signature, of: message)
        case (.es256, .publicKey(let key)):
            guard let der = ECDSASignature.der(fromRaw: signature) else { return false }
            return key.verifies(der, of: message)
        case (.hs256, .publicKey), (.rs256, .secret), (.es256, .secret):
            return false
        }
    }
}

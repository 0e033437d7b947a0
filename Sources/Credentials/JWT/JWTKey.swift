import JSON

/// A key that verifies tokens, bound to one family of algorithms and known to issuers by its `kid`, if it has one.
package struct JWTKey: Sendable {
    private enum Material: Sendable {
        case secret(HMACKey)
        case publicKey(PublicKey)
    }

    package let id: String?
    /// The one algorithm that it is for; nil: any of its family.
    package var algorithm: JWTAlgorithm?
    private let material: Material

    package static func secret(_ bytes: [UInt8], id: String? = nil) throws(CredentialError) -> JWTKey {
        JWTKey(id: id, material: .secret(try HMACKey(secret: bytes)))
    }

    /// From a PEM `PUBLIC KEY` or `CERTIFICATE`.
    package static func publicKey(pem: [UInt8], id: String? = nil) throws(CredentialError) -> JWTKey {
        JWTKey(id: id, material: .publicKey(try PublicKey(pem: pem)))
    }

    static func publicKey(_ key: PublicKey, id: String?, algorithm: JWTAlgorithm?) -> JWTKey {
        JWTKey(id: id, algorithm: algorithm, material: .publicKey(key))
    }

    package var family: KeyFamily {
        switch material {
        case .secret: .secret
        case .publicKey(let key): key.family
        }
    }

    /// By its `kid`, or by its thumbprint (RFC 7638), which issuers use as one.
    func isNamed(_ name: String) -> Bool {
        if let id, isSameText(id, name) { return true }
        guard case .publicKey(let key) = material, let thumbprint = key.thumbprint else { return false }
        return isSameText(thumbprint, name)
    }

    /// 0 for public keys.
    var secretBytes: Int { if case .secret(let key) = material { key.byteCount } else { 0 } }

    package func verifies(_ signature: [UInt8], by algorithm: JWTAlgorithm, of message: UnsafeRawBufferPointer) -> Bool
    {
        guard algorithm.family == family, self.algorithm == nil || self.algorithm == algorithm else { return false }
        switch material {
        case .secret(let key):
            return key.verifies(signature, of: message, by: algorithm.scheme.digest)
        case .publicKey(let key):
            guard let width = family.coordinateBytes else {
                return key.verifies(signature, of: message, by: algorithm.scheme)
            }
            guard let der = ECDSASignature.der(fromRaw: signature, coordinateBytes: width) else { return false }
            return key.verifies(der, of: message, by: algorithm.scheme)
        }
    }
}

import COpenSSL

/// A public key that verifies signatures: RSA, ECDSA, or Ed25519.
///
/// Sendable because libcrypto never changes a key once it is read; its reference count is atomic.
package final class PublicKey: @unchecked Sendable {
    package let family: KeyFamily
    /// RFC 7638, by SHA-256; nil only where libcrypto would not say what the key is made of.
    package let thumbprint: String?
    private let key: OpaquePointer

    /// From a PEM `PUBLIC KEY` or `CERTIFICATE`.
    package convenience init(pem: [UInt8]) throws(CredentialError) {
        try self.init(owned: try PEM.publicKey(pem))
    }

    /// From a SubjectPublicKeyInfo (RFC 5280 §4.1) in DER.
    convenience init(spki: [UInt8]) throws(CredentialError) {
        let key: OpaquePointer? = spki.withUnsafeBufferPointer { bytes in
            var next = bytes.baseAddress
            return d2i_PUBKEY(nil, &next, bytes.count)
        }
        ERR_clear_error()
        guard let key else { throw CredentialError("it is no public key") }
        try self.init(owned: key)
    }

    private init(owned key: OpaquePointer) throws(CredentialError) {
        do throws(CredentialError) {
            family = try KeyFamily(of: key)
            try KeyFacts.check(key, family)
        } catch {
            EVP_PKEY_free(key)
            throw error
        }
        thumbprint = KeyFacts.thumbprint(of: key, family)
        self.key = key
    }

    deinit {
        EVP_PKEY_free(key)
    }

    /// `signature` in libcrypto's own form: for ECDSA that is DER.
    func verifies(
        _ signature: [UInt8], of message: UnsafeRawBufferPointer, by scheme: SignatureScheme
    ) -> Bool {
        guard let context = EVP_MD_CTX_new() else { return false }
        defer { EVP_MD_CTX_free(context) }
        let start = message.baseAddress?.assumingMemoryBound(to: UInt8.self)
        var details: OpaquePointer?
        let isValid =
            EVP_DigestVerifyInit(context, &details, scheme.digest.function, nil, key) == 1
            && scheme.apply(to: details)
            && EVP_DigestVerify(context, signature, signature.count, start, message.count) == 1
        // What a bad signature leaves in this thread's error queue must not be read as someone else's failure.
        if !isValid { ERR_clear_error() }
        return isValid
    }
}

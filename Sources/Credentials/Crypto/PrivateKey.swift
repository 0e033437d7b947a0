import COpenSSL

/// A private key that signs: RSA, ECDSA, or Ed25519. Sendable as `PublicKey` is.
package final class PrivateKey: @unchecked Sendable {
    package let family: KeyFamily
    private let key: OpaquePointer

    /// From an unencrypted PEM `PRIVATE KEY`.
    package init(pem: [UInt8]) throws(CredentialError) {
        let key = try PEM.privateKey(pem)
        do throws(CredentialError) {
            self.family = try KeyFamily(of: key)
        } catch {
            EVP_PKEY_free(key)
            throw error
        }
        self.key = key
    }

    deinit {
        EVP_PKEY_free(key)
    }

    /// In libcrypto's own form: for ECDSA that is DER.
    func signature(of message: [UInt8], by scheme: SignatureScheme) throws(CredentialError) -> [UInt8] {
        let refusal = CredentialError("libcrypto could not sign with this key")
        guard let context = EVP_MD_CTX_new() else { throw refusal }
        defer {
            EVP_MD_CTX_free(context)
            ERR_clear_error()
        }
        var count = 0
        var details: OpaquePointer?
        guard EVP_DigestSignInit(context, &details, scheme.digest.function, nil, key) == 1, scheme.apply(to: details),
            EVP_DigestSign(context, nil, &count, message, message.count) == 1
        else { throw refusal }
        var signature = [UInt8](repeating: 0, count: count)
        guard EVP_DigestSign(context, &signature, &count, message, message.count) == 1 else { throw refusal }
        return Array(signature.prefix(count))
    }
}

import COpenSSL

/// A public key that verifies SHA-256 signatures: RSA PKCS#1 v1.5, or ECDSA on P-256.
///
/// Sendable because libcrypto never changes a key once it is read; its reference count is atomic.
package final class PublicKey: @unchecked Sendable {
    package let family: KeyFamily
    private let key: OpaquePointer

    /// From a PEM `PUBLIC KEY` or `CERTIFICATE`.
    package init(pem: [UInt8]) throws(CredentialError) {
        let key = try PEM.publicKey(pem)
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

    /// `signature` in libcrypto's own form: for ECDSA that is DER.
    func verifies(_ signature: [UInt8], of message: UnsafeRawBufferPointer) -> Bool {
        guard let context = EVP_MD_CTX_new() else { return false }
        defer { EVP_MD_CTX_free(context) }
        let start = message.baseAddress?.assumingMemoryBound(to: UInt8.self)
        let isValid =
            EVP_DigestVerifyInit(context, nil, EVP_sha256(), nil, key) == 1
            && EVP_DigestVerify(context, signature, signature.count, start, message.count) == 1
        // What a bad signature leaves in this thread's error queue must not be read as someone else's failure.
        if !isValid { ERR_clear_error() }
        return isValid
    }
}

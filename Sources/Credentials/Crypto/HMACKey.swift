import COpenSSL

/// A shared secret that authenticates bytes by HMAC-SHA-256.
package struct HMACKey: Sendable {
    /// RFC 7518 section 3.2: the key of HS256 must have at least the size of its hash.
    package static let minimumBytes = 32

    private let secret: [UInt8]

    package init(secret: [UInt8]) throws(CredentialError) {
        guard secret.count >= Self.minimumBytes else {
            throw CredentialError(
                "the secret has \(secret.count) bytes; HS256 needs 32 or more (RFC 7518 section 3.2): "
                    + "make one with `openssl rand -base64 48`")
        }
        self.secret = secret
    }

    /// Nil only where libcrypto could not compute it (no memory, or a provider without SHA-256).
    package func authenticationCode(_ message: UnsafeRawBufferPointer) -> [UInt8]? {
        var code = [UInt8](repeating: 0, count: Digest.byteCount)
        var count: UInt32 = 0
        let start = message.baseAddress?.assumingMemoryBound(to: UInt8.self)
        let isDone = HMAC(EVP_sha256(), secret, Int32(clamping: secret.count), start, message.count, &code, &count)
        guard isDone != nil, count == Digest.byteCount else {
            ERR_clear_error()
            return nil
        }
        return code
    }

    package func verifies(_ code: [UInt8], of message: UnsafeRawBufferPointer) -> Bool {
        guard let expected = authenticationCode(message) else { return false }
        return constantTimeEquals(code, expected)
    }
}

import COpenSSL

/// A shared secret that authenticates bytes by HMAC with SHA-256, SHA-384 or SHA-512.
package struct HMACKey: Sendable {
    /// RFC 7518 section 3.2: a key must have at least the size of the hash, of which the shortest is HS256's.
    package static let minimumBytes = 32

    private let secret: [UInt8]
    var byteCount: Int { secret.count }

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
        authenticationCode(message, by: .sha256)
    }

    /// Nil also where the secret is shorter than the hash.
    func authenticationCode(
        _ message: UnsafeRawBufferPointer, by digest: SignatureScheme.HashFunction
    ) -> [UInt8]? {
        guard secret.count >= digest.byteCount, digest != .none else { return nil }
        var code = [UInt8](repeating: 0, count: digest.byteCount)
        var count: UInt32 = 0
        let start = message.baseAddress?.assumingMemoryBound(to: UInt8.self)
        let isDone = HMAC(digest.function, secret, Int32(clamping: secret.count), start, message.count, &code, &count)
        guard isDone != nil, count == digest.byteCount else {
            ERR_clear_error()
            return nil
        }
        return code
    }

    package func verifies(_ code: [UInt8], of message: UnsafeRawBufferPointer) -> Bool {
        verifies(code, of: message, by: .sha256)
    }

    func verifies(
        _ code: [UInt8], of message: UnsafeRawBufferPointer, by digest: SignatureScheme.HashFunction
    ) -> Bool {
        guard let expected = authenticationCode(message, by: digest) else { return false }
        return constantTimeEquals(code, expected)
    }
}

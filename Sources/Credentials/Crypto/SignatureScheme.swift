import COpenSSL

/// What libcrypto has to be told to make or check a signature, besides the key.
struct SignatureScheme: Hashable, Sendable {
    enum HashFunction: Int, Hashable, Sendable {
        /// The scheme hashes by itself (Ed25519).
        case none = 0
        case sha256 = 32
        case sha384 = 48
        case sha512 = 64

        var function: OpaquePointer? {
            switch self {
            case .none: nil
            case .sha256: EVP_sha256()
            case .sha384: EVP_sha384()
            case .sha512: EVP_sha512()
            }
        }

        /// Bytes of its value.
        var byteCount: Int { rawValue }
    }

    var digest: HashFunction
    /// RSA with probabilistic padding, and a salt as long as the hash (RFC 7518 §3.5).
    var isPSS = false

    /// Finishes what `EVP_DigestSignInit` or `EVP_DigestVerifyInit` has begun.
    func apply(to context: OpaquePointer?) -> Bool {
        guard isPSS else { return true }
        let saltAsLongAsHash: Int32 = -1
        return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1
            && EVP_PKEY_CTX_set_rsa_pss_saltlen(context, saltAsLongAsHash) == 1
    }
}

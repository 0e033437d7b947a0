import COpenSSL

/// SHA-256 or SHA-512 of bytes that come in parts.
package final class DigestStream {
    /// By their names in RFC 9530.
    package enum Function: String, Sendable {
        case sha256 = "sha-256"
        case sha512 = "sha-512"
    }

    private let context: OpaquePointer

    /// Nil: libcrypto does not have it.
    package init?(_ function: Function) {
        guard let context = EVP_MD_CTX_new() else { return nil }
        guard EVP_DigestInit_ex(context, function == .sha256 ? EVP_sha256() : EVP_sha512(), nil) == 1 else {
            EVP_MD_CTX_free(context)
            ERR_clear_error()
            return nil
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    package func take(_ bytes: UnsafeRawBufferPointer) { EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) }

    /// To be called once, after the last part.
    package func finish() -> [UInt8] {
        var value = [UInt8](repeating: 0, count: 64)
        var count: UInt32 = 0
        guard EVP_DigestFinal_ex(context, &value, &count) == 1 else { return [] }
        return Array(value.prefix(Int(count)))
    }
}

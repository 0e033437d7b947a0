import COpenSSL
import JSON

/// The 32 bytes of a SHA-256.
package struct Digest: Hashable, Sendable {
    package static let byteCount = 32

    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    package init(filledBy fill: (UnsafeMutableRawBufferPointer) -> Void) {
        withUnsafeMutableBytes(of: &words) { fill($0) }
    }

    /// From 64 hexadecimal digits; nil for anything else.
    package init?(hexadecimal text: String) {
        let digits = text.utf8.compactMap(hexValue)
        guard digits.count == 64, text.utf8.count == 64 else { return nil }
        self.init { bytes in
            for index in 0..<Self.byteCount { bytes[index] = digits[index * 2] << 4 | digits[index * 2 + 1] }
        }
    }

    package var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return withUnsafeBytes { bytes in
            String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
        }
    }

    /// The first eight bytes as a number: evenly spread, so it needs no further hashing to index a table.
    package var prefix: UInt64 { words.0 }

    package func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        Swift.withUnsafeBytes(of: words) { body($0) }
    }

    package static func == (left: Digest, right: Digest) -> Bool {
        left.words == right.words
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
    }
}

/// Computes SHA-256 over and over with one libcrypto context: fetching the algorithm and allocating a context for
/// each digest costs 0.5–0.9 µs in OpenSSL 3, as much as the digest of a whole token; reusing both costs 0.06 µs.
///
/// Confined to the worker that made it.
package final class SHA256Hasher {
    private let context: OpaquePointer

    package init() throws(CredentialError) {
        guard let context = EVP_MD_CTX_new() else { throw CredentialError("libcrypto has no memory for a digest") }
        guard EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            EVP_MD_CTX_free(context)
            ERR_clear_error()
            throw CredentialError("libcrypto offers no SHA-256; check OPENSSL_CONF and its providers")
        }
        self.context = context
    }

    deinit {
        EVP_MD_CTX_free(context)
    }

    package func digest(_ bytes: UnsafeRawBufferPointer) -> Digest {
        // Once the context has taken the algorithm, libcrypto's SHA-256 has no way to fail (it is arithmetic on the
        // context); going on with a digest that was not computed would be worse than stopping.
        precondition(EVP_DigestInit_ex(context, nil, nil) == 1, "SHA-256 could not start")
        precondition(EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1, "SHA-256 could not read")
        return Digest { output in
            let start = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
            precondition(EVP_DigestFinal_ex(context, start, nil) == 1, "SHA-256 could not finish")
        }
    }

    package func digest(_ bytes: [UInt8]) -> Digest {
        bytes.withUnsafeBytes { digest($0) }
    }
}

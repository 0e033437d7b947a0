/// A content coding (RFC 9110 §8.4.1) that is understood here.
package enum ContentCoding: String, CaseIterable, Sendable {
    case gzip, deflate, brotli = "br", zstd

    /// By its name in `Content-Encoding`; nil if it is unknown here.
    package init?(name: some Sequence<UInt8>) {
        switch String(decoding: Array(name), as: UTF8.self).lowercased() {
        case "gzip", "x-gzip": self = .gzip
        case "deflate": self = .deflate
        case "br": self = .brotli
        case "zstd": self = .zstd
        default: return nil
        }
    }
}

/// Why coded bytes can't be decoded.
package enum DecodingFailure: Error, Hashable, Sendable {
    /// They are not what they say, or are cut off.
    case malformed
    /// They unfold to more than is allowed: what a small message that fills memory does.
    case tooLong
}

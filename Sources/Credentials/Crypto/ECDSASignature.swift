import COpenSSL

/// ES256 signatures travel as 64 bytes, r then s (RFC 7518 section 3.4); libcrypto reads and writes them as DER,
/// `SEQUENCE { INTEGER r, INTEGER s }`.
enum ECDSASignature {
    static let coordinateBytes = 32

    /// Nil unless there are exactly 64 bytes.
    static func der(fromRaw raw: [UInt8]) -> [UInt8]? {
        guard raw.count == 2 * coordinateBytes else { return nil }
        let content = integer(raw[..<coordinateBytes]) + integer(raw[coordinateBytes...])
        return [0x30, UInt8(content.count)] + content
    }

    /// A DER integer: no needless leading zeros, one where the first bit would read as a minus sign.
    private static func integer(_ magnitude: ArraySlice<UInt8>) -> [UInt8] {
        var digits = Array(magnitude.drop { $0 == 0 })
        if digits.isEmpty || digits[0] >= 0x80 { digits.insert(0, at: 0) }
        return [0x02, UInt8(digits.count)] + digits
    }

    /// Nil where `der` is no ECDSA signature of P-256.
    static func raw(fromDER der: [UInt8]) -> [UInt8]? {
        var raw = [UInt8](repeating: 0, count: 2 * coordinateBytes)
        let isRead = der.withUnsafeBufferPointer { bytes in
            var position = bytes.baseAddress
            guard let signature = d2i_ECDSA_SIG(nil, &position, bytes.count) else { return false }
            defer { ECDSA_SIG_free(signature) }
            return raw.withUnsafeMutableBufferPointer { output in
                guard let start = output.baseAddress else { return false }
                let width = Int32(coordinateBytes)
                return BN_bn2binpad(ECDSA_SIG_get0_r(signature), start, width) == width
                    && BN_bn2binpad(ECDSA_SIG_get0_s(signature), start + coordinateBytes, width) == width
            }
        }
        return isRead ? raw : nil
    }
}

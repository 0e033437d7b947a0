import COpenSSL

/// ECDSA signatures travel as r then s, of fixed length (RFC 7518 section 3.4); libcrypto reads and writes them as DER,
/// `SEQUENCE { INTEGER r, INTEGER s }`.
enum ECDSASignature {
    /// Nil unless there are exactly two coordinates.
    static func der(fromRaw raw: [UInt8], coordinateBytes: Int) -> [UInt8]? {
        guard raw.count == 2 * coordinateBytes else { return nil }
        return DER.sequence(DER.integer(raw[..<coordinateBytes]), DER.integer(raw[coordinateBytes...]))
    }

    /// Nil where `der` is no ECDSA signature of such a curve.
    static func raw(fromDER der: [UInt8], coordinateBytes: Int) -> [UInt8]? {
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

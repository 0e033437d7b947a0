import COpenSSL
import JSON

/// What a public key is made of: to refuse keys whose signatures anyone could make, and to name a key by itself.
enum KeyFacts {
    /// RSA: an even exponent, or 1, under which each message is its own signature. Ed25519: a point of small order, under which
    /// one signature fits many messages.
    static func check(_ key: OpaquePointer, _ family: KeyFamily) throws(CredentialError) {
        switch family {
        case .rsa:
            guard let exponent = number("e", of: key), let last = exponent.last, last & 1 == 1, exponent != [1] else {
                throw CredentialError("the RSA key's exponent is 1 or even; expected an odd one such as 65537")
            }
            guard let modulus = number("n", of: key), let last = modulus.last, last & 1 == 1 else {
                throw CredentialError("the RSA key's modulus is even, which no product of two primes is")
            }
        case .ed25519:
            guard let point = rawPoint(of: key), !isOfSmallOrder(point) else {
                throw CredentialError("the Ed25519 key is a point of small order: anyone could sign for it")
            }
        case .secret, .p256, .p384, .p521: break
        }
    }

    /// RFC 7638: base64url of the SHA-256 of the key as JSON, with its required members in the order of their names.
    static func thumbprint(of key: OpaquePointer, _ family: KeyFamily) -> String? {
        guard let members = members(of: key, family), let object = JSONObject(members), let hasher = try? SHA256Hasher()
        else { return nil }
        let digest = hasher.digest(JSONWriter.write(.object(object)))
        return String(decoding: digest.withUnsafeBytes { Base64URL.encode($0) }, as: UTF8.self)
    }

    private static func members(of key: OpaquePointer, _ family: KeyFamily) -> [JSONObject.Member]? {
        func member(_ name: String, _ bytes: [UInt8]) -> JSONObject.Member {
            JSONObject.Member(name, .string(String(decoding: Base64URL.encode(bytes), as: UTF8.self)))
        }
        switch family {
        case .rsa:
            guard let exponent = number("e", of: key), let modulus = number("n", of: key) else { return nil }
            return [.init("kty", .string("RSA")), member("e", exponent), member("n", modulus)]
        case .p256, .p384, .p521:
            guard let width = family.coordinateBytes, let curve = family.curve, let x = number("qx", of: key),
                let y = number("qy", of: key), x.count <= width, y.count <= width
            else { return nil }
            func padded(_ bytes: [UInt8]) -> [UInt8] { [UInt8](repeating: 0, count: width - bytes.count) + bytes }
            return [
                .init("kty", .string("EC")), .init("crv", .string(curve)), member("x", padded(x)),
                member("y", padded(y)),
            ]
        case .ed25519:
            guard let point = rawPoint(of: key) else { return nil }
            return [.init("kty", .string("OKP")), .init("crv", .string("Ed25519")), member("x", point)]
        case .secret: return nil
        }
    }

    /// A number that the key has by this name of libcrypto's, big-endian without leading zeros.
    private static func number(_ name: String, of key: OpaquePointer) -> [UInt8]? {
        var number: OpaquePointer?
        guard EVP_PKEY_get_bn_param(key, name, &number) == 1, let number else {
            ERR_clear_error()
            return nil
        }
        defer { BN_free(number) }
        var bytes = [UInt8](repeating: 0, count: Int((BN_num_bits(number) + 7) / 8))
        _ = BN_bn2bin(number, &bytes)
        return bytes
    }

    private static func rawPoint(of key: OpaquePointer) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 32)
        var count = bytes.count
        guard EVP_PKEY_get_raw_public_key(key, &bytes, &count) == 1, count == bytes.count else {
            ERR_clear_error()
            return nil
        }
        return bytes
    }

    /// The eight points, in each of their encodings, without the sign bit.
    private static let pointsOfSmallOrder: [[UInt8]] = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ].map { text in Digest(hexadecimal: text)?.withUnsafeBytes { Array($0) } ?? [] }

    private static func isOfSmallOrder(_ point: [UInt8]) -> Bool {
        var unsigned = point
        unsigned[31] &= 0x7F
        return pointsOfSmallOrder.contains(unsigned)
    }
}

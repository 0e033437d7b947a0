import COpenSSL

/// What kind of key a signature needs. A key belongs to one family for good, and an algorithm is only ever tried with
/// keys of its own family, so a public key can't be taken for a shared secret (RFC 8725 section 3.1).
package enum KeyFamily: String, Hashable, Sendable {
    case secret = "a shared secret"
    case rsa = "an RSA key"
    case p256 = "an elliptic curve key on P-256"
    case p384 = "an elliptic curve key on P-384"
    case p521 = "an elliptic curve key on P-521"
    case ed25519 = "an Ed25519 key"

    /// Bytes of each of a point's coordinates, and of the two halves of a signature; nil for what is on no such curve.
    var coordinateBytes: Int? {
        switch self {
        case .p256: 32
        case .p384: 48
        case .p521: 66
        case .secret, .rsa, .ed25519: nil
        }
    }

    /// By its name in a JSON Web Key (RFC 7518 §6.2.1.1).
    init?(curve: String) {
        switch curve {
        case "P-256": self = .p256
        case "P-384": self = .p384
        case "P-521": self = .p521
        default: return nil
        }
    }

    /// Its name in a JSON Web Key; nil for what is on no such curve.
    var curve: String? {
        switch self {
        case .p256: "P-256"
        case .p384: "P-384"
        case .p521: "P-521"
        case .secret, .rsa, .ed25519: nil
        }
    }

    /// RFC 7518 section 3.3.
    static let minimumRSABits = 2048

    /// Judges a key that libcrypto has read.
    init(of key: OpaquePointer) throws(CredentialError) {
        switch EVP_PKEY_get_base_id(key) {
        case EVP_PKEY_RSA:
            let bits = EVP_PKEY_get_bits(key)
            guard bits >= Self.minimumRSABits else {
                throw CredentialError("the RSA key has \(bits) bits; expected 2048 or more (RFC 7518 section 3.3)")
            }
            self = .rsa
        case EVP_PKEY_EC:
            let curve = Self.curveName(of: key)
            switch curve {
            case SN_X9_62_prime256v1: self = .p256
            case SN_secp384r1: self = .p384
            case SN_secp521r1: self = .p521
            default:
                throw CredentialError(
                    "the elliptic curve key is on \(curve); expected P-256 (prime256v1), P-384 or P-521")
            }
        case EVP_PKEY_ED25519: self = .ed25519
        default:
            throw CredentialError(
                "the key's type is not supported; expected RSA (2048 bits or more), EC on P-256, P-384 or P-521, or Ed25519"
            )
        }
    }

    private static func curveName(of key: OpaquePointer) -> String {
        var name = [CChar](repeating: 0, count: 80)
        var length = 0
        guard EVP_PKEY_get_group_name(key, &name, name.count, &length) == 1 else { return "an unnamed curve" }
        return String(decoding: name.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

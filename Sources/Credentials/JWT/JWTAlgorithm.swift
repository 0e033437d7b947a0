/// The signature algorithms a token may use (RFC 7518 §3.1, RFC 8037). `none` is not among them and never will be.
package enum JWTAlgorithm: String, CaseIterable, Hashable, Sendable {
    case hs256 = "HS256"
    case hs384 = "HS384"
    case hs512 = "HS512"
    case rs256 = "RS256"
    case rs384 = "RS384"
    case rs512 = "RS512"
    case ps256 = "PS256"
    case ps384 = "PS384"
    case ps512 = "PS512"
    case es256 = "ES256"
    case es384 = "ES384"
    case es512 = "ES512"
    case edDSA = "EdDSA"

    /// As headers and keys write it; RFC 9864 calls `EdDSA` with this curve `Ed25519`.
    package init?(name: String) {
        if name == "Ed25519" { self = .edDSA } else { self.init(rawValue: name) }
    }

    /// The only keys it may be used with.
    package var family: KeyFamily {
        switch self {
        case .hs256, .hs384, .hs512: .secret
        case .rs256, .rs384, .rs512, .ps256, .ps384, .ps512: .rsa
        case .es256: .p256
        case .es384: .p384
        case .es512: .p521
        case .edDSA: .ed25519
        }
    }

    var scheme: SignatureScheme {
        switch self {
        case .hs256, .rs256, .es256: SignatureScheme(digest: .sha256)
        case .hs384, .rs384, .es384: SignatureScheme(digest: .sha384)
        case .hs512, .rs512, .es512: SignatureScheme(digest: .sha512)
        case .ps256: SignatureScheme(digest: .sha256, isPSS: true)
        case .ps384: SignatureScheme(digest: .sha384, isPSS: true)
        case .ps512: SignatureScheme(digest: .sha512, isPSS: true)
        case .edDSA: SignatureScheme(digest: .none)
        }
    }
}

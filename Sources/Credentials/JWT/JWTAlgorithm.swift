/// The signature algorithms a token may use (RFC 7518 section 3.1). `none` is not among them and never will be.
///
/// Another one needs a case, its family, and its line in `JWTKey.verifies` and `JWTSigner`.
package enum JWTAlgorithm: String, CaseIterable, Hashable, Sendable {
    case hs256 = "HS256"
    case rs256 = "RS256"
    case es256 = "ES256"

    /// The only keys it may be used with.
    package var family: KeyFamily {
        switch self {
        case .hs256: .secret
        case .rs256: .rsa
        case .es256: .p256
        }
    }
}

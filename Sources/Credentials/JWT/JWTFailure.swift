/// Why a token was not accepted. Its text goes to the client, so it names the rule and nothing of the token, the keys
/// or the configuration.
package enum JWTFailure: String, Error, CaseIterable, Hashable, Sendable {
    case tooLarge
    case malformed
    case unsupportedAlgorithm
    case unsupportedExtension
    case unknownKey
    case badSignature
    case missingExpiry
    case expired
    case notYetValid
    case wrongIssuer
    case wrongAudience
    case issuedInFuture
    case tooOld
    case wrongType
    case missingClaim

    /// The value of `WWW-Authenticate` (RFC 6750 section 3).
    package var challenge: String { #"Bearer error="invalid_token", error_description="\#(detail)""# }

    /// The reason as a sentence for problem details and logs.
    package var detail: String {
        switch self {
        case .tooLarge: "The token is larger than 16 KiB"
        case .malformed: "The token is not a well-formed JWT"
        case .unsupportedAlgorithm: "The token's algorithm is not accepted"
        case .unsupportedExtension: "The token requires an extension that is not supported"
        case .unknownKey: "The token's key is not known"
        case .badSignature: "The token's signature is not valid"
        case .missingExpiry: "The token has no expiry"
        case .expired: "The token has expired"
        case .notYetValid: "The token is not valid yet"
        case .wrongIssuer: "The token's issuer is not accepted"
        case .wrongAudience: "The token is meant for another audience"
        case .issuedInFuture: "The token was issued in the future"
        case .tooOld: "The token was issued too long ago"
        case .wrongType: "The token is of another type"
        case .missingClaim: "The token lacks a claim that is required"
        }
    }
}

/// What became of a token.
package enum JWTVerdict: Sendable {
    case valid(VerifiedToken)
    case invalid(JWTFailure)
}

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

    /// The value of `WWW-Authenticate` (RFC 6750 section 3); a constant, so answering with it allocates nothing.
    package var challenge: String {
        switch self {
        case .tooLarge:
            #"Bearer error="invalid_token", error_description="The token is larger than 16 KiB""#
        case .malformed:
            #"Bearer error="invalid_token", error_description="The token is not a well-formed JWT""#
        case .unsupportedAlgorithm:
            #"Bearer error="invalid_token", error_description="The token's algorithm is not accepted""#
        case .unsupportedExtension:
            #"Bearer error="invalid_token", error_description="The token requires an extension that is not supported""#
        case .unknownKey:
            #"Bearer error="invalid_token", error_description="The token's key is not known""#
        case .badSignature:
            #"Bearer error="invalid_token", error_description="The token's signature is not valid""#
        case .missingExpiry:
            #"Bearer error="invalid_token", error_description="The token has no expiry""#
        case .expired:
            #"Bearer error="invalid_token", error_description="The token has expired""#
        case .notYetValid:
            #"Bearer error="invalid_token", error_description="The token is not valid yet""#
        case .wrongIssuer:
            #"Bearer error="invalid_token", error_description="The token's issuer is not accepted""#
        case .wrongAudience:
            #"Bearer error="invalid_token", error_description="The token is meant for another audience""#
        }
    }

    /// The same reason as a sentence for problem details and logs.
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
        }
    }
}

/// What became of a token.
package enum JWTVerdict: Sendable {
    case valid(VerifiedToken)
    case invalid(JWTFailure)
}

/// A token that says what it should, and whose signature nobody has looked at: for explanations, where the keys are not at hand.
/// Nobody may be let in by it, so it is no `VerifiedToken`.
package struct UnprovenToken: Sendable {
    package let algorithm: JWTAlgorithm
    /// Which key it says it was signed with.
    package let keyID: String?
    package let claims: VerifiedToken
}

extension JWTVerifier {
    /// Judges everything but the signature: form, algorithm, times, issuer, audience, claims.
    package func judgeAllButSignature(
        _ bytes: UnsafeRawBufferPointer, nowSeconds: Int
    ) throws(JWTFailure) -> UnprovenToken {
        let token = try CompactToken(bytes)
        let header = try header(of: token)
        let claims = try VerifiedToken(claims: try TokenHeader.object(token.payload), configuration)
        if let failure = judgeTimes(of: claims, nowSeconds: nowSeconds) { throw failure }
        try judgeParties(of: claims)
        return UnprovenToken(algorithm: header.algorithm, keyID: header.keyID, claims: claims)
    }
}

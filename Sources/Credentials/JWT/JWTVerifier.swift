import JSON

/// Decides whether a token (RFC 7519, signed by RFC 7515) is genuine and meant for us, following RFC 8725.
///
/// The signature is checked before any claim is read; the algorithm must be among those configured and must fit the
/// key, whatever the token's header says. Immutable, so all workers share one.
package struct JWTVerifier: Sendable {
    package struct Configuration: Sendable {
        package var algorithms: [JWTAlgorithm]
        package var keys: [JWTKey]
        /// The one accepted `iss`; nil: any, also none.
        package var issuer: String?
        /// One of these must be in `aud`; empty: not judged.
        package var audiences: [String]
        /// How far the issuer's clock may be off, for `exp` and `nbf`.
        package var leewaySeconds: Int
        /// Whether a token without `exp`, which could never be got rid of, is refused.
        package var requiresExpiry: Bool
        /// The keys are a provider's, who may have none for an algorithm today.
        package var keysAreFetched = false
        /// Accepted values of the header's `typ` (RFC 8725 section 3.11), without case and without `application/`; empty: any,
        /// also none.
        package var types: [String] = []
        /// Claims that have to be there, and not be null.
        package var requiredClaims: [ClaimPath] = []
        /// Where scopes are; nil: in `scope` and `scp`.
        package var scopesClaim: ClaimPath?
        /// Where roles are; nil: in `roles`, if that is a list of texts.
        package var rolesClaim: ClaimPath?
        /// A token must have been issued (`iat`) less than this ago; nil: at any time.
        package var maximumAgeSeconds: Int?

        package init(
            algorithms: [JWTAlgorithm], keys: [JWTKey], issuer: String? = nil, audiences: [String] = [],
            leewaySeconds: Int = 0, requiresExpiry: Bool = true
        ) {
            self.algorithms = algorithms
            self.keys = keys
            self.issuer = issuer
            self.audiences = audiences
            self.leewaySeconds = leewaySeconds
            self.requiresExpiry = requiresExpiry
        }
    }

    /// A token without `kid` is tried with every key of its family, so their number bounds what it can cost.
    package static let maximumKeys = JWKSet.maximumKeys
    package static let maximumLeewaySeconds = 3600

    package let configuration: Configuration

    package init(_ configuration: Configuration) throws(CredentialError) {
        try Self.check(configuration)
        self.configuration = configuration
    }

    package func verify(_ token: UnsafeRawBufferPointer, nowSeconds: Int) -> JWTVerdict {
        do throws(JWTFailure) {
            let verified = try authenticate(token)
            if let failure = judgeTimes(of: verified, nowSeconds: nowSeconds) { return .invalid(failure) }
            try judgeParties(of: verified)
            return .valid(verified)
        } catch {
            return .invalid(error)
        }
    }

    package func verify(_ token: [UInt8], nowSeconds: Int) -> JWTVerdict {
        token.withUnsafeBytes { verify($0, nowSeconds: nowSeconds) }
    }

    /// What must be judged anew each time a token is shown, also when its signature is remembered.
    /// RFC 7519 sections 4.1.4 and 4.1.5: valid while now < exp, and from now = nbf on. A token of the future (`iat`) was made
    /// by a clock that can't be trusted with `exp` either.
    func judgeTimes(of token: VerifiedToken, nowSeconds now: Int) -> JWTFailure? {
        let leeway = configuration.leewaySeconds
        if let expiry = token.expiry {
            if now >= expiry + leeway { return .expired }
        } else if configuration.requiresExpiry {
            return .missingExpiry
        }
        if let notBefore = token.notBefore, now < notBefore - leeway { return .notYetValid }
        if let issued = token.issued, now < issued - leeway { return .issuedInFuture }
        if let age = configuration.maximumAgeSeconds {
            guard let issued = token.issued else { return .missingClaim }
            if now >= issued + age + leeway { return .tooOld }
        }
        return nil
    }

    /// Header, key, signature; then the claims as the signer wrote them.
    private func authenticate(_ bytes: UnsafeRawBufferPointer) throws(JWTFailure) -> VerifiedToken {
        let token = try CompactToken(bytes)
        let header = try header(of: token)
        let keys = candidates(for: header)
        guard !keys.isEmpty else { throw .unknownKey }
        guard let signature = Base64URL.decode(token.signature) else { throw .malformed }
        guard keys.contains(where: { $0.verifies(signature, by: header.algorithm, of: token.signedBytes) }) else {
            throw .badSignature
        }
        return try VerifiedToken(claims: try TokenHeader.object(token.payload), configuration)
    }

    func header(of token: CompactToken) throws(JWTFailure) -> TokenHeader {
        let header = try TokenHeader(token.header)
        guard configuration.algorithms.contains(header.algorithm) else { throw .unsupportedAlgorithm }
        guard configuration.types.isEmpty || configuration.types.contains(where: { $0 == header.type }) else {
            throw .wrongType
        }
        return header
    }

    /// Only keys of the algorithm's family. A token that names its key gets that key, or else those that have no name;
    /// a token that names none may have been signed with any.
    private func candidates(for header: TokenHeader) -> [JWTKey] {
        let family = configuration.keys.filter { $0.family == header.algorithm.family }
        guard let wanted = header.keyID else { return family }
        let named = family.filter { $0.isNamed(wanted) }
        return named.isEmpty ? family.filter { $0.id == nil } : named
    }

    func judgeParties(of token: VerifiedToken) throws(JWTFailure) {
        if let expected = configuration.issuer {
            guard let issuer = token.issuer, isSameText(issuer, expected) else { throw .wrongIssuer }
        }
        for claim in configuration.requiredClaims {
            switch claim.value(in: token.claims) {
            case nil, .null?: throw .missingClaim
            default: continue
            }
        }
        guard !configuration.audiences.isEmpty else { return }
        let isForUs = token.audiences.contains { audience in
            configuration.audiences.contains { isSameText($0, audience) }
        }
        guard isForUs else { throw .wrongAudience }
    }
}

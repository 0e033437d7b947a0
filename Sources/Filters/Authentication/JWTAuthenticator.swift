import Credentials
import GatewayCore
import HTTPWire
import JSON

#if canImport(Glibc)
    import Glibc
#endif

/// `Authorization: Bearer` with a signed JSON Web Token (RFC 6750, RFC 7519).
package final class JWTAuthenticator: Authenticator {
    package let challenge = "Bearer"
    private var tokens: VerifiedTokenCache
    /// Nil: the keys are configured, and never change.
    private let fetcher: KeySetFetcher?
    private var generation = 0
    private let handshake: HandshakeToken
    private let configured: [JWTKey]
    private let consumers: ConsumerDirectory
    /// Where a token says who its bearer is; nil: in `sub`, else `client_id`, else `azp`.
    private let consumerClaim: ClaimPath?
    private let failures: [JWTFailure: Reply]
    private let nameless: Reply
    /// Who a verified token stands for; tokens are remembered as objects, so their identity is a key.
    private var identities: [ObjectIdentifier: (token: VerifiedToken, identity: Identity)] = [:]

    /// - Throws: `CredentialError` when libcrypto can't be used.
    package init(
        verifier: JWTVerifier, consumers: ConsumerDirectory, consumerClaim: ClaimPath? = nil,
        handshake: HandshakeToken = HandshakeToken(), fetcher: KeySetFetcher? = nil
    ) throws {
        self.consumerClaim = consumerClaim
        nameless = Self.nameless(consumerClaim)
        self.handshake = handshake
        self.fetcher = fetcher
        tokens = try VerifiedTokenCache(verifier: verifier)
        configured = verifier.configuration.keys
        self.consumers = consumers
        failures = Dictionary(
            uniqueKeysWithValues: JWTFailure.allCases.map { failure in
                var reply = Reply.unauthorized(failure.detail + ".", challenges: [failure.challenge])
                // Nobody guesses these: they were signed.
                reply.isFailedAttempt = failure != .expired && failure != .notYetValid
                return (failure, reply)
            })
    }

    package func strip(_ exchange: Exchange) {
        exchange.dropAuthorization()
        handshake.strip(exchange.request)
    }

    package func authenticate(_ exchange: Exchange) -> AuthenticationResult {
        guard let token = token(in: exchange.request) else { return .absent }
        let verdict = verify(token)
        if let fetcher, case .invalid(.unknownKey) = verdict { return later(Array(token), fetcher) }
        return result(of: verdict)
    }

    /// Nil: the request carries none.
    package func token(in request: RequestHead) -> Bytes? {
        let value = request.fields.first(.authorization)
        return value.map(BearerToken.read) ?? handshake.token(in: request)
    }

    /// Whom a token would stand for, if its signature were good; nil if it names nobody.
    package func claimed(by token: UnprovenToken) -> Identity? {
        consumer(of: token.claims).map {
            consumers.identity(
                of: $0, scopes: token.claims.scopes, roles: token.claims.roles, claims: token.claims.claims)
        }
    }

    private func verify(_ token: Bytes) -> JWTVerdict {
        adoptKeys()
        var now = timespec()
        clock_gettime(CLOCK_REALTIME_COARSE, &now)
        return tokens.verify(UnsafeRawBufferPointer(token), nowSeconds: now.tv_sec)
    }

    /// With other keys all tokens are judged anew: one whose key is gone is good no more.
    private func adoptKeys() {
        guard let set = fetcher?.set, set.generation != generation else { return }
        generation = set.generation
        var configuration = tokens.verifier.configuration
        configuration.keys = configured + set.keys
        guard let verifier = try? JWTVerifier(configuration), let fresh = try? VerifiedTokenCache(verifier: verifier)
        else {
            return
        }
        tokens = fresh
        identities.removeAll(keepingCapacity: true)
    }

    /// The provider may have a key that is not known here yet.
    private func later(_ token: [UInt8], _ fetcher: KeySetFetcher) -> AuthenticationResult {
        .later { [self] done in
            fetcher.refresh { [self] in
                let verdict = token.withUnsafeBufferPointer { verify($0) }
                if case .invalid(.unknownKey) = verdict, tokens.verifier.configuration.keys.isEmpty {
                    return done(.rejected(Self.keyless))
                }
                done(result(of: verdict))
            }
        }
    }

    private static let keyless = Reply(
        status: 503, kind: "keys-unavailable", title: "Service unavailable",
        detail: "The keys that tokens are verified with can't be had right now.", lines: "Retry-After: 2\r\n")

    private func result(of verdict: JWTVerdict) -> AuthenticationResult {
        switch verdict {
        case .valid(let token):
            guard let identity = identity(of: token) else { return .rejected(nameless) }
            return .accepted(identity)
        case .invalid(let failure):
            guard let reply = failures[failure] else { return .absent }
            return .rejected(reply)
        }
    }

    /// The subject; or else the client, as a token that a service got for itself may have no other (RFC 9068 §2.2, where
    /// both are the same; `azp`: OpenID Connect Core §2). Nobody is made of a token that names neither: all such tokens
    /// would share one consumer's limits.
    private func consumer(of token: VerifiedToken) -> String? {
        if let consumerClaim {
            return consumerClaim.value(in: token.claims)?.scalarText.flatMap { $0.isEmpty ? nil : $0 }
        }
        let candidates = [token.subject, token.claims["client_id"]?.string, token.claims["azp"]?.string]
        return candidates.lazy.compactMap(\.self).first { !$0.isEmpty }
    }

    private static func nameless(_ claim: ClaimPath?) -> Reply {
        let lack = claim == nil ? "has neither sub nor client_id nor azp" : "lacks the claim that names the consumer"
        return .unauthorized(
            "The token names nobody: it \(lack).",
            challenges: [#"Bearer error="invalid_token", error_description="The token \#(lack)""#])
    }

    /// Nil if the token says of nobody whom it stands for.
    private func identity(of token: VerifiedToken) -> Identity? {
        let key = ObjectIdentifier(token)
        if let known = identities[key] { return known.identity }
        guard let subject = consumer(of: token) else { return nil }
        let identity = consumers.identity(
            of: subject, scopes: token.scopes, roles: token.roles, claims: token.claims)
        // As many as the token memory holds; starting over costs each token one look-up.
        if identities.count >= tokens.capacity { identities.removeAll(keepingCapacity: true) }
        identities[key] = (token, identity)
        return identity
    }
}

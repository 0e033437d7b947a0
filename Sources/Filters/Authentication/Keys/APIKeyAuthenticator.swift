import Credentials
import GatewayCore
import HTTPWire

/// An API key in a header, a query parameter or a cookie. Only its SHA-256 is known: to the configuration, or to Redis.
package final class APIKeyAuthenticator: Authenticator {
    package enum Source: Sendable {
        /// Lower case.
        case header(String)
        case query(String)
        case cookie(String)
    }

    package let challenge: String
    let credential: CredentialPlace
    let consumers: ConsumerDirectory
    /// Nil: keys are in the configuration only.
    private let shared: SharedConsumers?
    let hasher: SHA256Hasher
    let unknown: Reply
    private let expired: Reply

    /// - Throws: `CredentialError` when libcrypto can't be used.
    package init(source: Source, consumers: ConsumerDirectory, shared: SharedConsumers? = nil) throws {
        challenge =
            switch source {
            case .header(let name): "ApiKey realm=\"sluice\", header=\"\(name)\""
            case .query(let name): "ApiKey realm=\"sluice\", query=\"\(name)\""
            case .cookie(let name): "ApiKey realm=\"sluice\", cookie=\"\(name)\""
            }
        credential = CredentialPlace(source)
        self.consumers = consumers
        self.shared = shared
        hasher = try SHA256Hasher()
        unknown = .unauthorized("The API key is not known.", challenges: [challenge])
        var expired = Reply.unauthorized("The API key has expired.", challenges: [challenge])
        // It was good once, so nobody has guessed it.
        expired.isFailedAttempt = false
        self.expired = expired
    }

    package func authenticate(_ exchange: Exchange) -> AuthenticationResult {
        guard let key = credential.value(in: exchange.request) else { return .absent }
        guard (1...APIKeyTable.maximumKeyBytes).contains(key.count) else { return .rejected(unknown) }
        let digest = hasher.digest(UnsafeRawBufferPointer(key))
        if let grant = consumers.grant(of: digest) { return judge(grant, exchange) }
        // Who was given a key of ours and mistyped it needs no answer of Redis.
        guard let shared, APIKey.isPlausible(UnsafeRawBufferPointer(key), using: hasher) else {
            return .rejected(unknown)
        }
        switch shared.find(digest) {
        case .found(let key): return judge(key, exchange)
        case .missing: return .rejected(unknown)
        case .unsure: return exchange.isSuspect ? .rejected(unknown) : later(digest, shared, exchange)
        }
    }

    package func strip(_ exchange: Exchange) { credential.strip(exchange) }

    private func later(_ digest: Digest, _ shared: SharedConsumers, _ exchange: Exchange) -> AuthenticationResult {
        .later { [self] done in
            shared.ask(digest) { [self] answer in
                switch answer {
                case .found(let key): done(judge(key, exchange))
                case .missing: done(.rejected(unknown))
                // It may be good, so this is no refusal.
                case .unavailable: done(.rejected(Self.unavailable))
                }
            }
        }
    }

    func judge(_ key: SharedKey, _ exchange: Exchange) -> AuthenticationResult {
        guard let grant = key.grant(beside: consumers) else { return .rejected(unknown) }
        return judge(grant, exchange)
    }

    private func judge(_ grant: KeyGrant, _ exchange: Exchange) -> AuthenticationResult {
        switch grant.judge(exchange) {
        case .accepted: .accepted(grant.identity)
        case .expired: .rejected(expired)
        case .elsewhere: .rejected(Self.elsewhere)
        }
    }

    private static let unavailable = Reply(
        status: 503, kind: "keys-unavailable", title: "Service temporarily unavailable",
        detail: "The API key can't be checked right now.", lines: "Retry-After: 1\r\n")
    private static let elsewhere = Reply(
        status: 403, kind: "address-not-allowed", title: "Forbidden",
        detail: "This API key may not be used from the client's address.")
}

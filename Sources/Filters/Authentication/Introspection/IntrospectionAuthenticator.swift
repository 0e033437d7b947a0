import Credentials
import GatewayCore
import HTTPWire
import JSON
import Policies

/// Opaque bearer tokens, which their authorisation server is asked about (RFC 7662). Its answers are remembered by the token's
/// digest; requests with the same token wait for the same answer.
package final class IntrospectionAuthenticator: Authenticator {
    package struct Configuration: Sendable {
        package var url: ServiceURL
        package var clientID: String
        package var clientSecret: [UInt8]
        /// How long an answer is believed; a token's `exp` may end it sooner.
        package var memorySeconds = 30
        package var timeoutMicroseconds = 2_000_000
        package var audiences: [String] = []
        package var scopesClaim: ClaimPath = "scope"
        package var rolesClaim: ClaimPath = "roles"
        /// Nil: `sub`, else `client_id`, else `username`.
        package var consumerClaim: ClaimPath?

        package init(url: ServiceURL, clientID: String, clientSecret: [UInt8]) {
            self.url = url
            self.clientID = clientID
            self.clientSecret = clientSecret
        }
    }

    package let challenge = "Bearer"
    private let configuration: Configuration
    private let address: ServiceAddress
    private let head: [UInt8]
    private let client: any ServiceClient
    private let consumers: ConsumerDirectory
    private let hasher: SHA256Hasher
    private let memory = CredentialMemory<Verdict>()
    private var pending: [Digest: [(AuthenticationResult) -> Void]] = [:]

    private static let mostTokenBytes = 16 * 1024
    private static let mostAnswerBytes = 64 * 1024
    /// Tokens that are asked about at the same time, by this worker.
    private static let mostPending = 1024
    /// What is said of a bad token is not believed for long: it may be one that is about to be known.
    private static let refusalSeconds = 10

    private enum Verdict {
        case active(Identity, expiry: Int)
        case refused(Reply)
    }

    /// - Throws: `CredentialError` when libcrypto can't be used.
    package init(_ configuration: Configuration, consumers: ConsumerDirectory, client: any ServiceClient) throws {
        self.configuration = configuration
        self.consumers = consumers
        self.client = client
        hasher = try SHA256Hasher()
        let url = configuration.url
        address = ServiceAddress(host: url.host, port: url.port, isSecure: url.isSecure)
        // RFC 6749 §2.3.1: id and secret are form-encoded before they become Basic credentials.
        let credentials =
            FormEscapes.encoded(configuration.clientID.utf8) + [UInt8(ascii: ":")]
            + FormEscapes.encoded(configuration.clientSecret)
        head = Array(
            """
            POST \(url.target) HTTP/1.1\r
            Host: \(url.authority)\r
            Authorization: Basic \(String(decoding: Base64.encode(credentials), as: UTF8.self))\r
            Content-Type: application/x-www-form-urlencoded\r
            Accept: application/json\r
            User-Agent: sluice\r
            Content-Length:\u{20}
            """.utf8)
    }

    package func strip(_ exchange: Exchange) { exchange.dropAuthorization() }

    package func authenticate(_ exchange: Exchange) -> AuthenticationResult {
        guard let token = exchange.request.fields.first(.authorization).flatMap(BearerToken.read) else {
            return .absent
        }
        guard !token.isEmpty, token.count <= Self.mostTokenBytes else { return .rejected(Self.inactive) }
        let digest = hasher.digest(UnsafeRawBufferPointer(token))
        let now = WallClock.seconds()
        if let known = memory.value(of: digest, now: now) { return result(known, now) }
        guard !exchange.isSuspect else { return .rejected(Self.inactive) }
        guard pending[digest] != nil || pending.count < Self.mostPending else { return .rejected(Self.unavailable) }
        let body = Array("token_type_hint=access_token&token=".utf8) + FormEscapes.encoded(token)
        return .later { [self] done in ask(digest, body, done) }
    }

    private func ask(_ digest: Digest, _ body: [UInt8], _ done: @escaping (AuthenticationResult) -> Void) {
        guard pending[digest] == nil else {
            pending[digest]?.append(done)
            return
        }
        pending[digest] = [done]
        let head = self.head + "\(body.count)\r\n\r\n".utf8
        client.ask(
            address, head, body: body, mostBytes: Self.mostAnswerBytes,
            timeoutMicroseconds: configuration.timeoutMicroseconds
        ) { [self] answer in conclude(digest, answer) }
    }

    private func conclude(_ digest: Digest, _ answer: Result<ServiceAnswer, Failure>) {
        let now = WallClock.seconds()
        var outcome = AuthenticationResult.rejected(Self.unavailable)
        if case .success(let answer) = answer, answer.status == 200, let said = IntrospectionAnswer(answer.body) {
            let verdict = verdict(said, now)
            if case .active(_, let expiry) = verdict {
                memory.remember(verdict, of: digest, until: min(now + configuration.memorySeconds, expiry))
            } else {
                let seconds = min(configuration.memorySeconds, Self.refusalSeconds)
                memory.remember(verdict, of: digest, until: now + seconds)
            }
            outcome = result(verdict, now)
        }
        for done in pending.removeValue(forKey: digest) ?? [] { done(outcome) }
    }

    private func verdict(_ said: IntrospectionAnswer, _ now: Int) -> Verdict {
        let expiry = said.expiry ?? .max
        guard said.isActive, now < expiry else { return .refused(Self.inactive) }
        guard said.isMeant(for: configuration.audiences) else { return .refused(Self.foreign) }
        guard let id = consumer(said.claims) else { return .refused(Self.nameless) }
        let scopes = (configuration.scopesClaim.value(in: said.claims)?.stringList ?? []).flatMap {
            $0.split(separator: " ").map(String.init)
        }
        let identity = consumers.identity(
            of: id, scopes: scopes, roles: configuration.rolesClaim.value(in: said.claims)?.stringList ?? [],
            claims: said.claims)
        return .active(identity, expiry: expiry)
    }

    private func consumer(_ claims: JSONObject) -> String? {
        if let path = configuration.consumerClaim {
            return path.value(in: claims)?.scalarText.flatMap { $0.isEmpty ? nil : $0 }
        }
        return ["sub", "client_id", "username"].lazy.compactMap { claims[$0]?.string }.first { !$0.isEmpty }
    }

    private func result(_ verdict: Verdict, _ now: Int) -> AuthenticationResult {
        switch verdict {
        case .active(let identity, let expiry): now < expiry ? .accepted(identity) : .rejected(Self.inactive)
        case .refused(let reply): .rejected(reply)
        }
    }

    private static let inactive = refusal("The token is not active")
    private static let foreign = refusal("The token is meant for another audience")
    private static let nameless = refusal("The token does not say whose it is")

    private static func refusal(_ detail: String) -> Reply {
        .unauthorized(
            detail + ".", challenges: [#"Bearer error="invalid_token", error_description="\#(detail)""#])
    }

    private static let unavailable = Reply(
        status: 503, kind: "introspection-unavailable", title: "Service unavailable",
        detail: "Whether tokens are good can't be asked right now.", lines: "Retry-After: 2\r\n")
}

import Configuration
import Credentials
import Filters
import GatewayCore
import HTTPWire
import Policies

/// Looks at the credentials of a request as a node would, without asking any service: where one would be asked, says which and what.
/// Not for event loops, since passwords are hashed here.
struct CredentialExamination {
    let configuration: GatewayConfiguration
    let consumers: ConsumerDirectory
    let verifiers: [String: JWTVerifier]
    let users: [String: [BasicAuthenticator.User]]
    let signatureKeys: [String: [SignatureAuthenticator.Key]]
    /// A node's keys of providers; nil: no node is asked.
    let keySets: [String: FetchedKeySet]?
    /// Nil: Redis is not asked.
    let shared: ConsumersInRedis?

    func examine(_ name: String, _ exchange: Exchange) async -> CredentialFinding {
        do {
            return try await finding(name, exchange)
        } catch {
            return .open("can't be told: \(error)")
        }
    }

    private func finding(_ name: String, _ exchange: Exchange) async throws -> CredentialFinding {
        switch configuration.authenticators[name] {
        case .jwt(let settings): return try token(settings, name, exchange)
        case .apiKey(let place): return try await key(place, exchange)
        case .basic: return .told(BasicAuthenticator.judge(exchange, among: users[name] ?? []))
        case .certificate(let source): return certificate(source, exchange)
        case .introspection(let settings): return introspection(settings, exchange)
        case .forward(let settings): return forward(settings, exchange)
        case .signature(let settings): return try signature(settings, name, exchange)
        case .anonymous(let settings):
            let authenticator = AnonymousAuthenticator(consumer: settings.consumer, consumers: consumers)
            return .told(authenticator.authenticate(exchange))
        case nil: return .told(.absent)
        }
    }

    // MARK: Those that can be checked here

    private func key(_ place: APIKeySettings, _ exchange: Exchange) async throws -> CredentialFinding {
        let authenticator = try APIKeyAuthenticator(source: .init(place), consumers: consumers)
        switch authenticator.judge(exchange) {
        case .decided(let result): return .told(result)
        case .open(let digest):
            if let shared {
                do {
                    return .told(try await authenticator.judge(exchange, digest, asking: shared))
                } catch {
                    return .open("the key is none of the configuration's, and Redis could not be asked: \(error)")
                }
            }
            guard configuration.state.redis != nil else { return .told(authenticator.authenticate(exchange)) }
            return .open("the key is none of the configuration's; Redis would be asked, as --redis URL does")
        }
    }

    private func certificate(_ source: CertificateSettings, _ exchange: Exchange) -> CredentialFinding {
        let authenticator = CertificateAuthenticator(source: .init(source), consumers: consumers)
        let note =
            exchange.peer.certificate.map {
                "the certificate's subject is \($0.subject); whether the listener's CA has signed it is not checked here"
            } ?? "the client has shown no certificate; --certificate FILE says which"
        return .told(authenticator.authenticate(exchange), note: note)
    }

    private func signature(
        _ settings: SignatureSettings, _ name: String, _ exchange: Exchange
    ) throws -> CredentialFinding {
        let authenticator = try SignatureAuthenticator(
            settings, name: name, keys: signatureKeys[name] ?? [], nonces: UncheckedNonces())
        let result = authenticator.authenticate(exchange)
        guard case .later(let question) = result else { return .told(result, note: Self.unread(result, exchange)) }
        var answer = AuthenticationResult.absent
        question { answer = $0 }
        return .told(answer, note: "the signature is good; whether its nonce was used before is not asked here")
    }

    private static func unread(_ result: AuthenticationResult, _ exchange: Exchange) -> String? {
        guard case .accepted = result, exchange.bodyCheck != nil else { return nil }
        return "the signature is good; whether the content has its digest is not checked here"
    }

    /// Nonces are only used up by requests that are sent.
    private final class UncheckedNonces: NonceStore {
        func use(_ nonce: Digest, forSeconds seconds: Int, completion: @escaping (NonceUse) -> Void) {
            completion(.first)
        }
    }

    // MARK: Those that somebody would be asked about

    private func introspection(_ settings: IntrospectionSettings, _ exchange: Exchange) -> CredentialFinding {
        guard BearerToken.isCarried(by: exchange.request) else { return .told(.absent) }
        return .open(
            "\(Self.place(settings.url)) would be asked whether the token is active, by POST as \(settings.clientID)")
    }

    private func forward(_ settings: ForwardAuthenticationSettings, _ exchange: Exchange) -> CredentialFinding {
        let request = exchange.request
        let passed = settings.requestFields.filter { name in
            Array(name.lowercased().utf8).withUnsafeBufferPointer { request.fields.first($0) != nil }
        }
        let fields = passed.isEmpty ? "" : ", \(passed.joined(separator: ", "))"
        return .open(
            "\(Self.place(settings.url)) would be asked, by GET with X-Forwarded-Method: \(request.method.text), "
                + "X-Forwarded-Host: \(request.host.text), X-Forwarded-Uri: \(request.path.text)\(fields)")
    }

    /// Without its query, which may hold a secret.
    static func place(_ url: ServiceURL) -> String { String(url.text.prefix { $0 != "?" }) }
}

import Configuration
import Filters
import GatewayCore
import HTTPWire
import JSON

/// Who is calling, as far as that can be told without asking anybody.
extension Explainer {
    func authenticate(_ route: RouteSettings, _ exchange: Exchange) -> (Explanation.Step?, refusal: String?) {
        guard let settings = route.authentication else { return (nil, nil) }
        let names = settings.authenticators.joined(separator: settings.rule == .all ? " and " : " or ")
        let subject = "\(names)\(settings.isOptional ? " (optional)" : "")"
        func step(_ finding: String) -> Explanation.Step {
            Explanation.Step(phase: "authenticate", detail: "\(subject): \(finding)")
        }
        let known = settings.authenticators.compactMap { authenticator($0) }
        guard known.count == settings.authenticators.count else {
            return (step("can't be told here, since others have to be asked"), nil)
        }
        let filter = AuthenticationFilter(
            authenticators: known, rule: settings.rule == .all ? .all : .any, isOptional: settings.isOptional,
            access: RouteAccess(settings))
        switch filter.apply(exchange) {
        case .proceed: return (step(exchange.identity.map { "the caller is \($0.consumer)" } ?? "nobody, who may"), nil)
        case .reply(let reply) where reply.status == 401 && mayKnowMore && !isBare(exchange):
            // The file knows not all of them.
            return (step("nobody whom the configuration names; consumers in Redis are not asked here"), nil)
        case .reply(let reply):
            let reason = reply.status == 403 ? "the caller may not do this" : "no credential, or none that is good"
            return (step("refused"), "\(reply.status): \(reason)")
        case .wait: return (step("can't be told here, since others have to be asked"), nil)
        }
    }

    /// Whether there may be consumers besides those of the file.
    private var mayKnowMore: Bool { configuration.state.redis != nil }

    /// A request without any field but its host, and without a query, has no credential.
    private func isBare(_ exchange: Exchange) -> Bool {
        exchange.request.fields.count <= 1 && exchange.request.query.isEmpty
    }

    /// Nil: it has to ask somebody, such as a provider for its keys, or needs more than a request's head.
    private func authenticator(_ name: String) -> (any Authenticator)? {
        switch configuration.authenticators[name] {
        case .jwt(let settings):
            guard settings.provider == nil, let verifier = verifiers[name] else { return nil }
            return try? JWTAuthenticator(
                verifier: verifier, consumers: consumers, consumerClaim: settings.claims.consumer.map { ClaimPath($0) },
                handshake: HandshakeToken(query: settings.query, subprotocol: settings.subprotocol), fetcher: nil)
        case .apiKey(let place): return try? APIKeyAuthenticator(source: .init(place), consumers: consumers)
        case .anonymous(let settings):
            return AnonymousAuthenticator(consumer: settings.consumer, consumers: consumers)
        default: return nil
        }
    }
}

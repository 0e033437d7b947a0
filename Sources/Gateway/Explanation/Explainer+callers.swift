import Configuration
import Filters
import GatewayCore
import HTTPWire

/// Who is calling, and whether they may: all that can be told without asking a service.
extension Explainer {
    func authenticate(
        _ route: RouteSettings, _ exchange: Exchange, as assumed: String?, _ shared: ConsumersInRedis?
    ) async -> ExplainedCaller {
        guard let settings = route.authentication else { return ExplainedCaller() }
        var caller = ExplainedCaller(settings)
        if let assumed {
            exchange.identity = await completed(consumers.identity(of: assumed), shared, &caller)
            if settings.judgesCallers { caller.note(Self.unjudged) }
            caller.conclude("the caller is taken for \(assumed)")
            return caller
        }
        let (told, isOpen) = await ask(settings, exchange, shared, &caller)
        if isOpen, settings.judgesCallers { caller.note(Self.unjudged) }
        let filter = AuthenticationFilter(
            authenticators: told, rule: settings.rule == .all ? .all : .any, isOptional: settings.isOptional,
            access: isOpen ? RouteAccess() : RouteAccess(settings))
        let verdict = filter.apply(exchange)
        if exchange.identity?.consumer == Self.stranger.consumer { exchange.identity = nil }
        if case .reply(let reply) = verdict {
            caller.refuse(reply)
        } else if isOpen {
            caller.conclude("not decided here; what follows holds if the caller passes")
        } else {
            caller.conclude(exchange.identity.map { "the caller is \($0.consumer)" } ?? "nobody, who may")
        }
        return caller
    }

    /// What each authenticator finds, up to the one that decides; a service that would be asked is taken to accept.
    private func ask(
        _ settings: RouteAuthentication, _ exchange: Exchange, _ shared: ConsumersInRedis?,
        _ caller: inout ExplainedCaller
    ) async -> (told: [ToldAuthenticator], isOpen: Bool) {
        var told: [ToldAuthenticator] = []
        var isOpen = false
        for name in settings.authenticators {
            var result: AuthenticationResult
            switch await examination(shared).examine(name, exchange) {
            case .told(let found, let note):
                result = found
                if let text = note ?? found.refusal { caller.note("\(name): \(text)") }
            case .open(let note):
                isOpen = true
                result = .accepted(Self.stranger)
                caller.note("\(name): \(note)")
            }
            let identity = result.identity
            if let identity, identity !== Self.stranger {
                result = .accepted(await completed(identity, shared, &caller))
            }
            told.append(ToldAuthenticator(result, isForNoCredential: isAnonymous(name)))
            if identity != nil, settings.rule == .any { break }
        }
        return (told, isOpen)
    }

    /// Stands for whoever a service would name.
    private static let stranger = Identity(consumer: "", isComplete: true)
    private static let unjudged = "what the route asks of callers (scopes, roles, claims) is not judged"

    private func isAnonymous(_ name: String) -> Bool {
        if case .anonymous = configuration.authenticators[name] { true } else { false }
    }

    /// With plan and scopes of a consumer that only Redis knows.
    private func completed(
        _ identity: Identity, _ shared: ConsumersInRedis?, _ caller: inout ExplainedCaller
    ) async -> Identity {
        guard configuration.state.redis != nil || shared != nil, !identity.isComplete,
            consumers[identity.consumer] == nil
        else { return identity }
        guard let shared else {
            caller.note(
                "\(identity.consumer) is no consumer of the configuration; Redis, which may know it, is not asked")
            return identity
        }
        do {
            return try await identity.completed(asking: shared, beside: consumers)
        } catch {
            caller.note("Redis could not be asked for \(identity.consumer): \(error)")
            return identity
        }
    }
}

extension RouteAuthentication {
    /// Whether more is asked of callers than to be somebody.
    fileprivate var judgesCallers: Bool {
        access != AccessSettings() || methods.values.contains { $0 != AccessSettings() }
    }
}

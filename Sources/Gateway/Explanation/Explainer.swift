import Configuration
import Credentials
import Filters
import GatewayCore
import HTTPWire
import Policies

/// Tells what would become of a request, by a configuration alone or by what a node has in force.
package struct Explainer {
    let configuration: GatewayConfiguration
    let surfaces: Surfaces
    private let limits: LimitCatalogue
    private let unknownVersions: UnknownVersions
    let consumers: ConsumerDirectory
    private let verifiers: [String: JWTVerifier]
    private let users: [String: [BasicAuthenticator.User]]
    private let signatureKeys: [String: [SignatureAuthenticator.Key]]
    private let redaction: CredentialRedaction
    /// Of a running node.
    private var keySets: [String: FetchedKeySet]?
    private var breakers: [String: SharedBreaker]?
    private var near: NearCache?

    /// - Throws: `SnapshotFailure` for keys that can't be used.
    package init(_ configuration: GatewayConfiguration) throws(SnapshotFailure) {
        self.configuration = configuration
        surfaces = Surfaces(configuration.served)
        limits = LimitCatalogue(configuration)
        unknownVersions = UnknownVersions(configuration)
        consumers = try Snapshot.directory(of: configuration)
        verifiers = try Snapshot.verifiers(of: configuration)
        users = try Snapshot.users(of: configuration, consumers)
        signatureKeys = try Snapshot.signatureKeys(of: configuration, consumers)
        redaction = CredentialRedaction(configuration)
    }

    init(_ snapshot: Snapshot, near: NearCache?) {
        configuration = snapshot.configuration
        surfaces = snapshot.surfaces
        limits = snapshot.limits
        unknownVersions = UnknownVersions(snapshot.configuration)
        consumers = snapshot.consumers
        verifiers = snapshot.verifiers
        users = snapshot.users
        signatureKeys = snapshot.signatureKeys
        redaction = CredentialRedaction(snapshot.configuration)
        keySets = snapshot.keySets
        breakers = snapshot.breakers
        self.near = near
    }

    /// - Parameter shared: the cluster's Redis, which is asked for consumers, keys and plans; nil: it is not.
    package func explain(
        _ asked: ExplainedRequest, asking shared: ConsumersInRedis? = nil
    ) async throws(ExplainedRequest.Mistake) -> Explanation {
        let nobody = NobodyDownstream()
        let exchange = try asked.makeExchange(for: nobody)
        let number = try surface(asked.listener)
        if let preflight = try preflight(asked, exchange, surface: number) { return preflight }
        let request = exchange.request
        let (match, captures) = match(request, surface: number)
        var explanation = Explanation(
            asked: self.asked(request), outcome: outcome(match, request, surface: number), route: nil, others: [])
        var winner: Int?
        if case .route(let rule) = match { winner = surfaces.all[number].served(rule) }
        // Before the version is taken out of the path.
        explanation.others = losers(request, winner, surface: number)
        if let winner {
            let route = ExplainedRoute(configuration.served.all[winner], configuration)
            let (explained, refusal) = await explain(route, exchange, captures, as: asked.consumer, shared)
            explanation.route = explained
            if let refusal { explanation.outcome = refusal }
        }
        return withExtendedLifetime(nobody) { explanation }
    }

    func match(_ request: RequestHead, surface: Int) -> (RouteMatch, PathCaptures) {
        var captures = PathCaptures()
        let question = RouteRequest(
            host: request.host, method: request.method, path: request.path, query: request.query)
        let match = surfaces.all[surface].table.match(
            question, RequestFields(fields: request.fields), captures: &captures)
        return (match, captures)
    }

    func asked(_ request: RequestHead) -> Explanation.Asked {
        .init(
            method: request.method.text, host: request.host.text, path: request.path.text,
            query: redaction.text(ofQuery: request.query))
    }

    func examination(_ shared: ConsumersInRedis?) -> CredentialExamination {
        CredentialExamination(
            configuration: configuration, consumers: consumers, verifiers: verifiers, users: users,
            signatureKeys: signatureKeys, keySets: keySets, shared: shared)
    }

    /// The place of a listener's surface; nil stands for listeners that are no gateway's.
    private func surface(_ listener: String?) throws(ExplainedRequest.Mistake) -> Int {
        guard let listener else { return 0 }
        let known = configuration.listeners.map { "\($0.bind)" }
        guard known.contains(listener) else {
            throw ExplainedRequest.Mistake(
                description: "there is no listener \(listener); there are \(known.joined(separator: ", "))")
        }
        return surfaces.number(ofListener: listener)
    }

    private func outcome(_ match: RouteMatch, _ request: RequestHead, surface number: Int) -> String {
        switch match {
        case .route: "forwarded"
        case .notFound: unknownVersion(request, surface: number) ?? "404: no route matches"
        case .methodNotAllowed(let allow): "405: the path is served for \(allow)"
        case .options(let allow): "204: the gateway answers OPTIONS, with Allow: \(allow)"
        }
    }

    private func unknownVersion(_ request: RequestHead, surface number: Int) -> String? {
        let surface = surfaces.all[number]
        let reply = unknownVersions.reply(to: request) { path in
            var captures = PathCaptures()
            let question = RouteRequest(host: request.host, method: request.method, path: path, query: request.query)
            let match = surface.table.match(question, RequestFields(fields: request.fields), captures: &captures)
            guard case .route(let rule) = match else { return nil }
            return surface.route(rule)
        }
        return reply.map { "\($0.status): \($0.detail ?? "the path names a version that is not served")" }
    }

    // MARK: Other routes

    /// Those that share the most with the request come first; with thousands of routes nobody reads all.
    func losers(_ request: RequestHead, _ winner: Int?, surface: Int) -> [Explanation.Loser] {
        let served = configuration.served
        let name = winner.map { served.all[$0].rule.name }
        let judge = RouteReasons(request, redaction)
        let here = Set(served.surfaces[surface].routes)
        var losers: [Explanation.Loser] = []
        var places: [String: Int] = [:]
        for (index, candidate) in served.all.enumerated() where candidate.rule.name != name {
            let reasons =
                here.contains(index)
                ? judge.reasons(candidate.rule, against: name) : ["listener: it is served at others"]
            let loser = Explanation.Loser(route: candidate.rule.name, reasons: reasons)
            // A route is served once for each version that its path may name: what comes nearest is told.
            if let place = places[loser.route] {
                if losers[place].reasons.count > reasons.count { losers[place] = loser }
            } else {
                places[loser.route] = losers.count
                losers.append(loser)
            }
        }
        let ranked = losers.enumerated().sorted {
            ($0.element.reasons.count, $0.offset) < ($1.element.reasons.count, $1.offset)
        }
        return ranked.prefix(Self.mostLosers).map(\.element)
    }

    private static let mostLosers = 50

    // MARK: The route

    func parameters(of rule: RouteRule, _ request: RequestHead, _ captures: PathCaptures) -> [Explanation.Parameter] {
        rule.path.parameterNames.prefix(captures.count).enumerated().map { place, name in
            let value = request.path.slice(captures[place].start, captures[place].length).text
            return Explanation.Parameter(name: name, value: value)
        }
    }

    private func explain(
        _ route: ExplainedRoute, _ exchange: Exchange, _ captures: PathCaptures, as assumed: String?,
        _ shared: ConsumersInRedis?
    ) async -> (Explanation.Route, refusal: String?) {
        let rule = route.served.rule
        let parameters = parameters(of: rule, exchange.request, captures)
        var route = route
        var refusals = [route.findVersion(exchange)] + route.gates.map { Self.refusal($0, exchange) }
        let caller = await authenticate(route.settings, exchange, as: assumed, shared)
        refusals.append(caller.refusal)
        route.findArm(exchange)
        var explained = Explanation.Route(
            name: rule.name, path: rule.path.text, parameters: parameters, consumer: exchange.identity?.consumer,
            version: route.version?.name, steps: [], limits: await limits(of: route, exchange, shared),
            cache: cache(of: route, exchange), upstreams: upstreams(of: route))
        let steps = RouteSteps(route, explained, configuration, origin: exchange.request.fields.first("origin"))
        explained.steps = steps.beforeCaller + caller.steps + steps.afterCaller
        return (explained, refusals.compactMap(\.self).first ?? route.ownOutcome)
    }

    static func refusal(_ filter: any RequestFilter, _ exchange: Exchange) -> String? {
        guard case .reply(let reply) = filter.apply(exchange) else { return nil }
        switch filter {
        case is ContentTypeFilter: return "\(reply.status): the content is of a type that the route does not accept"
        case is AddressFilter: return "\(reply.status): not from this address"
        case is MaintenanceFilter: return "\(reply.status): the route is in maintenance"
        case is VersionFilter: return "\(reply.status): the version is missing, unknown, or no longer served"
        default: return "\(reply.status)"
        }
    }

    private func limits(
        of route: ExplainedRoute, _ exchange: Exchange, _ shared: ConsumersInRedis?
    ) async -> [Explanation.Limit] {
        var applied = limits.routes[route.served.route] + (route.served.gateway.map { limits.gateways[$0] } ?? [])
        if let plan = exchange.identity?.plan {
            if let limit = limits.plans[plan] {
                applied.append(limit)
            } else if configuration.plans[plan] == nil, let fields = try? await shared?.plan(plan),
                let limit = try? LimitCatalogue.sharedLimit(plan, fields)
            {
                applied.append(limit)
            }
        }
        return applied.map { limit in
            Explanation.Limit(
                policy: limit.policy.name, rates: limit.policy.windows.map(\.text),
                concurrency: limit.policy.concurrency, subject: subject(limit.subject, route, exchange),
                isShadow: limit.policy.isShadow)
        }
    }

    private func subject(_ subject: LimitSubject, _ route: ExplainedRoute, _ exchange: Exchange) -> String? {
        switch subject {
        case .consumer, .claim:
            guard route.settings.authentication == nil || exchange.identity != nil else { return nil }
        case .header(let name):
            if redaction.hides(header: String(decoding: name, as: UTF8.self)) { return CredentialRedaction.hidden }
        case .route, .address: break
        }
        return subject.stored(of: exchange)
    }

    /// One, or one for each arm that the request may be drawn to.
    private func cache(of route: ExplainedRoute, _ exchange: Exchange) -> [Explanation.Cache] {
        route.caches(in: configuration).filter { $0.isAsked(by: exchange.request) }.map { cache in
            let key = cache.storedKey(of: exchange)
            return Explanation.Cache(key: redaction.text(ofKey: key), isInMemory: near.map { $0.holds(key) })
        }
    }

    private func upstreams(of route: ExplainedRoute) -> [Explanation.Upstream] {
        route.upstreams.compactMap { name in
            guard let settings = configuration.upstreams[name] else { return nil }
            let state = breakers?[name].map { "\($0.state)" }
            return Explanation.Upstream(
                name: name,
                targets: settings.targets.map { "\($0.isSecure ? "https" : "http")://\($0.host):\($0.port)" },
                breaker: settings.breaker == nil ? "off" : state)
        }
    }
}

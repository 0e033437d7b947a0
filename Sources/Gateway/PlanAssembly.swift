import Configuration
import Encryption
import Filters
import GatewayCore
import JSON
import Policies
import RedisClient
import Telemetry
import Translation
import Transport

/// Assembles the plans of all routes, sharing what routes have in common.
struct PlanAssembly {
    let snapshot: Snapshot
    let resources: WorkerResources
    var names: MetricNames
    private var authenticators: [String: any Authenticator] = [:]
    private(set) var services: [String: ForwardService] = [:]
    private(set) var fetchers: [KeySetFetcher] = []
    /// They are the same wherever a route is served, but for gateways that change requests.
    private var routeServices: [ServicePlace: any ExchangeService] = [:]

    private struct ServicePlace: Hashable {
        let route: Int
        let gateway: String?
    }

    private let forwarding = ForwardingHeaders()
    private let entitlements: Entitlements?
    private let attempts: AttemptGuard?
    private let encoders = EncoderPool()

    init(snapshot: Snapshot, resources: WorkerResources, worker: Worker, upstreams: [String: Upstream]) throws {
        self.snapshot = snapshot
        self.resources = resources
        names = snapshot.metricNames
        attempts = snapshot.failedAttempts.map { AttemptGuard($0) }
        entitlements = resources.consumers.map { Entitlements(shared: $0, configured: snapshot.consumers) }
        for (name, settings) in snapshot.configuration.authenticators {
            authenticators[name] = try authenticator(name, settings, worker)
        }
        for (name, upstream) in upstreams {
            let gate = snapshot.breakers[name].map(BreakerGate.init)
            services[name] = ForwardService(upstream: upstream, gate: gate, worker: worker)
        }
    }

    /// The steps of a route, in the order of the phases.
    mutating func plan(of served: ServedRoute) -> RoutePlan {
        let gateway = served.gateway.map { snapshot.configuration.gateways[$0] }
        let configured = snapshot.configuration.routes[served.route]
        let route = gateway?.applied(to: configured) ?? configured
        let shapingNames = ShapingNames(node: resources.node, route: served.rule.name)
        // First, so that what others refuse is shaped too; among them what finds out the version, and takes out of the path
        // what nobody else is to see.
        var filters = responseShaping(route, gateway, shapingNames, after: versionFilter(of: route, served))
        if let rules = route.compression ?? snapshot.configuration.compression {
            filters.append(CompressionFilter(rules, encoders))
        }
        let cors = route.cors.map { CORSFilter($0) }
        let identity = route.identity ?? snapshot.configuration.identity
        if let cors { filters.append(cors) }
        if !route.contentTypes.isEmpty { filters.append(ContentTypeFilter(route.contentTypes)) }
        if let addresses = route.addresses { filters.append(AddressFilter(addresses)) }
        if let maintenance = route.traffic.maintenance { filters.append(MaintenanceFilter(maintenance)) }
        // Before the limits: they count by consumer, and a stranger must not use up anyone's quota.
        if let authentication = route.authentication { filters.append(authenticate(authentication, identity)) }
        if let limit = limit(of: served, isAuthenticated: route.authentication != nil) { filters.append(limit) }
        if !identity.headers.isEmpty { filters.append(IdentityHeadersFilter(identity)) }
        filters.append(forwarding)
        // Behind it: what it tells the upstream may be changed.
        filters += requestShaping(route, gateway, shapingNames)
        if let upgrade = route.upgrade, route.aggregate == nil { filters.append(UpgradeFilter(upgrade)) }
        let plan = RoutePlan(
            name: served.rule.name, metricsIndex: names.routes.index(of: served.rule.name), bodyLimit: route.bodyBytes,
            priority: route.priority, filters: filters,
            service: reshaped(gateway, shapingNames, service(of: served.route, gateway)),
            preflights: cors,
            responseDefaults: ResponseDefaults(route.securityHeaders ?? snapshot.configuration.securityHeaders))
        plan.timing = TimingFields(route.timing ?? snapshot.configuration.timing)
        return plan
    }

    /// What the requests of a route come to, wherever it is served.
    private mutating func service(of index: Int, _ gateway: GatewaySettings?) -> any ExchangeService {
        // What a gateway makes of requests may change what is answered, and so what is kept.
        let shaper = gateway.flatMap { $0.request.isEmpty ? nil : $0 }
        let place = ServicePlace(route: index, gateway: shaper?.name)
        if let known = routeServices[place] { return known }
        let service = makeService(of: snapshot.configuration.routes[index], at: index, shaper)
        routeServices[place] = service
        return service
    }

    /// From the outside to the upstream.
    private mutating func makeService(
        of route: RouteSettings, at index: Int, _ gateway: GatewaySettings?
    ) -> any ExchangeService {
        if let own = ownAnswer(of: route.traffic) { return own }
        let metricsIndex = names.routes.index(of: route.rule.name)
        let shapingNames = ShapingNames(node: resources.node, route: route.rule.name)
        return versioned(route) { version in
            split(route, version) { upstream, arm in
                // Behind the cache: what it keeps is what clients get.
                cached(
                    route, version, CacheVariation(gateway: gateway?.name, version: version?.name, arm: arm),
                    reshaped(
                        route, version, shapingNames,
                        translated(
                            index,
                            faulty(route, metricsIndex, mirrored(route, metricsIndex, service(of: route, to: upstream)))
                        )))
            }
        }
    }

    private func translated(_ index: Int, _ service: any ExchangeService) -> any ExchangeService {
        snapshot.translations[index].map { TranslationService($0, inner: service) } ?? service
    }

    private func cached(
        _ route: RouteSettings, _ version: VersionSettings?, _ variation: CacheVariation,
        _ service: any ExchangeService
    ) -> any ExchangeService {
        guard let settings = route.cache else { return service }
        let cache = CacheRoute(
            settings, of: route.rule, variation: variation,
            among: CacheVariation.all(of: route, gateways: shapingGateways(of: route)),
            references: references(route, version))
        return CacheService(route: cache, cache: resources.cache, inner: service)
    }

    private func authenticate(_ settings: RouteAuthentication, _ identity: IdentitySettings) -> AuthenticationFilter {
        AuthenticationFilter(
            authenticators: settings.authenticators.compactMap { authenticators[$0] },
            rule: settings.rule == .all ? .all : .any, isOptional: settings.isOptional,
            access: RouteAccess(settings), stripsCredentials: identity.stripsCredential, entitlements: entitlements,
            attempts: attempts)
    }

    private mutating func limit(of served: ServedRoute, isAuthenticated: Bool) -> RateLimitFilter? {
        let own = served.gateway.map { snapshot.limits.gateways[$0] } ?? []
        let limits = (snapshot.limits.routes[served.route] + own).map { filterLimit($0) }
        var plans: [String: RateLimitFilter.Limit] = [:]
        if isAuthenticated { plans = snapshot.limits.plans.mapValues { filterLimit($0) } }
        let shared = isAuthenticated && resources.consumers != nil ? resources.plans : nil
        guard !limits.isEmpty || !plans.isEmpty || shared != nil else { return nil }
        return RateLimitFilter(
            limits: limits, plans: plans, store: resources.store,
            deniesWithoutStore: snapshot.configuration.state.onFailure == .deny, metrics: resources.metrics,
            sharedPlans: shared, sharedMetricsIndex: names.policies.index(of: LimitCatalogue.sharedPlans),
            audit: resources.audit)
    }

    private mutating func filterLimit(_ limit: LimitCatalogue.AppliedLimit) -> RateLimitFilter.Limit {
        RateLimitFilter.Limit(
            policy: limit.policy, subject: limit.subject, cost: limit.cost,
            metricsIndex: names.policies.index(of: limit.policy.name))
    }

    /// What signed requests may use once: known to all nodes, if they share anything.
    private var nonces: any NonceStore {
        let state = snapshot.configuration.state
        guard let redis = resources.redis else { return LocalNonces(snapshot.nonces) }
        return RedisNonces(
            redis, namespace: state.namespace, memory: snapshot.nonces, deniesWithoutRedis: state.onFailure == .deny)
    }

    private mutating func authenticator(
        _ name: String, _ settings: AuthenticatorSettings, _ worker: Worker
    ) throws -> any Authenticator {
        switch settings {
        case .jwt(let settings):
            guard let verifier = snapshot.verifiers[name] else {
                throw SnapshotFailure(place: "authenticators.\(name)", reason: "its keys were not loaded")
            }
            let fetcher = snapshot.keySets[name].map {
                KeySetFetcher($0, client: resources.services, loop: worker.loop)
            }
            if let fetcher { fetchers.append(fetcher) }
            return try JWTAuthenticator(settings, verifier, snapshot.consumers, fetcher: fetcher)
        case .basic(let settings):
            return try BasicAuthenticator(settings, users: snapshot.users[name] ?? [], snapshot, worker.loop)
        case .introspection(let settings):
            return try IntrospectionAuthenticator(settings, snapshot.consumers, resources.services)
        case .forward(let settings):
            return ForwardAuthenticator(settings, name: name, snapshot.consumers, resources.services)
        case .signature(let settings):
            return try SignatureAuthenticator(
                settings, name: name, keys: snapshot.signatureKeys[name] ?? [], nonces: nonces)
        case .anonymous(let settings):
            return AnonymousAuthenticator(consumer: settings.consumer, consumers: snapshot.consumers)
        case .certificate(let source):
            return CertificateAuthenticator(source: .init(source), consumers: snapshot.consumers)
        case .apiKey(let place):
            return try APIKeyAuthenticator(
                source: .init(place), consumers: snapshot.consumers, shared: resources.consumers)
        }
    }
}

/// Stands where a route's upstream is missing; validation keeps that from happening.
final class UnconfiguredService: ExchangeService {
    func serve(_ exchange: Exchange) {
        exchange.record.failure = .noTarget
        exchange.answer(.unavailable("The route's upstream is not configured."))
    }
}

import Configuration
import Filters
import GatewayCore
import Policies

/// A route at one of the places where it is served, and which version and arm a request takes.
struct ExplainedRoute {
    let served: ServedRoute
    /// With what its gateway says for it.
    let settings: RouteSettings
    let gateway: GatewaySettings?
    private(set) var version: VersionSettings?
    /// The arm whose conditions the request meets; nil: it is drawn, or there is none.
    private(set) var arm: String?

    init(_ served: ServedRoute, _ configuration: GatewayConfiguration) {
        self.served = served
        let route = configuration.routes[served.route]
        gateway = served.gateway.map { configuration.gateways[$0] }
        settings = gateway?.applied(to: route) ?? route
    }

    /// Takes the version out of the request, as the gateway does.
    /// - Returns: why it is refused; nil: it isn't.
    mutating func findVersion(_ exchange: Exchange) -> String? {
        guard let versions = settings.versions else { return nil }
        let all = versions.versions.enumerated().map { index, version in
            ServedVersion(
                version: RouteVersion(index: index, name: version.name, metricsIndex: 0), lines: [],
                endsAt: version.endsAtSunset ? version.sunset : nil)
        }
        let filter = VersionFilter(
            versions.rules, versions: all, placement: served.version.map { ($0.index, $0.cut) })
        let refusal = Explainer.refusal(filter, exchange)
        version = exchange.version.map { versions.versions[$0.index] }
        return refusal
    }

    mutating func findArm(_ exchange: Exchange) {
        guard version?.upstream == nil, let split = settings.traffic.split else { return }
        arm =
            split.arms.first { arm in
                arm.conditions.map { RequestConditions($0).hold(for: exchange.request) } ?? false
            }?.upstream
    }

    /// What may refuse a request before anybody is asked who calls.
    var gates: [any RequestFilter] {
        var gates: [any RequestFilter] = []
        if !settings.contentTypes.isEmpty { gates.append(ContentTypeFilter(settings.contentTypes)) }
        if let addresses = settings.addresses { gates.append(AddressFilter(addresses)) }
        if let maintenance = settings.traffic.maintenance { gates.append(MaintenanceFilter(maintenance)) }
        return gates
    }

    /// What a request gets that nobody refuses; nil: it is forwarded.
    var ownOutcome: String? {
        if let redirect = settings.traffic.redirect { return "\(redirect.status): redirected" }
        return settings.traffic.respond.map { "\($0.status): the route's own answer" }
    }

    /// Where it may be sent, as it is or by the steps of an aggregation.
    var upstreams: [String] {
        var names: [String] = []
        let split = settings.traffic.split?.arms.map(\.upstream) ?? []
        let steps = settings.aggregate?.plan.steps.map(\.upstream) ?? []
        let all = version?.upstream.map { [$0] } ?? arm.map { [$0] } ?? [settings.upstream] + split + steps
        for name in all where !name.isEmpty && !names.contains(name) { names.append(name) }
        return names
    }

    /// The caches that may answer it: one for each arm that it may be drawn to.
    func caches(in configuration: GatewayConfiguration) -> [CacheRoute] {
        guard let cache = settings.cache else { return [] }
        let route = configuration.routes[served.route]
        let arms: [String?] =
            version?.upstream == nil
            ? arm.map { [$0] } ?? settings.traffic.split?.arms.map { .some($0.upstream) } ?? [nil] : [nil]
        let shaping = gateway.flatMap { $0.request.isEmpty ? nil : $0.name }
        return arms.map { arm in
            CacheRoute(
                cache, of: route.rule,
                variation: CacheVariation(gateway: shaping, version: version?.name, arm: arm), among: [],
                references: RouteReferences.of(route, version))
        }
    }
}

import Configuration
import Filters
import GatewayCore
import Policies
import Translation

/// What is changed about requests and responses on their way, by a gateway, by a version, and by the route itself: a request
/// meets them in this order, and its response in the other.
extension PlanAssembly {
    /// Shapers of response heads: the one pushed last comes first.
    /// - Parameter version: the filter that finds out the version, before which none is known.
    func responseShaping(
        _ route: RouteSettings, _ gateway: GatewaySettings?, _ names: ShapingNames, after version: VersionFilter?
    ) -> [any RequestFilter] {
        var filters: [any RequestFilter] = []
        if let gateway, !gateway.response.leavesHead { filters.append(ResponseShapingFilter(gateway.response, names)) }
        if let version { filters.append(version) }
        if let told = route.versions.flatMap({ versionTeller($0, names) }) { filters.append(told) }
        let versions = route.versions?.versions.map { version -> (any RequestFilter)? in
            version.response.leavesHead ? nil : ResponseShapingFilter(version.response, names)
        }
        if let filter = PerVersionFilter(versions ?? []) { filters.append(filter) }
        if !route.response.leavesHead { filters.append(ResponseShapingFilter(route.response, names)) }
        return filters
    }

    func requestShaping(
        _ route: RouteSettings, _ gateway: GatewaySettings?, _ names: ShapingNames
    ) -> [any RequestFilter] {
        var filters: [any RequestFilter] = []
        if let gateway, !gateway.request.leavesHead { filters.append(RequestShapingFilter(gateway.request, names)) }
        let versions = route.versions?.versions.map { version -> (any RequestFilter)? in
            version.request.leavesHead ? nil : RequestShapingFilter(version.request, names)
        }
        if let filter = PerVersionFilter(versions ?? []) { filters.append(filter) }
        if !route.request.leavesHead { filters.append(RequestShapingFilter(route.request, names)) }
        return filters
    }

    /// Bodies, behind the cache, which keeps what clients of a version get.
    func reshaped(
        _ route: RouteSettings, _ version: VersionSettings?, _ names: ShapingNames, _ service: any ExchangeService
    ) -> any ExchangeService {
        let own = ReshapingService.wrap(service, request: route.request, response: route.response, names)
        guard let version else { return own }
        return ReshapingService.wrap(own, request: version.request, response: version.response, names)
    }

    /// Bodies, in front of the cache: what it keeps is the same for all gateways.
    func reshaped(_ gateway: GatewaySettings?, _ names: ShapingNames, _ service: any ExchangeService)
        -> any ExchangeService
    {
        guard let gateway else { return service }
        return ReshapingService.wrap(service, request: gateway.request, response: gateway.response, names)
    }

    func references(_ route: RouteSettings, _ version: VersionSettings?) -> Set<RequestReference> {
        RouteReferences.of(route, version)
    }

    /// The names of gateways that list the route and change requests.
    func shapingGateways(of route: RouteSettings) -> [String] {
        snapshot.configuration.gateways.filter { !$0.request.isEmpty && $0.routes.contains(route.rule.name) }.map(
            \.name)
    }
}

enum RouteReferences {
    /// What the service is asked, and what is made of its answers, depends on.
    static func of(_ route: RouteSettings, _ version: VersionSettings?) -> Set<RequestReference> {
        var references = route.request.references.union(route.response.body.references)
        if let version { references.formUnion(version.request.references.union(version.response.body.references)) }
        if let aggregate = route.aggregate { references.formUnion(aggregate.plan.requestReferences) }
        return references
    }
}

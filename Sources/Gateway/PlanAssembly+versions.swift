import Configuration
import Filters
import GatewayCore
import Policies
import Telemetry

/// The versions of a route's API.
extension PlanAssembly {
    mutating func versionFilter(of route: RouteSettings, _ served: ServedRoute) -> VersionFilter? {
        guard let versions = route.versions else { return nil }
        let name = snapshot.configuration.routes[served.route].rule.name
        let all = versions.versions.enumerated().map { index, version in
            ServedVersion(
                version: RouteVersion(
                    index: index, name: version.name,
                    metricsIndex: names.versions.index(of: VersionLabel.key(route: name, version: version.name))),
                lines: Array(
                    VersionDates.lines(
                        deprecated: version.deprecated, sunset: version.sunset, links: version.links
                    ).utf8),
                endsAt: version.endsAtSunset ? version.sunset : nil)
        }
        return VersionFilter(
            versions.rules, versions: all, placement: served.version.map { ($0.index, $0.cut) })
    }

    /// Tells clients which version has served them, in place of what the service says in that field; nil: they aren't told.
    func versionTeller(_ versions: VersionsSettings, _ names: ShapingNames) -> (any RequestFilter)? {
        guard let field = versions.toldIn else { return nil }
        return PerVersionFilter(
            versions.versions.map { version in
                var shaping = ResponseShaping()
                shaping.headers.set = [.init(name: field, value: RequestTemplate(constant: version.name))]
                return ResponseShapingFilter(shaping, names)
            })
    }

    /// One service, or one for each version.
    func versioned(
        _ route: RouteSettings, _ make: (VersionSettings?) -> any ExchangeService
    ) -> any ExchangeService {
        guard let versions = route.versions else { return make(nil) }
        return VersionedService(versions.versions.map(make))
    }
}

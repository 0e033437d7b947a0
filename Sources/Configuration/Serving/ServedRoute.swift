import Policies

/// A route as the gateway finds it: by itself or as part of a gateway, in one version's path or in its own.
///
/// One route of the file may be served at several places; each is a rule of the route table, and all of them lead to the
/// same services.
package struct ServedRoute: Sendable {
    /// What requests must look like. Its name is the route's, with the gateway's before it: `mobile/users`.
    package var rule: RouteRule
    /// The route's place in the configuration.
    package var route: Int
    /// The gateway's place in the configuration; nil: the route is served by itself.
    package var gateway: Int?
    /// The version that the path names, and the bytes of it that do.
    package var version: Version?

    package struct Version: Hashable, Sendable {
        package var index: Int
        package var cut: Range<Int>
    }
}

extension RouteSettings {
    /// The rules by which the route is served under this name and these hosts: its own, and one for each version and each of the
    /// prefixes that may name it. Throws for paths that get too long.
    func places(
        name: String, hosts: [String], route: Int, gateway: Int?
    ) throws(PathPattern.Malformed) -> [ServedRoute] {
        var rule = self.rule
        rule.name = name
        rule.hosts = hosts
        var places = [ServedRoute(rule: rule, route: route, gateway: gateway)]
        guard let versions else { return places }
        for case .path(let prefix) in versions.rules.sources {
            for (index, version) in versions.rules.names.enumerated() {
                let placement = try prefix.place(version, in: self.rule.path)
                var placed = rule
                placed.path = placement.path
                places.append(
                    ServedRoute(
                        rule: placed, route: route, gateway: gateway,
                        version: ServedRoute.Version(index: index, cut: placement.cut)))
            }
        }
        return places
    }
}

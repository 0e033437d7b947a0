import Policies

/// Where all routes are served: what a node's route tables are made of.
///
/// A route that no gateway lists is served at its hosts. One that gateways list is served by each of them, at the
/// gateway's hosts; by itself it is served too if it has hosts of its own, and not at all if it has none: who lists it has said
/// where it belongs.
package struct ServedRoutes: Sendable {
    /// What one route table holds.
    package struct Surface: Sendable {
        /// The listeners that have it; empty: all others.
        package var listeners: [BindAddress]
        /// Places in `all`.
        package var routes: [Int]
    }

    package private(set) var all: [ServedRoute] = []
    /// The first is that of listeners which are no gateway's.
    package private(set) var surfaces: [Surface] = []

    package init() {}

    /// Reports routes between which a table could only toss a coin, and all else that does not fit together.
    init(
        _ routes: [RouteSettings], _ gateways: [GatewaySettings], listeners: [BindAddress], _ context: ReadingContext
    ) {
        var surfaces: [[BindAddress]: [Int]] = [[]: []]
        var places: [NodeReader] = []
        let numbers = Dictionary(
            routes.enumerated().map { ($1.rule.name, $0) }, uniquingKeysWith: { first, _ in first })
        let listed = Set(gateways.flatMap(\.routes))
        for (index, route) in routes.enumerated() where !listed.contains(route.rule.name) || !route.rule.hosts.isEmpty {
            guard let place = context.place(.route(route.rule.name)) else { continue }
            add(route, route.rule.name, route.rule.hosts, index, nil, on: [], place, &surfaces, &places)
        }
        for (gatewayIndex, gateway) in gateways.enumerated() {
            for name in gateway.routes {
                guard let index = numbers[name],
                    let place = context.place(.listing(gateway: gateway.name, route: name))
                else { continue }
                add(
                    routes[index], "\(gateway.name)/\(name)", gateway.hosts, index, gatewayIndex,
                    on: gateway.listeners, place, &surfaces, &places)
            }
            Self.judge(
                gateway, routes: gateway.routes.compactMap { numbers[$0].map { routes[$0] } }, listeners, context)
        }
        assemble(surfaces, listeners: Set(gateways.flatMap(\.listeners)), places)
    }

    private mutating func add(
        _ route: RouteSettings, _ name: String, _ hosts: [String], _ index: Int, _ gateway: Int?,
        on listeners: [BindAddress], _ place: NodeReader, _ surfaces: inout [[BindAddress]: [Int]],
        _ places: inout [NodeReader]
    ) {
        do throws(PathPattern.Malformed) {
            for served in try route.places(name: name, hosts: hosts, route: index, gateway: gateway) {
                surfaces[listeners, default: []].append(all.count)
                all.append(served)
                places.append(place)
            }
        } catch {
            place.report("with a version in it, the path is none: \(error.reason)")
        }
    }

    /// One surface for each listener that is a gateway's, as several may share it.
    private mutating func assemble(
        _ groups: [[BindAddress]: [Int]], listeners: Set<BindAddress>, _ places: [NodeReader]
    ) {
        surfaces = [Surface(listeners: [], routes: groups[[]] ?? [])]
        for listener in listeners.sorted(by: { "\($0)" < "\($1)" }) {
            let routes = groups.filter { $0.key.contains(listener) }.flatMap(\.value).sorted()
            surfaces.append(Surface(listeners: [listener], routes: routes))
        }
        for surface in surfaces {
            RouteConflicts.report(in: surface.routes.map { all[$0].rule }, at: surface.routes.map { places[$0] })
        }
    }

    private static func judge(
        _ gateway: GatewaySettings, routes: [RouteSettings], _ listeners: [BindAddress], _ context: ReadingContext
    ) {
        guard let place = context.place(.gateway(gateway.name)) else { return }
        for bind in gateway.listeners where !listeners.contains(bind) {
            place.report(
                "gateway \(quoted(gateway.name)): there is no listener \(bind)",
                hint: "known: \(listeners.map { "\($0)" }.joined(separator: ", "))")
        }
        guard let limit = gateway.limits.first(where: \.needsCaller),
            let open = routes.first(where: { gateway.applied(to: $0).authentication == nil })
        else { return }
        place.report(
            "gateway \(quoted(gateway.name)): a limit per \(limit.per.noun) needs to know the caller, but its route \(quoted(open.rule.name)) is open to all",
            hint: "add auth to one of them, or count per ip")
    }
}

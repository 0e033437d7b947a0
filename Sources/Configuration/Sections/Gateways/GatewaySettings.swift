import Policies

/// One of `gateways`: a surface for one kind of client (backend for frontend), with its own hosts or listeners, its choice of
/// routes, and defaults for them.
package struct GatewaySettings: Sendable {
    package var name: String
    /// Host names, lower case; empty: any, at its listeners.
    package var hosts: [String] = []
    /// Where it is served; empty: at all listeners that are no gateway's.
    package var listeners: [BindAddress] = []
    /// Names of routes, at least one.
    package var routes: [String]
    /// They count over all of its routes.
    package var limits: [LimitSettings] = []
    /// Of its routes that say nothing about it; nil: they are open to all.
    package var authentication: RouteAuthentication?
    /// Of its routes that say nothing about it.
    package var cors: CORSRules?
    /// Between its clients and its routes, outside of their caches.
    package var request = RequestShaping()
    package var response = ResponseShaping()

    /// The route as it is served here.
    package func applied(to route: RouteSettings) -> RouteSettings {
        var route = route
        if !route.saysAuthentication { route.authentication = authentication }
        if !route.saysCORS { route.cors = cors }
        return route
    }

    static let kind = Kind<GatewaySettings>.section(
        "gateway", "a gateway such as { name: mobile, hosts: [m.example.com], routes: [users] }"
    ) { section in
        let name = section.required("name", .name("a gateway's name"), "Its name in limits, metrics and logs.")
        let hosts = section.value(
            "hosts", .oneOrMany(.hostPattern), default: [], "Host names; *.example.com for all below it.")
        let listeners = section.value(
            "listeners", .oneOrMany(.bindAddress), default: [],
            "The listeners that are its own, by their bind; absent: it shares those that are no gateway's.")
        let routes = section.required(
            "routes", .nonEmpty(.list(.reference(to: .routes))), "The names of the routes that it serves.")
        let limits = section.value(
            "limit", .oneOrMany(LimitSettings.kind), default: [],
            "How often it may be used, over all of its routes; per: route counts all of it.")
        let authentication = section.value(
            "auth", .routeAuthentication, default: nil, "Who may use those of its routes that say nothing about it.")
        let cors = section.value(
            "cors", .word("off", nil, or: .cors), default: nil, "The same for pages of other origins.")
        let scope = RequestScope(nil)
        let request = section.value(
            "request", .requestShaping(in: scope), default: RequestShaping(),
            "What its routes get instead of what clients sent.")
        let response = section.value(
            "response", .responseShaping(in: scope), default: ResponseShaping(),
            "What its clients get instead of what its routes answered.")
        if !section.has("hosts"), !section.has("listeners") {
            section.reader.report(
                "a gateway has hosts or listeners of its own", hint: "add hosts: [m.example.com]")
        }
        guard let name, let routes else { return nil }
        section.context.claim(name, asThe: "gateway", at: section.place(of: "name"))
        for (index, route) in routes.enumerated() {
            section.context.note(
                section.place(of: "routes").itemReader(index), as: .listing(gateway: name, route: route))
        }
        section.context.note(section.reader, as: .gateway(name))
        return GatewaySettings(
            name: name, hosts: hosts, listeners: listeners, routes: routes, limits: limits,
            authentication: authentication, cors: cors, request: request, response: response)
    }
}

import Policies

/// One of `routes`: which requests go where, and under which conditions.
package struct RouteSettings: Sendable {
    /// Which requests take it; `rule.name` is the route's name.
    package var rule: RouteRule
    /// Nil: from everywhere.
    package var addresses: AddressRules?
    /// Types that the content of requests may be of; empty: any.
    package var contentTypes: [String] = []
    /// What upstreams are told of the caller; nil: what the top of the file says.
    package var identity: IdentitySettings?
    /// Nil: what the top of the file says.
    package var securityHeaders: SecurityHeaders??
    /// Nil: open to all.
    package var authentication: RouteAuthentication?
    package var limits: [LimitSettings]
    /// Nil: nothing is cached.
    package var cache: RouteCacheSettings?
    /// The longest request body, in bytes; nil: what `limits` says.
    package var bodyBytes: Int?
    /// Nil: no connection becomes another protocol's.
    package var upgrade: RouteUpgrade?
    package var grpc: RouteGRPC
    /// Nil: pages of other origins are not spoken for.
    package var cors: CORSRules?
    /// Whether it is served before others when not all can be.
    package var priority = Priority.normal
    package var traffic = TrafficSettings()
    /// Nil: as at the top.
    package var timing: TimingSettings?
    /// What the service gets instead of what the client sent, and the client of what the service answered.
    package var request: RequestShaping
    package var response: ResponseShaping
    /// Nil: as the configuration's own `compression` says; a nil within: off.
    package var compression: CompressionRules??
    /// Nil: there is one only.
    package var versions: VersionsSettings?
    /// Whether the file says who may take it, and which pages: a gateway's defaults are for routes that don't.
    package var saysAuthentication = true
    package var saysCORS = true
    /// The name of an upstream; empty where the route has none, because it answers by itself, is split, or asks several.
    package var upstream: String
    /// Nil: one service answers.
    package var aggregate: RouteAggregate?

    /// All upstreams that its requests may go to as they are.
    package var upstreams: [String] {
        (upstream.isEmpty ? [] : [upstream]) + (traffic.split?.arms.map(\.upstream) ?? [])
            + (versions?.versions.compactMap(\.upstream) ?? [])
    }

    static let kind = Kind<RouteSettings>.section(
        "route", "a route such as { match: { path: /users/** }, upstream: users }"
    ) { section in
        let name = section.optional(
            "name", .name("a route's name"), "Its name in limits, metrics and logs; absent: route-1, route-2 and so on."
        )
        let match = section.value(
            "match", RouteMatch.kind, default: RouteMatch(), "Which requests take it; absent: all.")
        let authentication = section.value(
            "auth", .routeAuthentication, default: nil, "Who may take it: none, an authenticator, or several.")
        let addresses = section.optional("addresses", .addressRules, "From which addresses it may be taken.")
        let contentTypes = section.value(
            "content_types", .oneOrMany(.contentType), default: [],
            "Types that the content of requests may be of; absent: any.")
        let identity = section.optional("identity", IdentitySettings.kind, "What upstreams are told of the caller.")
        let securityHeaders = section.optional(
            "security_headers", .securityHeaders, "What browsers are told for safety; absent: what the top says.")
        let limits = section.value(
            "limit", .oneOrMany(LimitSettings.kind), default: [], "How often it may be taken; all limits must agree.")
        let cache = section.value(
            "cache", RouteCacheSettings.kind, default: nil, "What of its responses is kept, and how long.")
        let bodyBytes = section.optional(
            "body", .size(0...1 << 40), "The longest request body; absent: what limits.body says.")
        let upgrade = section.value(
            "upgrade", RouteUpgrade.kind, default: RouteUpgrade(), "Which protocols a connection may change to.")
        let grpc = section.value(
            "grpc", RouteGRPC.kind, default: RouteGRPC(), "How clients without gRPC reach gRPC services.")
        let cors = section.value(
            "cors", .word("off", nil, or: .cors), default: nil, "Which pages of other origins may call it; off: none.")
        let priority = section.value(
            "priority", .choice(["low": Priority.low, "normal": .normal, "high": .high]), default: .normal,
            "What is refused last when the node is overloaded: high; and first: low.")
        let timing = section.optional(
            "timing", TimingSettings.kind, "Which fields tell clients what it took; absent: as at the top.")
        let scope = RequestScope(match.path)
        let request = section.value(
            "request", .requestShaping(in: scope), default: RequestShaping(),
            "What the service gets instead of what the client sent.")
        let response = section.value(
            "response", .responseShaping(in: scope), default: ResponseShaping(),
            "What the client gets instead of what the service answered.")
        let compression = section.optional(
            "compression", .compression, "Which of its responses are compressed; absent: as compression above says.")
        let upstream = section.optional("upstream", .reference(to: .upstreams), "Where its requests go.")
        var traffic = TrafficSettings(section)
        let aggregate = section.optional(
            "aggregate", RouteAggregate.kind(path: match.path),
            "The services that are asked, and the answer made of theirs.")
        let isAggregated = section.has("aggregate")
        let versions = section.optional(
            "versions", VersionsSettings.kind(in: scope), "Versions of the API, and how requests name one.")

        let answersAlone = traffic.answersAlone(section)
        if !section.has("upstream"), !section.has("split"), !isAggregated, !answersAlone {
            section.reader.report("a route needs an upstream", hint: "add upstream: NAME")
        }
        for name in ["mirror", "grpc"] where isAggregated && section.has(name) {
            section.place(of: name).report(
                "\(name) says where requests go, and aggregate says so too", hint: "remove one of them")
        }
        let isOpen = authentication == nil && !section.hasValue("auth", otherThan: "none")
        if isOpen, let limit = limits.first(where: \.needsCaller) {
            section.place(of: "limit").report(
                "a limit per \(limit.per.noun) needs to know the caller, but the route is open to all",
                hint: "add auth, or count per ip")
        }
        guard let path = match.path else { return nil }
        if let redirect = traffic.redirect {
            traffic.location = redirect.template(of: path, section.place(of: "redirect"))
        }
        guard upstream != nil || traffic.split != nil || aggregate != nil || answersAlone else { return nil }
        if let cache {
            RouteCacheSettings.check(
                cache, path, methods: match.methods, isOpen: isOpen, section.place(of: "cache"))
        }
        let rule = RouteRule(
            name: name ?? "", hosts: match.hosts, path: path, methods: match.methods, headers: match.headers,
            query: match.query)
        var route = RouteSettings(
            rule: rule, authentication: authentication, limits: limits, cache: cache, bodyBytes: bodyBytes,
            upgrade: upgrade, grpc: grpc, cors: cors, priority: priority, traffic: traffic, timing: timing,
            request: request, response: response, compression: compression, upstream: upstream ?? "")
        route.addresses = addresses
        route.contentTypes = contentTypes
        route.identity = identity
        route.securityHeaders = securityHeaders
        route.versions = versions
        route.saysAuthentication = section.has("auth")
        route.saysCORS = section.has("cors")
        route.aggregate = aggregate
        return route
    }

    /// All routes, named. Whether they are ambiguous is known when gateways are read too.
    static let listKind = Kind<[RouteSettings]>(
        noun: "a list of routes",
        schema: { drawing in ["type": "array", "minItems": 1, "items": kind.schema(drawing)] },
        read: { reader, noun in
            guard case .list(let items) = reader.node.content, !items.isEmpty else {
                reader.reportKind(expected: "a list of routes with at least one")
                return nil
            }
            var routes: [RouteSettings] = []
            for index in items.indices {
                let item = reader.itemReader(index)
                let name = claimName(of: item, index)
                let problemsBefore = item.context.problemCount
                item.context.define(name, in: .routes)
                // A route that is not what was meant would be in conflict with the wrong ones.
                guard var route = kind.read(item), item.context.problemCount == problemsBefore else { continue }
                route.rule.name = name
                routes.append(route)
                item.context.note(item, as: .route(name))
            }
            return routes
        })

    /// Also the names of routes that are not valid are taken.
    private static func claimName(of item: NodeReader, _ index: Int) -> String {
        guard case .mapping(let entries) = item.node.content, let entry = entries.first(where: { $0.key == "name" }),
            case .scalar(let written, _) = entry.value.content,
            let name = try? Interpolation.expand(written, environment: item.context.environment)
        else {
            let name = "route-\(index + 1)"
            item.context.claim(name, asThe: "name", isShown: false, at: item)
            return name
        }
        item.context.claim(name, asThe: "name", at: item.entry(entry))
        return name
    }
}

extension LimitSettings {
    var needsCaller: Bool {
        switch per {
        case .consumer, .claim: true
        case .route, .ip, .header: false
        }
    }
}

extension LimitSettings.Subject {
    var noun: String {
        switch self {
        case .consumer: "consumer"
        case .route: "route"
        case .ip: "ip"
        case .header: "header"
        case .claim: "claim"
        }
    }
}

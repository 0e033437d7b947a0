import Configuration
import Filters
import JSON
import Policies

extension CacheRoute {
    /// - Parameters:
    ///   - variation: what of the route this is the cache of.
    ///   - variations: all there are.
    ///   - references: what is asked of the origin, and made of its answers, depends on.
    init(
        _ settings: RouteCacheSettings, of rule: RouteRule, variation: CacheVariation,
        among variations: [CacheVariation],
        references: Set<RequestReference> = []
    ) {
        self.init(name: rule.name)
        rules.ttl = settings.ttlMicroseconds
        rules.forceTTL = settings.forceTTLMicroseconds
        rules.staleWhileRevalidate = settings.staleWhileRevalidateMicroseconds
        rules.staleIfError = settings.staleIfErrorMicroseconds
        if let statuses = settings.statuses { rules.statuses = Set(statuses) }
        rules.isPerIdentity = !settings.keyClaims.isEmpty
        key.query = CacheKeyRules.Query(settings.query)
        key.sortsQuery = settings.sortsQuery
        key.headers = settings.keyHeaders
        key.claims = settings.keyClaims.map { ClaimPath($0) }
        key.references = references.filter(\.tellsCallersApart).sorted { "\($0)" < "\($1)" }
        // Another route may serve the same URL to requests with other headers, and otherwise.
        if !rule.headers.isEmpty { key.route = rule.name }
        key.variation = variation.name
        key.variations = variations.map(\.name)
        for name in settings.vary { vary.add(name: name) }
        usesGET = settings.methods.contains("GET")
        usesHEAD = settings.methods.contains("HEAD")
        maximumObject = settings.maximumObjectBytes
        // What is no template was refused with the configuration.
        tags = settings.tags.compactMap { try? TagTemplate($0, of: rule.path) }
        bypass.headers = settings.bypassHeaders.map { CacheBypass.Condition($0, name: $0.name.lowercased()) }
        bypass.query = settings.bypassQuery.map { CacheBypass.Condition($0, name: $0.name) }
        bypass.cookies = settings.bypassCookies
    }
}

/// What tells the answers of a route apart that its URL doesn't: gateways that change requests, versions, arms.
struct CacheVariation {
    var gateway: String?
    var version: String?
    var arm: String?

    /// Empty if the answers are the same for all.
    var name: String {
        [gateway.map { "gateway=\($0)" }, version.map { "version=\($0)" }, arm.map { "arm=\($0)" }]
            .compactMap(\.self).joined(separator: ",")
    }

    /// All there are of a route.
    /// - Parameter gateways: those that list it and change requests.
    static func all(of route: RouteSettings, gateways: [String]) -> [CacheVariation] {
        let arms: [String?] = route.traffic.split.map { $0.arms.map { .some($0.upstream) } } ?? [nil]
        let versions: [VersionSettings?] = route.versions.map { $0.versions.map { .some($0) } } ?? [nil]
        let gateways: [String?] = [nil] + gateways.map { .some($0) }
        return gateways.flatMap { gateway in
            versions.flatMap { version in
                (version?.upstream == nil ? arms : [nil]).map {
                    CacheVariation(gateway: gateway, version: version?.name, arm: $0)
                }
            }
        }
    }
}

extension CacheRoute {
    /// The cache of one step of an aggregation. Its entries are the route's, as far as purging by route goes.
    init(_ settings: RouteCacheSettings, of step: AggregationStep, in rule: RouteRule) {
        var any = rule
        any.headers = []
        self.init(settings, of: any, variation: CacheVariation(), among: [])
        // What the service's URL serves is not what a route of this gateway serves under the same URL.
        key.route = "\(rule.name)/\(step.name)"
        // Fields that the step makes of its own values are not among those that responses vary by.
        key.headers += step.headers.filter { $0.value.constant == nil }.map { $0.name.lowercased() }
    }
}

extension CacheKeyRules.Query {
    fileprivate init(_ query: RouteCacheSettings.Query) {
        switch query {
        case .all: self = .all
        case .none: self = .none
        case .keep(let names): self = .keep(names)
        case .ignore(let names): self = .ignore(names)
        }
    }
}

extension CacheBypass.Condition {
    fileprivate init(_ condition: FieldCondition, name: String) {
        self.init(name: name) { condition.accepts($0) }
    }
}

extension RequestReference {
    /// Not what the key has anyway (the URL), and not what differs without meaning anything (nodes, ids of requests).
    fileprivate var tellsCallersApart: Bool {
        switch self {
        case .claim, .header, .query, .cookie, .consumerID, .consumerPlan, .clientAddress: true
        case .segment, .rest, .node, .route, .requestID, .method, .path, .host, .scheme: false
        }
    }
}

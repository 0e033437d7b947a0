import Configuration
import Filters
import JSON
import Policies

/// All limit policies of a configuration, by where they apply.
///
/// A policy's name is part of its keys in Redis, so it follows from the configuration alone: `<route>.<per>` for the
/// limits of a route, `gateway.<name>.<per>` for those of a gateway, and `plan.<name>` for those of a plan, which hold for a consumer over all routes.
struct LimitCatalogue: Sendable {
    /// One limit of a route, or a plan.
    struct AppliedLimit: Sendable {
        let policy: LimitPolicy
        let subject: LimitSubject
        let cost: RequestCost

        fileprivate init(name: String, _ terms: LimitTerms, per subject: LimitSubject) {
            policy = LimitPolicy(
                name: name, windows: terms.rates, concurrency: terms.concurrency, isShadow: terms.isShadow)
            self.subject = subject
            cost = RequestCost(terms.cost)
        }
    }

    /// By the route's place in the configuration.
    let routes: [[AppliedLimit]]
    /// By the gateway's place; over all of its routes.
    let gateways: [[AppliedLimit]]
    let plans: [String: AppliedLimit]

    init(_ configuration: GatewayConfiguration) {
        routes = configuration.routes.map { Self.applied($0.limits, of: $0.rule.name) }
        gateways = configuration.gateways.map { Self.applied($0.limits, of: "gateway.\($0.name)") }
        plans = Dictionary(
            uniqueKeysWithValues: configuration.plans.filter { !$0.value.terms.isEmpty }.map { name, plan in
                (name, AppliedLimit(name: "plan.\(name)", plan.terms, per: .consumer))
            })
    }

    /// By which decisions of plans in Redis are counted, whatever their names.
    static let sharedPlans = "plan.(redis)"

    /// A plan of Redis; nil if it has no limits.
    /// - Throws: what is wrong with it.
    static func sharedPlan(_ name: String, _ fields: [String: String]) throws -> SharedPlans.Plan? {
        try sharedLimit(name, fields).map { SharedPlans.Plan(policy: $0.policy, cost: $0.cost) }
    }

    static func sharedLimit(_ name: String, _ fields: [String: String]) throws -> AppliedLimit? {
        let terms = try PlanSettings(fields: fields).terms
        return terms.isEmpty ? nil : AppliedLimit(name: "plan.\(name)", terms, per: .consumer)
    }

    private static func applied(_ limits: [LimitSettings], of owner: String) -> [AppliedLimit] {
        var taken: [String: Int] = [:]
        return limits.map { limit in
            let base = "\(owner).\(limit.per.policyName)"
            let count = taken[base, default: 0] + 1
            taken[base] = count
            let name = count == 1 ? base : "\(base).\(count)"
            return AppliedLimit(name: name, limit.terms, per: LimitSubject(limit.per))
        }
    }

    /// Those of routes and gateways in their order, then those of plans by their names.
    var policies: [LimitPolicy] {
        (routes + gateways).flatMap { $0.map(\.policy) } + plans.values.map(\.policy).sorted { $0.name < $1.name }
    }

    var names: [String] { policies.map(\.name) }
}

extension LimitSettings.Subject {
    fileprivate var policyName: String {
        switch self {
        case .consumer: "consumer"
        case .route: "route"
        case .ip: "ip"
        case .header(let name): "header-\(name.lowercased())"
        case .claim(let name): "claim-\(name)"
        }
    }
}

extension LimitSubject {
    fileprivate init(_ setting: LimitSettings.Subject) {
        switch setting {
        case .consumer: self = .consumer
        case .route: self = .route
        case .ip: self = .address
        case .header(let name): self = .header(Array(name.lowercased().utf8))
        case .claim(let name): self = .claim(ClaimPath(name))
        }
    }
}

extension RequestCost {
    fileprivate init(_ setting: LimitCost) {
        switch setting {
        case .fixed(let tokens): self = .fixed(tokens)
        case .header(let name, let absent, let maximum):
            self = .header(Array(name.lowercased().utf8), absent: absent, maximum: maximum)
        }
    }
}

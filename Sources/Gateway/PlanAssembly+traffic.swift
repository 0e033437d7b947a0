import Configuration
import Filters
import GatewayCore
import Policies

/// The services of a route that are about where its requests go.
extension PlanAssembly {
    func service(to upstream: String) -> any ExchangeService { services[upstream] ?? UnconfiguredService() }

    /// Nil: the route's requests are forwarded.
    func ownAnswer(of traffic: TrafficSettings) -> (any ExchangeService)? {
        if let location = traffic.location {
            return RedirectService(location, status: traffic.redirect?.status ?? 302)
        }
        return traffic.respond.map { FixedReplyService(Reply($0)) }
    }

    /// One service, or one for each arm of the route's split.
    /// - Parameter make: given an upstream, and again if it is that of an arm.
    func split(
        _ route: RouteSettings,
        _ version: VersionSettings?, _ make: (_ upstream: String, _ arm: String?) -> any ExchangeService
    ) -> any ExchangeService {
        // A version with an upstream of its own is not split: the arms are about the others.
        if let upstream = version?.upstream { return make(upstream, nil) }
        guard let split = route.traffic.split, let weights = WeightedSplit(weights: split.arms.map(\.weight)) else {
            return make(route.upstream, nil)
        }
        let arms = split.arms.map { arm in
            SplitService.Arm(
                conditions: arm.conditions.map { RequestConditions($0) },
                service: make(arm.upstream, arm.upstream))
        }
        return SplitService(arms: arms, weights: weights, sticky: split.sticky)
    }

    func mirrored(_ route: RouteSettings, _ metricsIndex: Int, _ service: any ExchangeService) -> any ExchangeService {
        guard let settings = route.traffic.mirror else { return service }
        var rules = MirrorRules()
        rules.sample = Share(settings.sample)
        rules.maximumConcurrent = (settings.concurrency + resources.workerCount - 1) / resources.workerCount
        rules.maximumBody = settings.bodyBytes
        rules.timeoutMicroseconds = settings.timeoutMicroseconds
        return MirrorService(
            rules, inner: service, shadow: self.service(to: settings.upstream), metrics: resources.metrics,
            metricsIndex: metricsIndex, account: resources.cache.account)
    }

    func faulty(_ route: RouteSettings, _ metricsIndex: Int, _ service: any ExchangeService) -> any ExchangeService {
        guard let settings = route.traffic.fault else { return service }
        var rules = FaultRules()
        rules.delayMicroseconds = settings.delayMicroseconds
        rules.delayShare = Share(settings.delayShare)
        rules.abortStatus = settings.abortStatus
        rules.abortShare = Share(settings.abortShare)
        rules.conditions = settings.conditions.map { RequestConditions($0) }
        return FaultService(
            rules, inner: service, loop: resources.cache.loop, metrics: resources.metrics, metricsIndex: metricsIndex)
    }
}

extension RequestConditions {
    init(_ settings: RequestConditionSettings) {
        self.init(headers: settings.headers, cookies: settings.cookies, query: settings.query)
    }
}

extension MaintenanceFilter {
    convenience init(_ settings: MaintenanceSettings) {
        let line = "Retry-After: \(settings.retryAfterSeconds)\r\n"
        let problem = Reply(
            status: 503, kind: "maintenance", title: "Service temporarily unavailable", detail: settings.detail,
            lines: line)
        self.init(settings.answer.map { Reply($0, lines: line) } ?? problem, allowed: settings.allowed)
    }
}

extension Reply {
    /// - Parameter further: field lines besides the answer's own.
    init(_ settings: FixedAnswerSettings, lines further: String = "") {
        let others = settings.headers.filter { $0.name.lowercased() != "content-type" }
        let lines = others.map { "\($0.name): \($0.value)\r\n" }.joined() + further
        let type = settings.headers.first { $0.name.lowercased() == "content-type" }?.value
        if let body = settings.body {
            self.init(status: settings.status, contentType: type ?? settings.contentType, content: body, lines: lines)
        } else {
            self.init(status: settings.status, lines: (type.map { "Content-Type: \($0)\r\n" } ?? "") + lines)
        }
    }
}

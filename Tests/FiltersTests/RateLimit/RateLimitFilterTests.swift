import GatewayCore
import HTTPWire
import Policies
import Telemetry
import Testing

@testable import Filters

@Suite("The limit of a route")
struct RateLimitFilterTests {
    private let store = ScriptedStore()
    private let metrics: WorkerMetrics
    private let route: RateLimitFilter.Limit
    private let second: RateLimitFilter.Limit
    private let gold: RateLimitFilter.Limit

    init() {
        var names = MetricNames()
        func limit(_ name: String, _ subject: LimitSubject) -> RateLimitFilter.Limit {
            RateLimitFilter.Limit(
                policy: LimitPolicy(name, perMinute: 10), subject: subject,
                metricsIndex: names.policies.index(of: name))
        }
        route = limit("r.route", .route)
        second = limit("r.ip", .address)
        gold = limit("plan.gold", .consumer)
        metrics = WorkerMetrics(names: names)
    }

    private func filter(deniesWithoutStore: Bool = false) -> RateLimitFilter {
        RateLimitFilter(
            limits: [route, second], plans: ["gold": gold], store: store, deniesWithoutStore: deniesWithoutStore,
            metrics: metrics)
    }

    private func count(_ limit: RateLimitFilter.Limit, _ decision: LimitDecision) -> UInt64 {
        UInt64(metrics.values.policies[limit.metricsIndex][decision])
    }

    private func exchange(plan: String? = nil) throws -> TestExchange {
        let test = try TestExchange()
        test.exchange.clientAddress.append("192.0.2.1")
        if let plan { test.exchange.identity = Identity(consumer: "acme", plan: plan) }
        return test
    }

    @Test("all limits of the route are asked for in one question")
    func question() throws {
        let test = try exchange()
        #expect(filter().apply(test.exchange).isProceed)
        #expect(
            store.questions.map { $0.map { [$0.policy, $0.subject] } } == [
                [["r.route", "all"], ["r.ip", "192.0.2.1"]]
            ])
        #expect(test.exchange.record.limit == .admitted)
        #expect(test.responseLines.contains("X-RateLimit-Remaining: 9"))
        #expect(count(route, .admitted) == 1 && count(second, .admitted) == 1 && count(gold, .admitted) == 0)
    }

    @Test("the plan of the caller is one limit more; a plan without limits is none")
    func plan() throws {
        #expect(filter().apply(try exchange(plan: "gold").exchange).isProceed)
        #expect(store.questions.last?.last.map { [$0.policy, $0.subject] } == ["plan.gold", "acme"])
        #expect(filter().apply(try exchange(plan: "free").exchange).isProceed)
        #expect(store.questions.last?.count == 2)
    }

    @Test("with nothing to ask the store is not asked")
    func nothing() throws {
        let filter = RateLimitFilter(
            limits: [], plans: ["gold": gold], store: store, deniesWithoutStore: true, metrics: metrics)
        let test = try exchange()
        #expect(filter.apply(test.exchange).isProceed)
        #expect(store.questions.isEmpty && test.responseLines.isEmpty)
        // Somebody else's question later is not mixed up with it.
        #expect(filter.apply(try exchange(plan: "gold").exchange).isProceed)
        #expect(store.questions.map(\.count) == [1])
    }

    @Test("a refusal is a 429 with Retry-After, counted for the policies that refused")
    func refusal() throws {
        store.outcome = .refused
        store.states = [.init(5, reset: 1), .init(0, reset: 60_000_000, wait: 6_000_000)]
        let test = try exchange()
        #expect(filter().apply(test.exchange).reply?.status == 429)
        #expect(test.responseLines.contains("Retry-After: 6"))
        #expect(test.responseLines.contains("X-RateLimit-Remaining: 0"))
        #expect(test.exchange.record.limit == .refused && test.exchange.record.failure == nil)
        #expect(count(route, .refused) == 0 && count(second, .refused) == 1)
        #expect(count(route, .admitted) == 0 && count(second, .admitted) == 0)
    }

    @Test("without the store `allow` lets pass, `deny` answers 503; both say that they are degraded")
    func unavailable() throws {
        store.outcome = .unavailable
        let allowed = try exchange()
        #expect(filter().apply(allowed.exchange).isProceed)
        let denied = try exchange()
        #expect(filter(deniesWithoutStore: true).apply(denied.exchange).reply?.status == 503)
        #expect(denied.responseLines.contains("Retry-After: 1"))
        #expect(denied.exchange.record.failure == .storeUnavailable)
        for test in [allowed, denied] {
            #expect(test.responseLines.contains("Sluice-Degraded: rate-limit"))
            #expect(test.responseLines.contains { $0.hasPrefix("RateLimit-Policy: ") })
            #expect(!test.responseLines.contains { $0.hasPrefix("RateLimit: ") })
            #expect(test.exchange.record.limit == .degraded)
        }
        #expect(count(route, .degraded) == 2 && count(route, .admitted) == 0 && count(route, .refused) == 0)
    }

    @Test("an answer that comes later resumes the exchange")
    func later() throws {
        store.answersLater = true
        let service = CountingService()
        let plan = RoutePlan(name: "r", metricsIndex: 0, filters: [filter()], service: service)
        let (first, second) = (try exchange(), try exchange())
        first.exchange.follow(plan)
        second.exchange.follow(plan)
        #expect(first.exchange.isWaiting && second.exchange.isWaiting && service.served == 0)
        store.answerNext()
        #expect(!first.exchange.isWaiting && second.exchange.isWaiting && service.served == 1)
        store.outcome = .refused
        store.answerNext()
        #expect(service.served == 1 && second.client.replies.map(\.status) == [429])
    }

    @Test("a client that leaves while the store is asked takes nothing with it")
    func clientGone() throws {
        store.answersLater = true
        let service = CountingService()
        let plan = RoutePlan(name: "r", metricsIndex: 0, filters: [filter()], service: service)
        let test = try exchange()
        test.exchange.follow(plan)
        test.exchange.abandon()
        store.answerNext()
        #expect(service.served == 0 && test.client.replies.isEmpty)
        // The question is free for the next request, and knows nothing of the last one.
        let next = try exchange()
        next.exchange.follow(plan)
        store.answerNext()
        #expect(service.served == 1 && store.questions.last?.count == 2)
    }
}

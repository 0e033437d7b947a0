import GatewayCore
import HTTPWire
import Policies
import Telemetry
import Testing

@testable import Filters

@Suite("Limits of concurrency, and shadow limits, of a route")
struct ConcurrencyAndShadowTests {
    private let store = ScriptedStore()
    private let metrics: WorkerMetrics
    private let window: RateLimitFilter.Limit
    private let places: RateLimitFilter.Limit
    private let shadow: RateLimitFilter.Limit

    init() {
        var names = MetricNames()
        func limit(
            _ name: String, perMinute: Int?, concurrency: Int? = nil, isShadow: Bool = false
        ) -> RateLimitFilter.Limit {
            let windows = perMinute.map { [RateWindow(count: $0, periodMicroseconds: 60_000_000)] } ?? []
            let policy = LimitPolicy(name: name, windows: windows, concurrency: concurrency, isShadow: isShadow)
            return RateLimitFilter.Limit(
                policy: policy, subject: .route, metricsIndex: names.policies.index(of: name))
        }
        window = limit("window", perMinute: 10)
        places = limit("places", perMinute: nil, concurrency: 3)
        shadow = limit("shadow", perMinute: 5, concurrency: 2, isShadow: true)
        metrics = WorkerMetrics(names: names)
    }

    private func filter(_ limits: RateLimitFilter.Limit...) -> RateLimitFilter {
        RateLimitFilter(limits: limits, plans: [:], store: store, deniesWithoutStore: false, metrics: metrics)
    }

    private func counts(_ limit: RateLimitFilter.Limit) -> [Int] {
        LimitDecision.allCases.map { metrics.values.policies[limit.metricsIndex][$0] }
    }

    private var releases: [String] { store.journal.filter { $0.hasPrefix("release") } }

    // MARK: Concurrency

    @Test("an admitted request keeps its place until the exchange ends, and gives it back once")
    func place() throws {
        store.places = [0: .init(remaining: 2, isFull: false)]
        store.slot = 41
        let test = try TestExchange()
        #expect(filter(places).apply(test.exchange).isProceed)
        #expect(test.responseLines.contains(#"RateLimit: "places.concurrency";r=2"#))
        #expect(releases.isEmpty)
        test.exchange.giveBack()
        test.exchange.giveBack()
        #expect(releases == ["release 41"])
        #expect(counts(places) == [1, 0, 0, 0])
    }

    @Test("a request without a place has nothing to give back")
    func noPlace() throws {
        let test = try TestExchange()
        #expect(filter(window).apply(test.exchange).isProceed)
        test.exchange.giveBack()
        #expect(releases.isEmpty)
    }

    @Test("a place that is found after the client has gone is given back at once")
    func clientGone() throws {
        store.answersLater = true
        store.slot = 5
        let service = CountingService()
        let plan = RoutePlan(name: "r", metricsIndex: 0, filters: [filter(places)], service: service)
        let test = try TestExchange()
        test.exchange.follow(plan)
        test.exchange.giveBack()
        test.exchange.abandon()
        store.answerNext()
        #expect(releases == ["release 5"] && service.served == 0)
    }

    @Test("when all places are taken the reply says so, and to come back in a second")
    func crowded() throws {
        store.outcome = .refused
        store.places = [1: .init(remaining: 0, isFull: true)]
        let test = try TestExchange()
        let reply = try #require(filter(window, places).apply(test.exchange).reply)
        #expect(reply.status == 429)
        test.exchange.answer(reply)
        #expect(test.client.bodies.first?.contains("As many requests are under way as a limit allows") == true)
        #expect(test.responseLines.contains("Retry-After: 1"))
        #expect(test.exchange.record.limit == .refused)
        #expect(counts(window) == [0, 0, 0, 0] && counts(places) == [0, 1, 0, 0])
    }

    @Test("when tokens are lacking too, the wait for them is what matters")
    func crowdedAndUsedUp() throws {
        store.outcome = .refused
        store.state = .init(0, reset: 60_000_000, wait: 9_000_000)
        store.places = [1: .init(remaining: 0, isFull: true)]
        let test = try TestExchange()
        let reply = try #require(filter(window, places).apply(test.exchange).reply)
        test.exchange.answer(reply)
        #expect(test.client.bodies.first?.contains("A limit for this request is used up") == true)
        #expect(test.responseLines.contains("Retry-After: 9"))
        #expect(counts(window) == [0, 1, 0, 0] && counts(places) == [0, 1, 0, 0])
    }

    @Test("what the store says of places comes through the stores before it, also when the node decides alone")
    func relays() throws {
        store.places = [0: .init(remaining: 2, isFull: false), 1: .init(remaining: 0, isFull: true)]
        let degrading = DegradingRateLimitStore(shared: store, local: store, liveNodes: { 1 })
        let away = ScriptedStore()
        away.outcome = .unavailable
        let alone = DegradingRateLimitStore(shared: away, local: store, liveNodes: { 1 })
        let stores: [any RateLimitStore] = [
            LeasingRateLimitStore(store), LeasingRateLimitStore(degrading), LeasingRateLimitStore(alone),
        ]
        for outer in stores {
            let request = TakeRequest()
            withBytes("s") { subject in
                for policy in [places.policy, shadow.policy] { request.add(policy, subject: subject) }
            }
            #expect(outer.take(request))
            #expect(request.entries.map { $0.places?.remaining } == [2, 0])
            #expect(request.entries.map { $0.places?.isFull } == [false, true])
        }
        // Each policy asked for by itself, as in a cluster.
        let split = TakeRequest()
        withBytes("s") { subject in for _ in 0..<2 { split.add(places.policy, subject: subject) } }
        #expect(SplittingRateLimitStore(store).take(split))
        #expect(split.entries.map { $0.places?.remaining } == [2, 2])
    }

    // MARK: Shadow

    @Test(
        "a shadow limit that would refuse is counted and logged, and the client sees nothing of it",
        arguments: [true, false])
    func shadowRefusal(isByWindow: Bool) throws {
        store.states = [.init(9, reset: 1), isByWindow ? .init(0, reset: 50_000_000, wait: 7) : .init(4, reset: 1)]
        store.places = [1: .init(remaining: 0, isFull: !isByWindow)]
        let test = try TestExchange()
        #expect(filter(window, shadow).apply(test.exchange).isProceed)
        #expect(test.exchange.record.limit == .shadowRefused)
        #expect(!test.responseLines.contains { $0.contains("shadow") || $0.hasPrefix("Retry-After") })
        #expect(test.responseLines.contains("X-RateLimit-Remaining: 9"))
        #expect(counts(window) == [1, 0, 0, 0] && counts(shadow) == [0, 0, 0, 1])
    }

    @Test("a shadow limit that would admit counts as any other, and is not told either")
    func shadowAdmission() throws {
        let test = try TestExchange()
        #expect(filter(shadow).apply(test.exchange).isProceed)
        #expect(test.exchange.record.limit == .admitted && test.responseLines.isEmpty)
        #expect(counts(shadow) == [1, 0, 0, 0])
    }

    @Test("how long to wait is never a shadow limit's word")
    func shadowWait() throws {
        store.outcome = .refused
        store.states = [.init(0, reset: 3_000_000, wait: 3_000_000), .init(0, reset: 90_000_000, wait: 90_000_000)]
        let test = try TestExchange()
        #expect(filter(window, shadow).apply(test.exchange).reply?.status == 429)
        #expect(test.responseLines.contains("Retry-After: 3"))
        #expect(test.exchange.record.limit == .refused)
        #expect(counts(window) == [0, 1, 0, 0] && counts(shadow) == [0, 0, 0, 1])
    }
}

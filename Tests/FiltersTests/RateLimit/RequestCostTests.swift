import GatewayCore
import HTTPWire
import Policies
import Telemetry
import Testing

@testable import Filters

@Suite("What a request costs")
struct RequestCostTests {
    private let header = RequestCost.header(Array("x-cost".utf8), absent: 3, maximum: 50)

    @Test("a fixed cost is the same for all, and a request without the header costs what is said for it")
    func without() throws {
        let request = try TestExchange().exchange.request
        #expect(RequestCost.fixed(7).tokens(of: request) == 7)
        #expect(header.tokens(of: request) == 3)
    }

    @Test(
        "a header's number is the cost, up to the maximum",
        arguments: [
            ("X-Cost: 1", 1), ("x-cost:  49 ", 49), ("X-COST: 50", 50), ("X-Cost: 51", 50), ("X-Cost: 007", 7),
            ("X-Cost: 99999999999999999999999999999999", 50),
        ])
    func number(line: String, cost: Int) throws {
        #expect(header.tokens(of: try TestExchange.with(line).exchange.request) == cost)
    }

    @Test(
        "what is no whole number of at least 1 has no cost",
        arguments: ["", "0", "00", "-1", "+1", "1.5", "1 2", "1,2", "0x10", "ten", "٣"])
    func unreadable(value: String) throws {
        #expect(header.tokens(of: try TestExchange.with("X-Cost: \(value)").exchange.request) == nil)
    }

    @Test("two headers are none: one of them may be the client's own")
    func twice() throws {
        #expect(header.tokens(of: try TestExchange.with("X-Cost: 5", "x-cost: 5").exchange.request) == nil)
    }

    @Test("each limit asks for its own cost; one that can't be read is a 400 that says so, and asks for nothing")
    func filter() throws {
        var names = MetricNames()
        func limit(_ name: String, _ cost: RequestCost) -> RateLimitFilter.Limit {
            RateLimitFilter.Limit(
                policy: LimitPolicy(name, perMinute: 90), subject: .route, cost: cost,
                metricsIndex: names.policies.index(of: name))
        }
        let store = ScriptedStore()
        let limits = [limit("a", .fixed(5)), limit("b", header), limit("c", .fixed(1))]
        let filter = RateLimitFilter(
            limits: limits, plans: [:], store: store, deniesWithoutStore: false, metrics: WorkerMetrics(names: names))
        for _ in 0..<2 {
            let test = try TestExchange.with("X-Cost: none")
            let reply = try #require(filter.apply(test.exchange).reply)
            #expect(reply.status == 400 && test.exchange.record.limit == .none && test.responseLines.isEmpty)
            #expect(store.questions.isEmpty)
            test.exchange.answer(reply)
            #expect(test.client.bodies.first?.contains("The header x-cost says what the request costs") == true)
        }
        // Nothing of the refused request is left in the next one.
        #expect(filter.apply(try TestExchange.with("X-Cost: 12").exchange).isProceed)
        #expect(store.questions.map { $0.map(\.cost) } == [[5, 12, 1]])
    }
}

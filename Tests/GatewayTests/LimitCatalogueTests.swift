import Configuration
import Policies
import Testing

@testable import Filters
@testable import Gateway

/// The names of policies are parts of keys in Redis: they follow from the configuration alone, and stay what they are.
@Suite("The names of limit policies")
struct LimitCatalogueTests {
    private func catalogue() throws -> LimitCatalogue {
        let text = """
            upstreams: { app: { targets: ["http://127.0.0.1:9001"] } }
            authenticators: { keys: { api_key: {} } }
            plans:
              gold: { limits: [50/second, 1000/day], concurrency: 20, cost: 2 }
              trial: { concurrency: 1 }
              free: {}
            routes:
              - name: users
                match: { path: "/users/**" }
                auth: keys
                limit:
                  - { per: consumer, rates: [100/minute, 10/second] }
                  - { per: ip, rates: [5/second] }
                  - { per: ip, rates: [1000/hour] }
                  - { per: "header:X-Tenant", rates: [1/second] }
                  - { per: route, rates: [9/month], cost: { header: X-Cost }, shadow: true }
                upstream: app
              - { match: { path: /open }, limit: { per: route, rates: [1/second] }, upstream: app }
            """
        let configuration = try GatewayConfiguration.parse(text: text, file: "test.yaml", environment: [:]) { _ in [] }
        return LimitCatalogue(configuration)
    }

    @Test("a route's policies are called by the route and by what they count, numbered where that is not enough")
    func routes() throws {
        let names = try catalogue().routes.map { $0.map(\.policy.name) }
        #expect(names[0] == ["users.consumer", "users.ip", "users.ip.2", "users.header-x-tenant", "users.route"])
        #expect(names[1].map { $0.hasSuffix(".route") } == [true])
    }

    @Test("a plan's policy is the plan's over all routes; a plan without limits has none")
    func plans() throws {
        let plans = try catalogue().plans
        #expect(plans.mapValues(\.policy.name) == ["gold": "plan.gold", "trial": "plan.trial"])
        #expect(plans["gold"]?.policy.windows.count == 2 && plans["gold"]?.policy.concurrency == 20)
        #expect(plans["gold"]?.cost == .fixed(2))
        #expect(plans["trial"]?.policy.windows.count == 0 && plans["trial"]?.policy.concurrency == 1)
    }

    @Test("what a limit says of itself reaches its policy")
    func terms() throws {
        let limits = try catalogue().routes[0]
        #expect(limits.map(\.policy.isShadow) == [false, false, false, false, true])
        #expect(limits[4].policy.windows.map(\.kind) == [.calendar(.month, zone: "UTC")])
        #expect(limits[4].cost == .header(Array("x-cost".utf8), absent: 1, maximum: 9))
        #expect(limits[0].cost == .fixed(1) && limits[0].policy.concurrency == nil)
    }

    @Test("all names are told, each once")
    func names() throws {
        let names = try catalogue().names
        #expect(names.count == 8)
        #expect(Set(names).count == 8)
    }
}

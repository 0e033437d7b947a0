import Configuration
import Testing

@testable import Gateway

@Suite("Explaining a request")
struct ExplainerTests {
    private let explainer: Explainer

    init() throws {
        explainer = try Explainer(
            try GatewayConfiguration.parse(
                text: """
                    upstreams:
                      users: { targets: ["http://127.0.0.1:9001"] }
                      orders: { targets: ["https://127.0.0.1:9002"], breaker: off }
                    authenticators:
                      keys: { api_key: { header: X-Key } }
                      links: { api_key: { query: key } }
                    consumers:
                      - { id: acme, plan: gold, keys: ["sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"] }
                    plans: { gold: { limits: [50/second] } }
                    routes:
                      - name: user
                        match: { hosts: [api.test], path: "/users/{id}", methods: [GET], headers: { X-Beta: "yes" } }
                        auth: { any: [keys, links] }
                        limit: [{ per: consumer, rates: [10/minute] }, { per: ip, rates: [5/second] }]
                        cache: { ttl: 1m }
                        request: { path: "/people/{id}", headers: { set: { X-Secret: hidden }, remove: [Cookie] } }
                        response: { json: [{ remove: [internal] }] }
                        upstream: users
                      - { name: users, match: { path: "/users/**" }, upstream: users }
                      - name: details
                        match: { path: "/details/{id}" }
                        aggregate:
                          steps:
                            order: { upstream: orders, path: "/orders/{id}" }
                            user: { upstream: users, path: "/users/{order.user}", optional: true }
                      - name: reports
                        match: { hosts: [reports.test], path: "/reports/**" }
                        addresses: { allow: [192.0.2.0/24] }
                        cache: { ttl: 1m }
                        versions: { from: [{ header: X-Version }], default: "1", "1": {}, "2": { upstream: orders } }
                        split:
                          - { upstream: users, weight: 9 }
                          - { upstream: orders, when: { header: { X-Canary: "1" } } }
                      - { name: old, match: { path: "/old" }, redirect: { to: /new, status: 308 } }
                    gateways:
                      - { name: mobile, hosts: [m.test], routes: [reports], limit: [{ per: ip, rates: [9/second] }] }

                    """, file: "gateway.yaml", environment: [:], readFile: { _ in [] }))
    }

    private func explain(_ method: String, _ url: String, _ headers: String...) async throws -> Explanation {
        try await explainer.explain(ExplainedRequest(method: method, url: url, headers: headers, address: "192.0.2.7"))
    }

    @Test("the route with its parameters, its caller, whose tokens it takes, its cache key and each step")
    func route() async throws {
        let explanation = try await explain(
            "GET", "http://api.test/users/./7?key=foo&a=1", "X-Beta: yes", "Cookie: a=b")
        #expect(explanation.outcome == "forwarded")
        #expect(
            explanation.asked == .init(method: "GET", host: "api.test", path: "/users/7", query: "key=REDACTED&a=1"))
        let route = try #require(explanation.route)
        #expect(route.name == "user" && route.parameters == [.init(name: "id", value: "7")])
        #expect(route.consumer == "acme")
        #expect(route.limits.map(\.policy) == ["user.consumer", "user.ip", "plan.gold"])
        #expect(route.limits.map(\.subject) == ["acme", "192.0.2.7", "acme"])
        #expect(route.cache.map(\.key) == ["http://api.test/users/7?key=REDACTED&a=1|route=user"])
        #expect(route.upstreams == [.init(name: "users", targets: ["http://127.0.0.1:9001"], breaker: nil)])
        #expect(
            route.steps.map(\.phase) == [
                "authenticate", "limit", "request", "request", "request", "cache", "forward", "response",
            ])
        #expect(route.steps.map(\.detail).contains("path /people/{id}"))
        let text = String(decoding: try explanation.json(), as: UTF8.self)
        #expect(!text.contains("hidden") && !text.contains("foo"), "neither what is configured nor what is sent")
        #expect(try Explanation(json: explanation.json()) == explanation)
    }

    @Test(
        "why other routes lost: host, path, method and conditions, or a more specific one",
        arguments: [
            ("GET", "http://api.test/users/7", ["X-Beta: no"], "users", ["header: X-Beta is not \"yes\""]),
            (
                "GET", "http://b.test/users", [], "users",
                [
                    "host: b.test is none of api.test", "path: /users is not /users/{id}",
                    "header: X-Beta is not \"yes\"",
                ]
            ),
        ])
    func losers(method: String, url: String, headers: [String], winner: String, reasons: [String]) async throws {
        let explanation = try await explainer.explain(ExplainedRequest(method: method, url: url, headers: headers))
        #expect(explanation.route?.name == winner)
        #expect(explanation.others.first { $0.route == "user" }?.reasons == reasons)
        let won = try await explain("GET", "http://api.test/users/7", "X-Beta: yes", "X-Key: foo")
        #expect(won.others.first == .init(route: "users", reasons: ["less specific than user"]))
    }

    @Test("what the gateway would answer itself")
    func ownAnswers() async throws {
        #expect(try await explain("GET", "/nothing").outcome == "404: no route matches")
        #expect(
            try await explain("GET", "http://api.test/users/7", "X-Beta: yes").outcome
                == "401: no credential, or none that is good")
        let bad = try await explain("GET", "http://api.test/users/7", "X-Beta: yes", "X-Key: wrong")
        #expect(try await explain("GET", "/old").outcome == "308: redirected")
        let put = try await explain("PUT", "http://api.test/users/7", "X-Beta: yes")
        #expect(put.outcome.hasPrefix("405: ") && put.route == nil)
        #expect(put.others.first { $0.route == "user" }?.reasons == ["method: PUT is none of GET"])
        #expect(put.others.first { $0.route == "users" }?.reasons == ["a more specific host or path answers"])
        let foreign = ExplainedRequest(method: "GET", url: "http://reports.test/reports/1", address: "198.51.100.1")
        #expect(try await explainer.explain(foreign).outcome == "403: not from this address")
        let unknown = try await explain("GET", "http://reports.test/reports/1", "X-Version: 9")
        #expect(unknown.outcome == "400: the version is missing, unknown, or no longer served")
        #expect(bad.outcome.hasPrefix("401") && bad.route?.limits.map(\.subject) == [nil, "192.0.2.7"])
    }

    @Test("the version and the arm that a request takes, and one cache key for each where it is drawn")
    func variations() async throws {
        func route(_ headers: String...) async throws -> Explanation.Route {
            let asked = ExplainedRequest(
                method: "GET", url: "http://reports.test/reports/1", headers: headers, address: "192.0.2.7")
            return try #require(try await explainer.explain(asked).route)
        }
        let drawn = try await route()
        #expect(drawn.version == "1" && drawn.upstreams.map(\.name) == ["users", "orders"])
        #expect(
            drawn.cache.map(\.key) == [
                "http://reports.test/reports/1|version=1,arm=users",
                "http://reports.test/reports/1|version=1,arm=orders",
            ])
        let canary = try await route("X-Canary: 1")
        #expect(canary.upstreams.map(\.name) == ["orders"] && canary.cache.count == 1)
        let second = try await route("X-Version: 2")
        #expect(second.upstreams.map(\.name) == ["orders"])
        #expect(second.cache.map(\.key) == ["http://reports.test/reports/1|version=2"])
        #expect(second.steps.first == .init(phase: "version", detail: "2, told in X-Version"))
    }

    @Test("a gateway's route has the gateway's name and its limits too")
    func gateway() async throws {
        let explanation = try await explain("GET", "http://m.test/reports/1")
        #expect(explanation.route?.name == "mobile/reports")
        #expect(explanation.route?.limits.map(\.policy) == ["gateway.mobile.ip"])
        #expect(explanation.others.contains { $0.route == "reports" && $0.reasons[0].hasPrefix("host: ") })
    }

    @Test("an aggregation is told in the order of its steps, with all its upstreams")
    func aggregation() async throws {
        let route = try #require(try await explain("GET", "/details/7").route)
        #expect(
            route.steps.map(\.detail) == [
                "1. order: GET /orders/{id} of orders", "2. user: GET /users/{order.user} of users, optional",
            ])
        #expect(route.upstreams.map(\.name) == ["orders", "users"] && route.upstreams[0].breaker == "off")
    }

    @Test(
        "what is no request is told so",
        arguments: [
            ("GET", "ftp://a", [String]()), ("G T", "/", []), ("GET", "/a b", []), ("GET", "/", ["no colon"]),
            ("GET", "/", ["A: b\r\nC: d"]), ("GET", "/\u{7}", []),
        ])
    func mistakes(method: String, url: String, headers: [String]) async {
        await #expect(throws: ExplainedRequest.Mistake.self) {
            try await explainer.explain(ExplainedRequest(method: method, url: url, headers: headers))
        }
    }
}

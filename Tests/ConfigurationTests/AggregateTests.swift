import Policies
import Testing

@testable import Configuration

@Suite("What a configuration says of aggregations")
struct AggregateTests {
    private func route(_ aggregate: String) -> String {
        smallest + "  - name: details\n    match: { path: \"/details/{id}\" }\n    aggregate:\n"
            + aggregate.split(separator: "\n").map { "      \($0)\n" }.joined()
    }

    private func plan(_ aggregate: String) throws -> AggregationPlan {
        try #require(try parse(route(aggregate)).routes[1].aggregate).plan
    }

    @Test("the product's example: steps wait for what they refer to, bounds have defaults")
    func example() throws {
        let plan = try plan(
            """
            steps:
              order: { upstream: users, path: "/orders/{id}" }
              customer: { upstream: users, path: "/users/{order.user_id}", timeout: 300ms, optional: true }
              products: { upstream: users, path: "/products/{item.product_id}", each: order.items, parallel: 4 }
            body: { order: "{order}", customer: { name: "{customer.name}" }, count: 2, ok: "true", none: null }
            """)
        #expect(plan.steps.map(\.name) == ["order", "customer", "products"])
        #expect(plan.graph.waves == [[0], [1, 2]])
        #expect(plan.steps[1].timeoutMicroseconds == 300_000 && plan.steps[1].isOptional && !plan.steps[2].isOptional)
        #expect(plan.steps[2].each == .step(0, path: ["items"]))
        #expect(plan.steps[2].parallel == 4 && plan.steps[2].mostItems == 100)
        #expect(plan.steps.map(\.method) == ["GET", "GET", "GET"])
        #expect(plan.timeoutMicroseconds == 10_000_000 && plan.partialMember == "partial" && plan.status == 200)
        guard case .object(let members) = plan.body else { throw Unexpected() }
        #expect(members.map(\.name) == ["order", "customer", "count", "ok", "none"])
        #expect(members[2].value == .literal("2") && members[4].value == .literal("null"))
        #expect(members[3].value != .literal("true"), "what is quoted is text")
    }

    @Test("a step has a query, fields, a body, bounds and a cache of its own")
    func everything() throws {
        let settings = try #require(
            try parse(
                route(
                    """
                    steps:
                      a:
                        upstream: users
                        path: "/find?q={query.q}&page=1"
                        query: { "user id": "{claims.sub}" }
                        headers: { set: { X-Tenant: "{claims.tenant | default(none)}" }, remove: [Cookie] }
                        max_size: 1KiB
                        cache: { ttl: 1m }
                      b: { upstream: users, path: /made, body: { of: ["{a.id}"] }, headers: { X-A: b } }
                    status: 201
                    headers: { X-Id: "{a.id}" }
                    timeout: 2s
                    max_size: 2MiB
                    partial: off
                    server_timing: true
                    """)
            ).routes[1].aggregate)
        let steps = settings.plan.steps
        #expect(steps[0].path.text == "/find" && steps[0].query.map(\.name) == ["q", "page", "user%20id"])
        #expect(steps[0].headers.map(\.name) == ["X-Tenant"] && steps[0].removedHeaders == ["cookie"])
        #expect(steps[0].maximumBytes == 1024 && settings.caches.map { $0 != nil } == [true, false])
        #expect(steps[1].method == "POST" && steps[1].headers.map(\.name) == ["X-A"] && steps[1].needs == [0])
        let plan = settings.plan
        #expect(plan.status == 201 && plan.headers.map(\.name) == ["X-Id"] && plan.timeoutMicroseconds == 2_000_000)
        #expect(plan.maximumBytes == 2 << 20 && plan.partialMember == nil && plan.showsTiming)
        guard case .object(let members) = plan.body else { throw Unexpected() }
        #expect(members.map(\.name) == ["a", "b"], "without a body, the answers by their names")
    }

    private struct Unexpected: Error {}

    @Test(
        "mistakes are told with their places and what may be meant",
        arguments: [
            (
                "steps: { a: { upstream: users, path: \"/{b.x}\" }, b: { upstream: users, path: \"/{a.x}\" } }",
                "8:14: routes[1].aggregate.steps: the steps a, b wait for each other: a needs b needs a; remove one of the references"
            ),
            (
                "steps: { a: { upstream: users, path: \"/{a.x}\" } }",
                "8:14: routes[1].aggregate.steps: the step a refers to its own answer; remove one of the references"
            ),
            (
                "steps: { a: { upstream: usrs, path: /a } }",
                "8:31: routes[1].aggregate.steps.a.upstream: there is no upstream \"usrs\"; did you mean \"users\"?"
            ),
            (
                "steps: { order: { upstream: users, path: \"/{ordr.id}\" } }",
                "8:48: routes[1].aggregate.steps.order.path: \"/{ordr.id}\", character 2: {ordr.id} is unknown here: there is no step \"ordr\"; the steps are {order}"
            ),
            (
                "steps: { a: { upstream: users, path: \"/{item.x}\" } }",
                "8:44: routes[1].aggregate.steps.a.path: \"/{item.x}\", character 2: {item.x} is about an element of a list, and this is not made for each of one; only steps with each have it"
            ),
            (
                "steps: { a: { upstream: users, path: /a, parallel: 2 } }",
                "8:58: routes[1].aggregate.steps.a.parallel: parallel is for steps that are made for each element of a list; add each"
            ),
            (
                "steps: { id: { upstream: users, path: /a } }",
                "8:14: routes[1].aggregate.steps: {id} could be the step or the parameter of the path; give one of them another name"
            ),
            (
                "steps: { item: { upstream: users, path: /a } }",
                "8:16: routes[1].aggregate.steps.item: a step can't be called \"item\", which means something else in templates; give it another name"
            ),
            (
                "steps: {}",
                "8:14: routes[1].aggregate.steps: there are no steps; name one, such as order: { upstream: orders, path: /orders }"
            ),
            (
                "steps: { a: { upstream: users, path: a } }",
                "8:44: routes[1].aggregate.steps.a.path: \"a\": expected a path such as \"/users/{order.user_id}\"; begin with /"
            ),
            (
                "steps: { a: { upstream: users, path: /a/../b } }",
                "8:44: routes[1].aggregate.steps.a.path: \"/a/../b\" has a dot segment; write the path without it"
            ),
            (
                "steps: { a: { upstream: users, path: /a, method: GET, body: {} } }",
                "8:67: routes[1].aggregate.steps.a.body: a GET request has no body; write method: POST, or remove body"
            ),
            (
                "steps: { a: { upstream: users, path: /a, headers: { Content-Length: 1 } } }",
                "8:59: routes[1].aggregate.steps.a.headers.Content-Length: Content-Length is written by sluice itself; remove it"
            ),
            (
                "steps: { a: { upstream: users, path: /a, optional: true } }\nbody: { partial: 1 }",
                "9:13: routes[1].aggregate.body: the body has a member \"partial\", which tells that something is missing; write partial: off, or partial: ANOTHER_NAME"
            ),
        ])
    func mistakes(aggregate: String, told: String) {
        #expect(descriptions(route(aggregate)) == ["gateway.yaml:" + told])
    }

    @Test("a route that asks several services has no service of its own")
    func both() {
        let text =
            smallest
            + "  - { match: { path: /b }, upstream: users, aggregate: { steps: { a: { upstream: users, path: /a } } } }\n"
        #expect(
            descriptions(text) == [
                "gateway.yaml:5:56: routes[1].aggregate: a route has one destination, and this one has upstream and aggregate; remove all but one"
            ])
    }
}

import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("Aggregation")
    struct AggregationTests {
        private let shop: Shop
        private let node: Node

        init() async throws {
            shop = try Shop()
            node = try await Node(
                """
                access_log: { path: off }
                limits: { body: 64KiB }
                authenticators: { keys: { api_key: { header: X-Key } } }
                consumers:
                  - { id: acme, keys: ["sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"] }
                upstreams:
                  orders: { targets: ["\(shop.url)"] }
                  users: { targets: ["\(shop.url)"], timeout: 1s, breaker: { failures: 3, open: 1m } }
                  products: { targets: ["\(shop.url)"] }
                routes:
                  - name: order-details
                    match: { path: "/api/order-details/{id}", methods: [GET] }
                    aggregate: &order
                      steps:
                        order: { upstream: orders, path: "/orders/{id}" }
                        customer: { upstream: users, path: "/users/{order.user_id}", timeout: 300ms, optional: true }
                        products: { upstream: products, path: "/products/{item.product_id}", each: order.items, parallel: 8 }
                      body: { order: "{order}", customer: { name: "{customer.name}", email: "{customer.email}" }, products: "{products}" }
                  - { name: kept, match: { path: "/kept/{id}" }, cache: { ttl: 1m }, aggregate: *order }
                  - name: strict
                    match: { path: "/strict/{id}" }
                    aggregate:
                      timeout: 600ms
                      max_size: 2KiB
                      steps:
                        order: { upstream: orders, path: "/orders/{id}", max_size: 1KiB }
                        customer: { upstream: users, path: "/users/{order.user_id}" }
                        products: { upstream: products, path: "/products/{item.product_id}", each: order.items, max_items: 4 }
                  - name: three
                    match: { path: "/three" }
                    aggregate:
                      server_timing: true
                      steps:
                        a: { upstream: orders, path: /orders/7 }
                        b: { upstream: users, path: /users/42 }
                        c: { upstream: products, path: /products/1 }
                  - name: mine
                    match: { path: "/mine/{kind}" }
                    auth: keys
                    aggregate:
                      steps:
                        found:
                          upstream: orders
                          path: "/{kind}/find?for={consumer.id}"
                          query: { q: "{query.q}", page: "{query.page}" }
                          headers: { set: { X-Who: "{consumer.id}" }, remove: [X-Key, Cookie] }
                        made: { upstream: orders, path: "/made", body: { from: "{found}", note: "of {found.name}" }, optional: true }
                      status: 202
                      headers: { X-Found: "{found.name}" }
                  - name: halves
                    match: { path: "/halves/{id}" }
                    aggregate:
                      steps:
                        order: { upstream: orders, path: "/orders/{id}", cache: { ttl: 1m } }
                        products: { upstream: products, path: "/products/{item.product_id}", each: order.items, optional: true }

                """)
        }

        private let whole =
            "{\"order\":{\"id\":7,\"total\":129.90,\"user_id\":42,\"items\":[{\"product_id\":1},{\"product_id\":2},{\"product_id\":1}]},"
            + "\"customer\":{\"name\":\"Ann \\u00c4\",\"email\":\"ann@example.com\"},"
            + "\"products\":[{\"id\":1,\"price\":1.50},{\"id\":2,\"price\":1.50},{\"id\":1,\"price\":1.50}]}"

        @Test("an order with its customer and its products, byte by byte what the services said")
        func details() throws {
            let answer = try request(
                "/api/order-details/7", ["traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
                port: node.port)
            #expect(answer.status == 200 && answer["Content-Type"] == "application/json")
            #expect(answer.text == whole)
            #expect(answer["Sluice-Partial"] == nil && answer.json["partial"] == nil)
            // Elements that ask for the same share one request.
            #expect(shop.targets.sorted() == ["/orders/7", "/products/1", "/products/2", "/users/42"])
            #expect(shop.targets.first == "/orders/7")
            let ids = Set(shop.origin.requests.map { $0.message["X-Request-ID"] ?? "" })
            #expect(ids == [answer["X-Request-ID"] ?? "none"])
            for request in shop.origin.requests.map(\.message) {
                #expect(request["Accept-Encoding"] == "identity" && request["Accept"] == "application/json")
                #expect(request["traceparent"]?.hasPrefix("00-0af7651916cd43dd8448eb211c80319c-") == true)
                #expect(request["X-Forwarded-For"] == "127.0.0.1" && request["Host"] == "gateway.test")
            }
            let head = try request("/api/order-details/7", method: "HEAD", port: node.port)
            #expect(head.status == 200 && head.text.isEmpty && head["Content-Length"] == "\(whole.utf8.count)")
        }

        @Test("what needs nothing of each other is asked at the same time")
        func parallel() throws {
            shop.pause(.milliseconds(20))
            let connection = try RawConnection(port: node.port, timeout: .seconds(10))
            var best = Duration.seconds(10)
            for _ in 0..<10 {
                let start = ContinuousClock.now
                let answer = try connection.exchange("/three")
                best = min(best, ContinuousClock.now - start)
                #expect(answer.status == 200)
                #expect(answer["Server-Timing"]?.split(separator: ",").count == 3)
            }
            #expect(best < .milliseconds(45), "three services of 20 ms took \(best), one after the other 60 ms")
            print("three services of 20 ms: \(best)")
        }

        @Test("an optional step that fails is null, and the answer says so; nobody keeps it")
        func optional() async throws {
            shop.answer("/users/42", [.hang])
            let start = ContinuousClock.now
            #expect(try request("/api/order-details/7", port: node.port)["Sluice-Partial"] == "customer")
            #expect(ContinuousClock.now - start < .milliseconds(900), "its timeout is 300ms")
            shop.answer("/users/42", "oops", status: "500 Internal Server Error")
            for target in ["/api/order-details/7", "/kept/7", "/kept/7"] {
                let answer = try request(target, port: node.port)
                #expect(answer.status == 200 && answer["Sluice-Partial"] == "customer")
                #expect(answer.json["partial"] as? Bool == true && answer["Cache-Control"] == "no-store")
                #expect(answer.text.contains("\"customer\":{\"name\":null,\"email\":null}"))
                #expect(answer["X-Cache"] != "HIT")
            }
        }

        @Test("elements of an optional step that fail are null one by one, and what is kept is not asked for again")
        func halves() throws {
            shop.answer("/products/2", "", status: "404 Not Found")
            for _ in 0..<2 {
                let answer = try request("/halves/7", port: node.port)
                #expect(answer["Sluice-Partial"] == "products")
                #expect(answer.text.contains("\"products\":[{\"id\":1,\"price\":1.50},null,{\"id\":1,\"price\":1.50}]"))
            }
            #expect(shop.targets.count { $0 == "/orders/7" } == 1)
        }

        @Test("the whole answer goes through the route's cache")
        func cached() throws {
            for word in ["MISS", "HIT"] {
                let answer = try request("/kept/7", port: node.port)
                #expect(answer["X-Cache"] == word && answer.text == whole)
            }
            #expect(shop.targets.count { $0 == "/orders/7" } == 1)
        }

        @Test("a required step that fails makes one clear error that names it")
        func failures() throws {
            func failure(_ status: Int, _ words: String, _ step: String, at target: String = "/strict/7") throws {
                let answer = try request(target, port: node.port)
                #expect(answer.status == status, "\(answer.text)")
                #expect(answer["Content-Type"] == "application/problem+json")
                #expect(answer.json["step"] as? String == step)
                #expect((answer.json["detail"] as? String)?.contains(words) == true, "\(answer.text)")
            }
            // What the client asked for is not there; what the order refers to should be.
            try failure(404, "the service answered with status 404", "order", at: "/strict/8")
            shop.answer("/users/42", "{}", status: "404 Not Found")
            try failure(502, "the service answered with status 404", "customer")
            shop.answer("/users/42", "<html>")
            try failure(502, "is not JSON", "customer")
            shop.answer("/users/42", .response("{}", headers: [("Content-Encoding", "gzip")]))
            try failure(502, "content coding gzip", "customer")
            shop.answer("/users/42", .response("", status: "503 Service Unavailable", headers: [("Retry-After", "7")]))
            try failure(503, "status 503", "customer")
            #expect(try request("/strict/7", port: node.port)["Retry-After"] == "7")
            shop.answer("/orders/7", "{\"items\":[]}")
            try failure(502, "{order.user_id} has no value", "customer")
            shop.answer("/orders/7", "{\"user_id\":\"..\",\"items\":[]}")
            try failure(502, "would have changed the path", "customer")
            shop.answer("/orders/7", "{\"user_id\":42,\"items\":{}}")
            shop.answer("/users/42", "{}")
            try failure(502, "{order.items} is no list", "products")
            shop.answer("/orders/7", "{\"user_id\":42,\"items\":[1,2,3,4,5]}")
            try failure(502, "the list has 5 elements, and at most 4 are asked for", "products")
            shop.answer("/orders/7", "{\"user_id\":42,\"items\":[],\"x\":\"\(String(repeating: "x", count: 1024))\"}")
            try failure(502, "larger than 1024 bytes", "order")
            shop.answer("/orders/7", "{\"user_id\":42,\"items\":[]}")
            shop.answer("/users/42", "\"\(String(repeating: "x", count: 2048))\"")
            try failure(502, "all steps together are larger than 2048 bytes", "customer")
            shop.answer("/orders/7", String(repeating: "[", count: 500))
            try failure(502, "nested deeper", "order")
            shop.answer("/orders/7", [.close])
            try failure(502, "closed the connection", "order")
            shop.answer("/orders/7", [.hang])
            try failure(504, "time", "order")
        }

        @Test("a breaker that is open is told with when to come again; an optional step's is not in the way")
        func breaker() throws {
            shop.answer("/users/42", "", status: "500 Internal Server Error")
            for _ in 0..<4 { _ = try request("/strict/7", port: node.port) }
            let answer = try request("/strict/7", port: node.port)
            #expect(answer.status == 503 && answer["Retry-After"] != nil)
            #expect((answer.json["detail"] as? String)?.contains("circuit breaker") == true)
            #expect(try request("/api/order-details/7", port: node.port)["Sluice-Partial"] == "customer")
        }

        @Test("values are escaped where they stand: in paths, queries, fields and JSON")
        func values() throws {
            shop.answer("/a%2Fb%20c/find?for=acme&q=x%26y%3D%C3%A9", "{\"name\":\"a\\r\\nb \\\"q\\\"\",\"n\":1.0}")
            shop.answer("/made", "{\"id\":9}")
            let answer = try request("/mine/a%2Fb%20c?q=x%26y=%C3%A9", ["X-Key: foo", "Cookie: a=b"], port: node.port)
            #expect(answer.status == 202, "\(answer.text) \(shop.targets)")
            #expect(answer["X-Found"] == "a  b \"q\"")
            #expect(answer.text == "{\"found\":{\"name\":\"a\\r\\nb \\\"q\\\"\",\"n\":1.0},\"made\":{\"id\":9}}")
            let found = try #require(shop.origin.requests.first?.message)
            #expect(found["X-Who"] == "acme" && found["X-Key"] == nil && found["Cookie"] == nil)
            let made = try #require(shop.origin.requests.last?.message)
            #expect(made.startLine.hasPrefix("POST /made ") && made["Content-Type"] == "application/json")
            #expect(
                made.text
                    == "{\"from\":{\"name\":\"a\\r\\nb \\\"q\\\"\",\"n\":1.0},\"note\":\"of a\\u000d\\u000ab \\\"q\\\"\"}"
            )
            #expect(try request("/mine/x", port: node.port).status == 401)
        }

        @Test("when the client goes, its steps go too")
        func cancelled() async throws {
            shop.answer("/orders/7", [.hang])
            let connection = try RawConnection(port: node.port, timeout: .seconds(10))
            try connection.sendRequest(["GET /api/order-details/7 HTTP/1.1", "Host: gateway.test"])
            try await eventually("the step is under way") { !shop.targets.isEmpty }
            connection.close()
            try await eventually("its connection is gone", within: .seconds(3)) { shop.origin.openConnections == 0 }
        }

        @Test("steps are counted, by route and step")
        func counted() throws {
            shop.answer("/users/42", "", status: "500 Internal Server Error")
            _ = try request("/api/order-details/7", port: node.port)
            let labels = "route=\"order-details\",step=\"products\""
            #expect(try node.metric("sluice_aggregation_step_seconds_count", labels) == 2)
            #expect(try node.metric("sluice_aggregation_failures_total", "step=\"customer\"") == 1)
            #expect(try node.metric("sluice_upstream_attempts_total", "upstream=\"products\"") == 2)
        }

        @Test("deploy/examples/aggregation.yaml does what it says")
        func example() async throws {
            let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                .appendingPathComponent("../../../deploy/examples/aggregation.yaml").standardized.path
            let (port, adminPort) = (try freePort(), try freePort())
            let child = try ChildProcess(
                Executables.sluice, ["run", "--config", file, "--workers", "1"],
                environment: [
                    "SLUICE_PORT": "\(port)", "SLUICE_ADMIN_PORT": "\(adminPort)", "ORDERS_URL": shop.url,
                    "USERS_URL": shop.url, "PRODUCTS_URL": shop.url,
                ])
            defer { child.signal(SIGKILL) }
            try await eventually("the node is ready: \(child.standardError)", within: .seconds(20)) {
                try request("/readyz", port: adminPort).status == 200
            }
            #expect(try request("/api/order-details/7", port: port).text == whole)
            #expect(try request("/api/order-details/8", port: port).status == 404)
        }
    }
}

import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("The admin API")
    struct AdminAPITests {
        private static let alone = """
            access_log: { path: off }
            upstreams:
              users: { targets: ["http://127.0.0.1:9"] }
              orders: { targets: ["http://127.0.0.1:9"], breaker: off }
            routes:
              - { name: users, match: { path: "/users/**" }, upstream: users,
                  limit: { per: ip, rates: [3/hour, 5/day] } }
              - { name: rest, match: { path: "/rest/{id}", methods: [GET] }, upstream: orders, cache: { ttl: 1s } }
            """

        @Test("what it serves is what it describes, and the description is valid OpenAPI")
        func document() async throws {
            let node = try await Node(Self.alone)
            let answer = try node.api("/api/openapi.json")
            #expect(answer.status == 200)
            let paths = try #require(answer.json["paths"] as? [String: [String: Any]])
            #expect(paths.count >= 8)
            for (path, operations) in paths {
                let target = path.replacing(/\{[a-z]+\}/, with: "users")
                for method in ["get", "post", "put", "delete", "patch"] {
                    let body = method == "get" || method == "delete" ? nil : "{}"
                    let status = try node.api(target, method: method.uppercased(), body).status
                    if operations[method] == nil {
                        #expect(status == 405, "\(method) \(path) is served but not described")
                    } else {
                        // There is an upstream of that name, and no capture.
                        let isThere = path != "/api/capture/{id}"
                        #expect(![405, 415, 500].contains(status), "\(method) \(path): \(status)")
                        #expect((status == 404) != isThere, "\(method) \(path): \(status)")
                    }
                }
            }
            let checked = try await ChildProcess.run(
                "python3", [Peers.path("openapi_check.py"), Self.packages], input: answer.text)
            #expect(["valid\n", "no validator\n"].contains(checked.standardOutput), "\(checked.standardError)")
        }

        private static let packages = ProcessInfo.processInfo.environment["SLUICE_PYTHON_PACKAGES"] ?? ""

        @Test("routes are listed with what they counted, limits with their policies, breakers with their states")
        func lists() async throws {
            let node = try await Node(Self.alone)
            for _ in 0..<4 { _ = try request("/users/1", port: node.port) }
            let routes = try #require(try node.api("/api/routes").json["routes"] as? [[String: Any]])
            #expect(routes.map { $0["name"] as? String } == ["users", "rest"])
            #expect(routes[0]["requests"] as? Int == 4)
            #expect(routes[0]["path"] as? String == "/users/**")
            #expect((routes[0]["total_ms"] as? [String: Double])?["p99"] ?? 0 > 0)
            #expect(routes[1]["methods"] as? [String] == ["GET"])
            #expect(try node.api("/api/routes?limit=1").json["found"] as? Int == 2)
            let limits = try node.api("/api/limits")
            let policies = try #require(limits.json["policies"] as? [[String: Any]])
            #expect(policies.map { $0["name"] as? String } == ["users.ip"])
            #expect(policies[0]["rates"] as? [String] == ["3/hour", "5/day"])
            #expect((policies[0]["decisions"] as? [String: Int])?["refused"] == 1)
            #expect(limits.json["shared"] as? Bool == false)
            let breakers = try #require(try node.api("/api/breakers").json["breakers"] as? [[String: Any]])
            #expect(breakers.map { $0["upstream"] as? String } == ["users"], "one is switched off")
            #expect(try node.api("/api/nodes").json["node"] as? String == "node1")
            let revisions = try node.api("/api/config/revisions").json
            #expect(revisions["shared"] as? Bool == false && (revisions["revisions"] as? [Any])?.isEmpty == true)
            let purge = try node.api("/api/cache/purge", method: "POST", #"{"tag":"has blank"}"#)
            #expect(purge.status == 400 && purge.text.contains("a name without blanks"))
        }

        @Test("parameters out of range and orders that make no sense are told so")
        func mistakes() async throws {
            let node = try await Node(Self.alone)
            for target in ["/api/routes?limit=0", "/api/limits?limit=many"] {
                let answer = try node.api(target)
                #expect(answer.status == 400)
                #expect(answer.text.contains("expected a whole number from 1 to"))
            }
            for body in [
                "", "[]", "{}", #"{"state":"ajar"}"#, #"{"state":"open","for":"soon"}"#, #"{"status":"open"}"#,
            ] {
                let answer = try node.api("/api/breakers/users/force", method: "POST", body)
                #expect(answer.status == 400, "\(body)")
                #expect(answer.text.contains("expected"), "\(answer.text)")
            }
            let order = #"{"state":"open"}"#
            #expect(try node.api("/api/breakers/nobody/force", method: "POST", order).status == 404)
            let unshared = try node.api("/api/breakers/users/force", method: "POST", order)
            #expect(unshared.status == 409 && unshared.text.contains("state.redis"))
        }

        @Test("without a token, pages of the Internet can neither read nor change anything through a browser")
        func browsers() async throws {
            let node = try await Node(Self.alone)
            for host in ["evil.example", "evil.example:\(node.adminPort)", "localhost.evil.example"] {
                #expect(try node.api("/api/routes", host: host).status == 403)
                #expect(try node.api("/api/cache/purge", method: "POST", #"{"tag":"a"}"#, host: host).status == 403)
            }
            for host in ["127.0.0.1:9901", "[::1]:9901", "localhost"] {
                #expect(try node.api("/api/routes", host: host).status == 200)
            }
            // What a form of another origin can send.
            for type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
                let connection = try RawConnection(port: node.adminPort)
                try connection.sendRequest(
                    [
                        "POST /api/cache/purge HTTP/1.1", "Host: localhost", "Content-Type: \(type)",
                        "Content-Length: 11",
                    ], body: #"{"tag":"a"}"#)
                #expect(try connection.readResponse(to: "POST").status == 415)
            }
            #expect(try request("/api/routes", method: "OPTIONS", port: node.adminPort).status == 405)
            #expect(try node.api("/healthz", host: "any.example").status == 200)
            #expect(try node.api("/metrics", host: "any.example").status == 200)
        }

        @Test("with a token, it alone decides")
        func token() async throws {
            let node = try await Node(Self.alone, adminToken: "a-long-admin-token")
            let authorized = ["Authorization: Bearer a-long-admin-token"]
            for path in ["/api/routes", "/api/limits", "/api/nodes", "/api/breakers", "/api/openapi.json"] {
                #expect(try node.api(path).status == 401)
                #expect(try node.api(path, headers: authorized, host: "gateway.internal").status == 200)
            }
            #expect(try node.api("/api/cache/purge", method: "POST", #"{"tag":"a"}"#).status == 401)
        }

        @Test("a breaker is forced by the API on all nodes, and its history tells of it")
        func force() async throws {
            let cluster = try await SharedCluster()
            try await eventually("the nodes share the breaker", within: .seconds(20)) {
                try cluster.nodes.allSatisfy { try $0.metric("sluice_breaker_shared", #"upstream="users""#) == 1 }
            }
            let order = #"{"state":"open","for":"1h"}"#
            let answer = try cluster.nodes[0].api("/api/breakers/users/force", method: "POST", order)
            #expect(answer.status == 200 && answer.json["state"] as? String == "open", "\(answer.text)")
            for node in cluster.nodes {
                try await eventually("the node refuses") { try request("/plain/x", port: node.port).status == 503 }
            }
            let listed = try #require(
                try cluster.nodes[1].api("/api/breakers").json["breakers"] as? [[String: Any]]
            ).first
            #expect(listed?["state"] as? String == "open")
            #expect(listed?["forced"] as? String == "open")
            let history = listed?["history"] as? [[String: Any]]
            #expect(history?.first?["to"] as? String == "open")
            #expect((history?.first?["cause"] as? String)?.contains("operator") == true)
            let closed = try cluster.nodes[2].api("/api/breakers/users/force", method: "POST", #"{"state":"auto"}"#)
            #expect(closed.json["state"] as? String == "closed")
            let nodes = try #require(try cluster.nodes[0].api("/api/nodes").json["nodes"] as? [[String: Any]])
            #expect(nodes.count == 3)
        }

        @Test("limits show the buckets and leases of the cluster")
        func limits() async throws {
            let cluster = try await SharedCluster()
            for node in cluster.nodes { _ = try request("/api/users/1", [SharedCluster.acmeKey], port: node.port) }
            let answer = try cluster.nodes[0].api("/api/limits?policy=users.*&subject=acme")
            let limit = try #require((answer.json["limits"] as? [[String: Any]])?.first)
            #expect(limit["subject"] as? String == "acme")
            let window = try #require((limit["windows"] as? [[String: Any]])?.first)
            #expect(window["capacity"] as? Int == 100)
            #expect(window["tokens"] as? Int ?? 100 < 100)
            try await cluster.redis.stop()
            #expect(try cluster.nodes[0].api("/api/limits").status == 503)
            #expect(try cluster.nodes[0].api("/api/routes").status == 200, "what Redis is not asked for goes on")
        }
    }
}

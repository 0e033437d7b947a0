import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("deploy/examples/transform.yaml")
    struct TransformExampleTests {
        private let users: TestOrigin
        private let legacy: TestOrigin
        private let node: Node

        init() async throws {
            users = try TestOrigin { request in
                guard request.message.startLine.hasPrefix("GET") else {
                    return .response(
                        String(decoding: request.message.body, as: UTF8.self),
                        headers: [("Content-Type", "application/json")])
                }
                let body =
                    "{\"id\":7,\"fullName\":\"Ada Lovelace\",\"address\":{\"zip\":\"W1\",\"street\":\"St. James Square\"},\"internal\":{\"score\":1}}"
                return .response(
                    body, headers: [("Content-Type", "application/json"), ("X-Powered-By", "x"), ("ETag", "\"v7\"")])
            }
            legacy = try TestOrigin { request in
                let body = "<order id=\"1\"><total>9.50</total><item>tea</item></order>"
                return .response(body, headers: [("Content-Type", "application/xml")])
            }
            let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent().deletingLastPathComponent()
            let text = try String(
                contentsOf: root.appendingPathComponent("deploy/examples/transform.yaml"), encoding: .utf8)
            // Listeners and admin are the node's own.
            let rest = text.components(separatedBy: "\n").drop { !$0.hasPrefix("compression:") }.joined(separator: "\n")
            node = try await Node(
                rest + "\n", environment: ["USERS_URL": users.url, "LEGACY_URL": legacy.url])
        }

        private func send(_ method: String, _ target: String, _ type: String, _ body: String) throws -> String {
            let connection = try RawConnection(port: node.port)
            try connection.sendRequest([
                "\(method) \(target) HTTP/1.1", "Host: a", "Content-Type: \(type)",
                "Content-Length: \(body.utf8.count)",
            ])
            try connection.send(body)
            return String(decoding: try connection.readResponse(to: method).body, as: UTF8.self)
        }

        @Test("the public contract of users, over the service's own")
        func contract() throws {
            let answer = try request(
                "/api/users/7?utm_source=x", ["X-Internal-Key: 1", "Cookie: a=b"], port: node.port)
            #expect(
                String(decoding: answer.body, as: UTF8.self)
                    == "{\"id\":7,\"name\":\"Ada Lovelace\",\"postcode\":\"W1\"}")
            #expect(answer["ETag"] == "W/\"v7\"" && answer["X-Powered-By"] == nil && answer["X-Served-By"] == "node1")
            let seen = try #require(users.requests.last?.message)
            #expect(seen.startLine == "GET /v2/people/7?fields=all HTTP/1.1")
            #expect(seen["X-Caller"] == "127.0.0.1" && seen["Cookie"] == nil && seen["X-Internal-Key"] == nil)
        }

        @Test("and back: what clients send is what the service knows")
        func back() throws {
            let answer = try send("PUT", "/api/users/7", "application/json", "{\"name\":\"Ada\",\"postcode\":\"W2\"}")
            let seen = try #require(users.requests.last?.message)
            #expect(
                String(decoding: seen.body, as: UTF8.self)
                    == "{\"fullName\":\"Ada\",\"address\":{\"zip\":\"W2\"},\"changedBy\":\"unknown\"}")
            #expect(answer == "{\"name\":\"Ada\",\"changedBy\":\"unknown\",\"postcode\":\"W2\"}")
        }

        @Test("a form for a service of JSON, and JSON for one of XML")
        func otherForms() throws {
            #expect(
                try send("POST", "/sign-up", "application/x-www-form-urlencoded", "name=Ada+L&age=36&newsletter=true")
                    == "{\"name\":\"Ada L\",\"age\":36,\"newsletter\":true}")
            let order = try send(
                "POST", "/api/orders/1", "application/json", "{\"order\":{\"item\":[\"tea\",\"milk\"]}}")
            #expect(order == "{\"@id\":\"1\",\"total\":9.50,\"item\":[\"tea\"]}")
            let seen = try #require(legacy.requests.last?.message)
            #expect(
                seen.startLine == "POST /xml/orders/1 HTTP/1.1"
                    && seen["Content-Type"] == "application/xml; charset=utf-8")
            #expect(
                String(decoding: seen.body, as: UTF8.self).hasSuffix("<order><item>tea</item><item>milk</item></order>")
            )
        }
    }
}

import Credentials
import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("Signed requests")
    struct SignatureTests {
        private static let secret = "0123456789abcdef0123456789abcdef"

        private static func configuration(_ upstream: DemoUpstream, redis: String = "") -> String {
            """
            access_log: { path: off }
            \(redis)
            authenticators:
              signed:
                signature: { keys: [{ id: k1, algorithm: hmac-sha256, secret: "\(secret)", consumer: acme }] }
            upstreams: { app: { targets: ["\(upstream.url)"] } }
            routes:
              - match: { path: "/**" }
                auth: signed
                identity: { headers: { X-User: "{consumer.id}" }, credential: strip }
                upstream: app

            """
        }

        /// The fields of a signed request with this body.
        private static func fields(
            _ method: String, _ path: String, body: String = "", nonce: String? = nil, age: Int = 0
        ) throws -> [String] {
            let created = Int(Date().timeIntervalSince1970) - age
            let hasher = try SHA256Hasher()
            let digest = hasher.digest(Array(body.utf8)).withUnsafeBytes { Base64.encode(Array($0)) }
            let digestValue = "sha-256=:\(String(decoding: digest, as: UTF8.self)):"
            let covered = #""@method" "@authority" "@path""# + (body.isEmpty ? "" : #" "content-digest""#)
            let parameters =
                "(\(covered));created=\(created);keyid=\"k1\"" + (nonce.map { ";nonce=\"\($0)\"" } ?? "")
            var base = "\"@method\": \(method)\n\"@authority\": gateway.test\n\"@path\": \(path)\n"
            if !body.isEmpty { base += "\"content-digest\": \(digestValue)\n" }
            base += "\"@signature-params\": \(parameters)"
            let key = try HMACKey(secret: Array(secret.utf8))
            let code = try #require(Array(base.utf8).withUnsafeBytes { key.authenticationCode($0) })
            return [
                "Signature-Input: s=\(parameters)",
                "Signature: s=:\(String(decoding: Base64.encode(code), as: UTF8.self)):",
            ] + (body.isEmpty ? [] : ["Content-Digest: \(digestValue)"])
        }

        private static func send(
            _ fields: [String], _ method: String, _ path: String, body: String, port: Int, isChunked: Bool = false
        ) throws -> RawMessage {
            let connection = try RawConnection(port: port, timeout: .seconds(10))
            let framing = isChunked ? "Transfer-Encoding: chunked" : "Content-Length: \(body.utf8.count)"
            try connection.sendRequest(["\(method) \(path) HTTP/1.1", "Host: gateway.test", framing] + fields)
            if isChunked {
                try connection.send("\(String(body.utf8.count, radix: 16))\r\n\(body)\r\n0\r\n\r\n")
            } else {
                try connection.send(body)
            }
            return try connection.readResponse(to: method)
        }

        @Test("a signed request passes as its key's consumer; without, changed or old it does not")
        func signed() async throws {
            let upstream = try await DemoUpstream()
            let node = try await Node(Self.configuration(upstream))
            let answer = try request("/a/b", try Self.fields("GET", "/a/b"), port: node.port)
            #expect(answer.status == 200 && answer.echoed("X-User") == ["acme"], "\(answer.text)")
            #expect(answer.echoed("Signature") == [] && answer.echoed("Signature-Input") == [])
            #expect(try request("/a/b", port: node.port)["WWW-Authenticate"] == "Signature")
            #expect(try request("/a/c", try Self.fields("GET", "/a/b"), port: node.port).status == 401)
            #expect(try request("/a/b?x", try Self.fields("GET", "/a/b"), port: node.port).status == 401)
            #expect(try request("/a/b", try Self.fields("GET", "/a/b", age: 400), port: node.port).status == 401)
            #expect(try request("/a/b", try Self.fields("GET", "/a/b", age: -60), port: node.port).status == 401)
        }

        @Test("content has to be what was signed, and the upstream never takes other content for complete")
        func content() async throws {
            let upstream = try await DemoUpstream()
            let node = try await Node(Self.configuration(upstream))
            let fields = try Self.fields("POST", "/", body: "the content")
            for isChunked in [false, true] {
                let right = try Self.send(
                    fields, "POST", "/", body: "the content", port: node.port, isChunked: isChunked)
                #expect(right.status == 200 && right.json["body_bytes"] as? Int == 11, "\(right.text)")
                let wrong = try Self.send(
                    fields, "POST", "/", body: "the kontent", port: node.port, isChunked: isChunked)
                #expect(wrong.status == 401 && wrong.text.contains("Content-Digest"), "\(wrong.text)")
            }
            let uncovered = try Self.fields("POST", "/")
            #expect(try Self.send(uncovered, "POST", "/", body: "x", port: node.port).status == 401)
        }

        @Test("a nonce is good once, on whichever node")
        func replay() async throws {
            let upstream = try await DemoUpstream()
            let redis = try await RedisServer()
            let state = "state: { redis: \"redis://127.0.0.1:\(redis.port)/0\" }"
            let nodes = [
                try await Node(Self.configuration(upstream, redis: state)),
                try await Node(Self.configuration(upstream, redis: state), name: "node2"),
            ]
            let fields = try Self.fields("GET", "/", nonce: "once")
            #expect(try request("/", fields, port: nodes[0].port).status == 200)
            #expect(try request("/", fields, port: nodes[0].port).status == 401)
            let again = try request("/", fields, port: nodes[1].port)
            #expect(again.status == 401 && again.text.contains("nonce"), "\(again.text)")
            #expect(try request("/", try Self.fields("GET", "/", nonce: "twice"), port: nodes[1].port).status == 200)
        }
    }
}

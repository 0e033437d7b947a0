import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("API versions through a node")
    struct VersionTests {
        private let old: TestOrigin
        private let new: TestOrigin
        private let node: Node
        private let log: TemporaryDirectory

        init() async throws {
            old = try TestOrigin { _ in
                .response("old", headers: [("Cache-Control", "max-age=60"), ("X-API-Version", "of the service")])
            }
            new = try TestOrigin { request in
                request.message.target.hasSuffix("/missing")
                    ? .response("none", status: "404 Not Found")
                    : .response("new", headers: [("Cache-Control", "max-age=60")])
            }
            log = try TemporaryDirectory("versions")
            node = try await Node(
                """
                access_log: { path: \(log.file("access.log")) }
                authenticators: { keys: { api_key: {} } }
                upstreams: { old: { targets: ["\(old.url)"] }, new: { targets: ["\(new.url)"] } }
                routes:
                  - name: products
                    match: { path: "/api/products/**" }
                    upstream: new
                    versions: &versions
                      from:
                        - path: "/v{version}"
                        - accept: "application/vnd.api+json;version={version}"
                        - header: X-API-Version
                        - query: version
                      default: "2"
                      "1": { upstream: old, deprecated: 2026-06-30, sunset: 2127-01-31, link: https://docs.example.test/v2 }
                      "2": {}
                      "2024-10-01": {}
                      "0": { deprecated: 2020-01-01, sunset: 2021-01-01, after_sunset: gone, link: { successor: /v2 } }
                  - { name: kept, match: { path: "/kept/{id}" }, cache: { tags: ["kept-{id}"] }, upstream: new, versions: *versions }
                  - { name: locked, match: { path: "/locked" }, auth: keys, upstream: new, versions: *versions }
                  - { name: silent, match: { path: "/silent" }, upstream: old, versions: { from: [{ path: "/v{version}" }, { header: X-API-Version }], tell: off, "1": {} } }
                  - { name: named, match: { path: "/named" }, upstream: old, versions: { from: { path: "/v{version}" }, tell: API-Version, "1": {} } }
                  - name: strict
                    match: { path: "/api/strict/**" }
                    upstream: new
                    versions: { from: [{ path: "/api/v{version}" }, { header: X-API-Version }], "1": {}, "2": { upstream: old } }

                """)
        }

        @Test("a version is named by path, media type, header or parameter, and has its upstream")
        func naming() throws {
            let ways: [(String, [String])] = [
                ("/v1/api/products/7?a=1", []), ("/api/products/7?a=1&version=1", []),
                ("/api/products/7?version=1&a=1", []),
                ("/api/products/7?a=1", ["X-API-Version: 1"]),
                ("/api/products/7?a=1", ["Accept: text/html, application/vnd.api+json;version=1"]),
            ]
            for (target, fields) in ways {
                #expect(try request(target, fields, port: node.port).text == "old", "\(target) \(fields)")
            }
            #expect(old.requests.map(\.message.target) == ways.map { _ in "/api/products/7?a=1" })
            for target in ["/api/products/7", "/v2/api/products/7", "/v2024-10-01/api/products/7"] {
                #expect(try request(target, port: node.port).text == "new")
            }
            #expect(new.requests.map(\.message.target) == ["/api/products/7", "/api/products/7", "/api/products/7"])
            #expect(try request("/v1/api/products", port: node.port).text == "old")
            #expect(old.requests.last?.message.target == "/api/products")
        }

        @Test("a version within the path is taken out of it; without a default a version has to be named")
        func inPath() throws {
            #expect(try request("/api/v2/strict/a/b?c", port: node.port).text == "old")
            #expect(old.requests.last?.message.target == "/api/strict/a/b?c")
            #expect(try request("/api/strict/a", ["X-API-Version: 1"], port: node.port).text == "new")
            let unnamed = try request("/api/strict/a", port: node.port)
            #expect(unnamed.status == 400 && unnamed.json["type"] as? String == "urn:sluice:problem:version-needed")
            #expect(unnamed.json["versions"] as? [String] == ["1", "2"])
        }

        @Test(
            "a version that there isn't is told with those that there are",
            arguments: [
                ("/v9/api/products/7", "", 404), ("/api/products/7?version=9", "", 400),
                ("/api/products/7", "X-API-Version: 9", 400),
                ("/api/products/7", "Accept: application/vnd.api+json;version=9", 406), ("/api/v9/strict/x", "", 404),
            ])
        func unknown(target: String, field: String, status: Int) throws {
            let answer = try request(target, field.isEmpty ? [] : [field], port: node.port)
            #expect(answer.status == status)
            #expect(answer["Content-Type"] == "application/problem+json")
            #expect(answer.json["type"] as? String == "urn:sluice:problem:unknown-version")
            #expect((answer.json["versions"] as? [String])?.contains("2") == true)
            #expect((answer.json["request_id"] as? String)?.isEmpty == false)
            #expect(old.requests.isEmpty && new.requests.isEmpty)
        }

        @Test("paths that name no version of anything are not found as ever")
        func elsewhere() throws {
            for target in ["/v9/nothing", "/nothing", "/v1", "/api/v9"] {
                let answer = try request(target, port: node.port)
                #expect(answer.status == 404 && answer.json["type"] as? String == "urn:sluice:problem:no-route")
            }
        }

        @Test("a version that ends says so with every answer, and when it has ended nothing else")
        func lifecycle() throws {
            let deprecated = try request("/v1/api/products/7", port: node.port)
            #expect(deprecated["Deprecation"] == "@1782777600")
            #expect(deprecated["Sunset"] == "Fri, 31 Jan 2127 00:00:00 GMT")
            #expect(
                deprecated["Link"]
                    == #"<https://docs.example.test/v2>; rel="deprecation", <https://docs.example.test/v2>; rel="sunset""#
            )
            let refused = try request("/v1/locked", port: node.port)
            #expect(refused.status == 401 && refused["Deprecation"] == "@1782777600")
            let current = try request("/api/products/7", port: node.port)
            #expect(current["Deprecation"] == nil && current["Sunset"] == nil && current["Link"] == nil)
            let gone = try request("/v0/api/products/7", port: node.port)
            #expect(gone.status == 410 && gone.json["type"] as? String == "urn:sluice:problem:version-gone")
            #expect(gone["Link"] == #"</v2>; rel="successor-version""#)
        }

        @Test("clients who ask by a header field are told by it which version they got, whatever the service says")
        func told() throws {
            #expect(try request("/v1/api/products/7", port: node.port).values("X-API-Version") == ["1"])
            #expect(try request("/api/products/7", port: node.port).values("X-API-Version") == ["2"])
            #expect(try request("/v1/locked", port: node.port).values("X-API-Version") == ["1"], "refusals too")
            for _ in 0..<2 { #expect(try request("/v1/kept/told", port: node.port).values("X-API-Version") == ["1"]) }
            #expect(try request("/v1/silent", port: node.port).values("X-API-Version") == ["of the service"])
            let named = try request("/v1/named", port: node.port)
            #expect(named.values("API-Version") == ["1"] && named.values("X-API-Version") == ["of the service"])
        }

        @Test("Vary names the fields that decided, and only those")
        func vary() throws {
            #expect(try request("/v1/api/products/7", port: node.port).values("Vary").isEmpty)
            #expect(try request("/api/products/7", port: node.port).values("Vary") == ["Accept, X-API-Version"])
            let unacceptable = try request(
                "/api/products/7", ["Accept: application/vnd.api+json;version=9"], port: node.port)
            #expect(unacceptable.values("Vary") == ["Accept, X-API-Version"])
        }

        @Test("cached answers of versions are kept apart, however they are named")
        func cache() throws {
            for (target, body, word) in [
                ("/v1/kept/a", "old", "MISS"), ("/kept/a?version=1", "old", "HIT"), ("/kept/a", "new", "MISS"),
                ("/v2/kept/a", "new", "HIT"), ("/v2024-10-01/kept/a", "new", "MISS"), ("/v1/kept/a", "old", "HIT"),
            ] {
                let answer = try request(target, port: node.port)
                #expect(answer.text == body && answer["X-Cache"] == word, "\(target)")
            }
            let connection = try RawConnection(port: node.port)
            try connection.sendRequest(["PUT /v2/kept/a HTTP/1.1", "Host: gateway.test", "Content-Length: 0"])
            #expect(try connection.readResponse().status == 200)
            #expect(try request("/v1/kept/a", port: node.port)["X-Cache"] == "MISS", "it is the same resource")
        }

        @Test("requests are counted and logged by version")
        func observation() async throws {
            for target in ["/v1/api/products/7", "/v1/api/products/missing", "/api/products/missing"] {
                _ = try request(target, port: node.port)
            }
            #expect(
                try node.metric("sluice_version_requests_total", #"route="products",version="1",status="2xx""#) == 2)
            #expect(
                try node.metric("sluice_version_requests_total", #"route="products",version="2",status="4xx""#) == 1)
            #expect(
                try node.metric("sluice_version_request_duration_seconds_count", #"route="products",version="1""#) == 2)
            try await eventually("the log names version and the client's path") {
                let text = try String(contentsOfFile: log.file("access.log"), encoding: .utf8)
                return text.split(separator: "\n").contains {
                    $0.contains(#""path":"/v1/api/products/7""#) && $0.contains(#""version":"1""#)
                }
            }
        }
    }
}

import Testing

@testable import Policies

@Suite("Which version of an API a request means")
struct VersionRulesTests {
    /// Header lines as they were received.
    private struct Lines: FieldSource {
        let lines: [(name: String, value: String)]

        func hasHeader(
            named name: UnsafeBufferPointer<UInt8>, where isWanted: (UnsafeBufferPointer<UInt8>) -> Bool
        ) -> Bool {
            let wanted = String(decoding: name, as: UTF8.self)
            return lines.contains { line in
                line.name.lowercased() == wanted && Array(line.value.utf8).withUnsafeBufferPointer(isWanted)
            }
        }
    }

    private func choose(
        _ sources: [VersionRules.Source], accept: [String] = [], header: String? = nil, query: String? = nil,
        path: Int? = nil, defaultVersion: Int? = 1
    ) -> VersionRules.Choice {
        let rules = VersionRules(sources: sources, names: ["1", "2", "2024-10-01"], defaultVersion: defaultVersion)
        var lines = accept.map { (name: "Accept", value: $0) }
        if let header { lines.append((name: "X-API-Version", value: header)) }
        let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 64)
        defer { bytes.deallocate() }
        let count = bytes.initialize(fromContentsOf: Array((query ?? "").utf8))
        return rules.choose(pathVersion: path, Lines(lines: lines)) { name in
            name == "version" && query != nil ? UnsafeBufferPointer(rebasing: bytes[..<count]) : nil
        }
    }

    private func accept(_ text: String = "application/vnd.api+json;version={version}") throws -> VersionRules.Source {
        .accept(try MediaTypeVersion(text))
    }

    @Test(
        "Accept: the parameter of the media type, by quality and order",
        arguments: [
            ("application/vnd.api+json;version=1", 0), ("application/vnd.api+json; version=2", 1),
            ("Application/Vnd.API+JSON ; Version=\"2024-10-01\"", 2),
            ("text/html, application/vnd.api+json;version=1", 0),
            ("application/vnd.api+json;version=1;q=0.5, application/vnd.api+json;version=2024-10-01;q=0.9", 2),
            ("application/vnd.api+json;version=1, application/vnd.api+json;version=2024-10-01", 0),
            ("application/vnd.api+json;version=9, application/vnd.api+json;version=1;q=0.1", 0),
            ("application/vnd.api+json;profile=\"a,b;version=2\";version=1", 0),
            ("application/json;version=1", 1), ("application/vnd.api+json", 1), ("*/*", 1), ("", 1),
            ("application/vnd.api+json;version=1;q=0", 1), ("application/vnd.api+json;version=", 1),
        ])
    func acceptParameter(line: String, expected: Int) throws {
        #expect(choose([try accept()], accept: [line]) == .version(expected))
    }

    @Test("Accept: a part of the media type's name, and any type")
    func acceptName() throws {
        let name = try accept("application/vnd.shop.v{version}+json")
        #expect(choose([name], accept: ["application/vnd.shop.v1+json"]) == .version(0))
        #expect(choose([name], accept: ["application/vnd.shop.v7+json"]) == .unknown(name))
        #expect(choose([name], accept: ["application/vnd.other.v1+json"]) == .version(1))
        let any = try accept("*/*;v={version}")
        #expect(choose([any], accept: ["text/html;v=1"]) == .version(0))
        let several = ["text/html", "application/vnd.shop.v2024-10-01+json;q=0.3"]
        #expect(choose([name], accept: several) == .version(2), "several lines are one list")
    }

    @Test("what is named and isn't there is told with the place that named it")
    func unknown() throws {
        let accepted = try accept()
        #expect(choose([accepted], accept: ["application/vnd.api+json;version=9"]) == .unknown(accepted))
        #expect(choose([.header("X-API-Version")], header: "9") == .unknown(.header("X-API-Version")))
        #expect(choose([.header("X-API-Version")], header: "1.0") == .unknown(.header("X-API-Version")))
        #expect(choose([.query("version")], query: "") == .unknown(.query("version")))
        #expect(choose([.query("version")], query: "%31") == .version(0))
        #expect(choose([.header("X-API-Version")], defaultVersion: nil) == .unnamed)
        #expect(choose([.header("X-API-Version")], header: "") == .version(1), "an empty field names nothing")
    }

    @Test("the first place that names a version decides")
    func order() throws {
        let prefix = VersionRules.Source.path(try VersionedPrefix("/v{version}"))
        let all = [prefix, .header("X-API-Version"), .query("version")]
        #expect(choose(all, header: "2", query: "1", path: 2) == .version(2))
        #expect(choose(all, header: "1", query: "9") == .version(0))
        #expect(choose(all, header: "9", query: "1") == .unknown(.header("X-API-Version")))
        #expect(choose([.header("X-API-Version"), prefix], header: "1", path: 2) == .version(0))
        #expect(choose(all) == .version(1))
        let rules = VersionRules(
            sources: [.header("A"), prefix, try accept(), .header("B")], names: ["1"], defaultVersion: nil)
        #expect(rules.decidingFields(inPath: true) == ["A"])
        #expect(rules.decidingFields(inPath: false) == ["A", "Accept", "B"])
    }

    @Test(
        "what is no media type with one version is refused",
        arguments: [
            "application/json", "{version}", "application/json;version", "a/b;v={version};w={version}",
            "a/b;c=d;v={version}", "a/v{version};w=1", ";v={version}", "a/b;{version}=1",
        ])
    func malformed(text: String) {
        #expect(throws: MediaTypeVersion.Malformed.self) { try MediaTypeVersion(text) }
    }
}

@Suite("Versions in paths")
struct VersionedPrefixTests {
    @Test(
        "a route's path in a version, and what is taken out of it",
        arguments: [
            ("/v{version}", "/api/users/{id}", "/v1/api/users/{id}", "/v1"),
            ("/v{version}", "/**", "/v1/**", "/v1"),
            ("/v{version}", "/", "/v1/", "/v1"),
            ("/api/v{version}", "/api/users", "/api/v1/users", "/v1"),
            ("/api/v{version}", "/api/**", "/api/v1/**", "/v1"),
            ("/api/v{version}", "/users", "/api/v1/users", "/api/v1"),
            ("/api/v{version}", "/apis/users", "/api/v1/apis/users", "/api/v1"),
            ("/{version}", "/users", "/1/users", "/1"),
            ("/version-{version}.x", "/users", "/version-1.x/users", "/version-1.x"),
        ])
    func places(prefix: String, path: String, expected: String, cut: String) throws {
        let placement = try VersionedPrefix(prefix).place("1", in: PathPattern(path))
        #expect(placement.path.text == expected)
        let bytes = Array(expected.utf8)
        #expect(String(decoding: bytes[placement.cut], as: UTF8.self) == cut)
        #expect(
            String(decoding: bytes[..<placement.cut.lowerBound] + bytes[placement.cut.upperBound...], as: UTF8.self)
                == path)
    }

    @Test(
        "a path that may name a version which there isn't",
        arguments: [
            ("/v{version}", "/v9/api", ["/v9"]), ("/v{version}", "/v9", ["/v9"]), ("/v{version}", "/v/api", []),
            ("/v{version}", "/x9/api", []), ("/api/v{version}", "/api/v9/users", ["/v9", "/api/v9"]),
            ("/api/v{version}", "/api", []), ("/api/v{version}", "/other/v9", []), ("/v{version}", "/", []),
        ])
    func cuts(prefix: String, path: String, expected: [String]) throws {
        let bytes = Array(path.utf8)
        let cuts = try VersionedPrefix(prefix).cuts(of: path).map { String(decoding: bytes[$0], as: UTF8.self) }
        #expect(cuts == expected)
    }

    @Test(
        "what is no prefix is refused",
        arguments: [
            "v{version}", "/v", "/v{version}/users", "/{id}/v{version}", "/a b/{version}", "/{version}/{version}",
            "/**/{version}",
            "//v{version}", "",
        ])
    func malformed(text: String) {
        #expect(throws: VersionedPrefix.Malformed.self) { try VersionedPrefix(text) }
    }

    @Test("dates are days of UTC, or times")
    func dates() {
        #expect(VersionDates.seconds("2026-06-30") == 1_782_777_600)
        #expect(VersionDates.seconds("2027-01-31T12:00:01Z") == 1_801_396_801)
        for text in ["2026-02-30", "2026-6-30", "30.06.2026", "2026-06-30T24:00:00Z", "2026-06-30T12:00:00", "", "1"] {
            #expect(VersionDates.seconds(text) == nil, "\(text)")
        }
        #expect(
            VersionDates.lines(
                deprecated: 1_782_777_600, sunset: 1_801_353_600,
                links: [("sunset", "/a"), ("successor-version", "/b")])
                == "Deprecation: @1782777600\r\nSunset: Sun, 31 Jan 2027 00:00:00 GMT\r\nLink: </a>; rel=\"sunset\", </b>; rel=\"successor-version\"\r\n"
        )
        #expect(VersionDates.lines(deprecated: nil, sunset: nil, links: []).isEmpty)
    }
}

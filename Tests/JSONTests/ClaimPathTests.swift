import Testing

@testable import JSON

@Suite("claim paths")
struct ClaimPathTests {
    private static let claims = """
        {"tenant":"t1","realm_access":{"roles":["a","b"],"a.b":{"c":1}},"https://example.com/roles":["r"],
         "a":{"b":{"c":"inner"}},"a.b":{"d":"longer"},"x":"text","x.y":"whole","null":null}
        """

    @Test(
        "dots lead into objects, and the longest name that exists is taken",
        arguments: [
            ("tenant", #""t1""#), ("realm_access.roles", #"["a","b"]"#), ("realm_access.a.b.c", "1"),
            ("https://example.com/roles", #"["r"]"#), ("a.b.c", #""inner""#), ("a.b.d", #""longer""#),
            ("x.y", #""whole""#), ("x", #""text""#), ("null", "null"), ("a.b", #"{"d":"longer"}"#),
            ("realm_access", #"{"a.b":{"c":1},"roles":["a","b"]}"#),
        ])
    func found(path: String, value: String) throws {
        let claims = try #require(try JSONReader.read(Array(Self.claims.utf8)).object)
        let found = try #require(ClaimPath(path).value(in: claims))
        #expect(String(decoding: JSONWriter.write(found), as: UTF8.self) == value)
    }

    @Test(
        "what is not there is not found, however the path is written",
        arguments: [
            "", ".", "..", "tenant.", ".tenant", "tenant.x", "realm_access.roles.0", "a.b.c.d", "Tenant", "x.z",
        ])
    func absent(path: String) throws {
        let claims = try #require(try JSONReader.read(Array(Self.claims.utf8)).object)
        #expect(ClaimPath(path).value(in: claims) == nil)
    }

    @Test("a path of very many parts costs no more than one of eight")
    func manyParts() throws {
        let path = ClaimPath(Array(repeating: "a", count: 5000).joined(separator: "."))
        #expect(path.value(in: JSONObject()) == nil)
    }
}

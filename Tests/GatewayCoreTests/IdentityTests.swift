import GatewayCore
import JSON
import Testing

@Suite("identities")
struct IdentityTests {
    private static func identity(_ claims: String) throws -> Identity {
        let object = try #require(try JSONReader.read(Array(claims.utf8)).object)
        return Identity(consumer: "acme", scopes: ["users.read"], roles: ["admin"], claims: object)
    }

    @Test(
        "a claim tells callers apart, whatever its type",
        arguments: [
            ("tenant", "t1"), ("n", "7"), ("b", "true"), ("list", #"["a","b"]"#), ("o.p", "q"), ("o", #"{"p":"q"}"#),
            ("null", nil), ("other", nil),
        ] as [(String, String?)])
    func claims(path: String, text: String?) throws {
        let identity = try Self.identity(
            #"{"tenant":"t1","n":7,"b":true,"list":["a","b"],"o":{"p":"q"},"null":null}"#)
        #expect(identity.claimText(ClaimPath(path)) == text)
    }

    @Test("scopes and roles are compared byte by byte")
    func scopes() throws {
        let identity = Identity(consumer: "a", scopes: ["\u{212A}", "read"], roles: ["admin"])
        #expect(identity.hasScope("read") && !identity.hasScope("K") && !identity.hasScope("Read"))
        #expect(identity.hasRole("admin") && !identity.hasRole("user"))
    }
}

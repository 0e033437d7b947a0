import GatewayCore
import JSON
import Testing

@testable import Filters

@Suite("who is let in")
struct AccessRulesTests {
    private static func caller() throws -> Identity {
        let claims = #"{"tenant":"a","groups":["x","y"],"level":2,"verified":true,"org":{"id":"o1"},"nothing":null}"#
        let object = try #require(try JSONReader.read(Array(claims.utf8)).object)
        return Identity(consumer: "acme", scopes: ["users.read"], roles: ["editor"], claims: object)
    }

    private static func refusal(_ rules: AccessRules) throws -> Int? { rules.refusal(try caller())?.status }

    @Test("all scopes, but one role of several")
    func scopesAndRoles() throws {
        #expect(try Self.refusal(AccessRules(scopes: ["users.read"], roles: ["admin", "editor"])) == nil)
        #expect(try Self.refusal(AccessRules(scopes: ["users.read", "users.write"])) == 403)
        #expect(try Self.refusal(AccessRules(roles: ["admin"])) == 403)
    }

    @Test(
        "a claim has one of the values, or holds one in its list",
        arguments: [
            ("tenant", ["a"], true), ("tenant", ["b", "a"], true), ("tenant", ["b"], false), ("tenant", ["A"], false),
            ("groups", ["y"], true), ("groups", ["z"], false), ("level", ["2"], true), ("level", ["2.0"], false),
            ("verified", ["true"], true), ("org.id", ["o1"], true), ("org", ["o1"], false),
            ("nothing", ["null"], false),
            ("absent", ["a"], false),
        ])
    func claims(path: String, values: [String], isIn: Bool) throws {
        let rules = AccessRules(claims: [.init(path: ClaimPath(path), values: values)])
        #expect(try Self.refusal(rules) == (isIn ? nil : 403))
    }

    @Test("consumers are told apart byte by byte")
    func consumers() throws {
        #expect(try Self.refusal(AccessRules(consumers: ["other", "acme"])) == nil)
        #expect(try Self.refusal(AccessRules(consumers: ["other"])) == 403)
        let kelvin = Identity(consumer: "\u{212A}evin")
        #expect(AccessRules(consumers: ["Kevin"]).refusal(kelvin)?.status == 403)
    }

    @Test(
        "methods ask for more, and HEAD is GET",
        arguments: [("GET", 403), ("HEAD", 403), ("POST", nil), ("PUT", 403), ("get", nil)] as [(String, Int?)])
    func methods(method: String, status: Int?) throws {
        let access = RouteAccess(
            AccessRules(scopes: ["users.read"]),
            methods: ["GET": AccessRules(roles: ["reader"]), "PUT": AccessRules(scopes: ["users.write"])])
        let caller = try Self.caller()
        #expect(withBytes(method) { access.refusal(caller, method: $0) }?.status == status)
    }

    @Test("what a refusal says names scopes, and nothing else of the rules")
    func refusals() throws {
        let rules = [
            AccessRules(roles: ["secret-role"]),
            AccessRules(claims: [.init(path: "tenant", values: ["secret-tenant"])]),
            AccessRules(consumers: ["secret-consumer"]),
        ]
        for rule in rules { #expect(rule.refusal(try Self.caller())?.text.contains("secret") == false) }
        let scope = AccessRules(scopes: ["users.write"]).refusal(try Self.caller())
        #expect(scope?.fieldLines == [#"WWW-Authenticate: Bearer error="insufficient_scope", scope="users.write""#])
    }
}

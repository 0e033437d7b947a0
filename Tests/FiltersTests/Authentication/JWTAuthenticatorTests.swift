import Credentials
import Foundation
import GatewayCore
import JSON
import Testing

@testable import Filters

@Suite("Bearer tokens")
struct JWTAuthenticatorTests {
    private static let secret = Array("a secret that is 32 bytes long..".utf8)
    private let authenticator: JWTAuthenticator

    init() throws {
        let consumers = try ConsumerDirectory([
            .init(id: "acme", plan: "gold", scopes: ["extra"], keyHashes: [])
        ])
        let verifier = try JWTVerifier(.init(algorithms: [.hs256], keys: [.secret(Self.secret)]))
        authenticator = try JWTAuthenticator(verifier: verifier, consumers: consumers)
    }

    private func token(
        _ claims: [JSONObject.Member], expires: Int = 3600, secret: [UInt8] = secret
    ) throws -> String {
        let expiry = Int(Date().timeIntervalSince1970) + expires
        return try JWTSigner(secret: secret).sign(claims + [.init("exp", .number(JSONNumber(expiry)))])
    }

    private func result(authorization: String) throws -> AuthenticationResult {
        authenticator.authenticate(try TestExchange.with("Authorization: \(authorization)").exchange)
    }

    @Test("a genuine token is its subject, with the scopes and claims in it")
    func subject() throws {
        let token = try token([
            .init("sub", .string("bob")), .init("scope", .string("a b")), .init("tenant", .string("t1")),
        ])
        // Twice: the second time it is remembered.
        for _ in 0..<2 {
            let identity = try #require(try result(authorization: "Bearer \(token)").identity)
            #expect(identity.consumer == "bob" && identity.plan == nil)
            #expect(identity.scopes == ["a", "b"] && identity.claimText("tenant") == "t1")
        }
    }

    @Test("a subject that is a configured consumer has its plan and scopes")
    func consumer() throws {
        let token = try token([.init("sub", .string("acme")), .init("scope", .string("a"))])
        let identity = try #require(try result(authorization: "Bearer \(token)").identity)
        #expect(identity.plan == "gold" && identity.scopes == ["a", "extra"])
    }

    @Test(
        "a token without subject is its client",
        arguments: [
            (["client_id": "c", "azp": "a"], "c"), (["azp": "a"], "a"), (["sub": "", "azp": "a"], "a"),
            (["sub": "s", "client_id": "c"], "s"),
        ])
    func client(claims: [String: String], consumer: String) throws {
        let token = try token(claims.map { .init($0.key, .string($0.value)) })
        #expect(try result(authorization: "Bearer \(token)").identity?.consumer == consumer)
    }

    @Test("a token that names nobody is refused, with the reason: all such tokens would share one consumer's limits")
    func nobody() throws {
        let number = JSONObject.Member("client_id", .number(JSONNumber(7)))
        for claims in [[], [number], [.init("sub", .string(""))]] {
            let reply = try #require(try result(authorization: "Bearer \(try token(claims))").reply)
            #expect(reply.status == 401)
            #expect(reply.fieldLines.first?.contains("neither sub nor client_id nor azp") == true)
        }
    }

    @Test("the scheme's name may be written in any case", arguments: ["bearer", "BEARER", "Bearer"])
    func scheme(name: String) throws {
        let token = try token([.init("sub", .string("bob"))])
        #expect(try result(authorization: "\(name) \(token)").identity?.consumer == "bob")
    }

    @Test("other schemes are none of its business", arguments: ["Basic YTpi", "Bearer", "Bearertoken", ""])
    func absent(authorization: String) throws {
        #expect(try result(authorization: authorization).isAbsent)
        #expect(authenticator.authenticate(try TestExchange().exchange).isAbsent)
    }

    @Test("an expired token is refused, with the reason")
    func expired() throws {
        let reply = try #require(try result(authorization: "Bearer \(try token([], expires: -10))").reply)
        #expect(reply.status == 401)
        let line = #"WWW-Authenticate: Bearer error="invalid_token", error_description="The token has expired""#
        #expect(reply.fieldLines == [line])
    }

    @Test("a token by another key, and what is no token, are refused")
    func forged() throws {
        let forged = try token([.init("sub", .string("acme"))], secret: Array("another secret, 32 bytes long too".utf8))
        #expect(try result(authorization: "Bearer \(forged)").reply?.status == 401)
        #expect(try result(authorization: "Bearer nonsense").reply?.status == 401)
    }
}

extension AuthenticationResult {
    var identity: Identity? { if case .accepted(let identity) = self { identity } else { nil } }
    var reply: Reply? { if case .rejected(let reply) = self { reply } else { nil } }
    var isAbsent: Bool { if case .absent = self { true } else { false } }
}

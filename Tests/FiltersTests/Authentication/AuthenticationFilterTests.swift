import GatewayCore
import JSON
import Testing

@testable import Filters

@Suite("Authentication of a route")
struct AuthenticationFilterTests {
    /// Answers as told, and counts how often it was asked.
    private final class Told: Authenticator {
        let challenge: String
        private let result: AuthenticationResult
        private(set) var asked = 0

        init(_ result: AuthenticationResult, challenge: String = "Bearer") {
            self.result = result
            self.challenge = challenge
        }

        func authenticate(_ exchange: Exchange) -> AuthenticationResult {
            asked += 1
            return result
        }
    }

    /// Has to ask someone before it can say.
    private final class Asking: Authenticator {
        let challenge = "Basic"
        private(set) var answer: ((AuthenticationResult) -> Void)?

        func authenticate(_ exchange: Exchange) -> AuthenticationResult {
            .later { self.answer = $0 }
        }
    }

    private let acme = Identity(consumer: "acme", scopes: ["users.read", "users.write"])

    @Test("the first authenticator that finds its credential decides")
    func order() throws {
        let test = try TestExchange()
        let (absent, first, second) = (Told(.absent), Told(.accepted(acme)), Told(.accepted(Identity(consumer: "b"))))
        let filter = AuthenticationFilter(authenticators: [absent, first, second])
        #expect(filter.apply(test.exchange).isProceed)
        #expect(test.exchange.identity?.consumer == "acme")
        #expect([absent.asked, first.asked, second.asked] == [1, 1, 0])
    }

    @Test("a credential that one refuses may be another's; if it is nobody's, the first says why")
    func rejected() throws {
        let refusal = Reply(status: 401, kind: "first", title: "First", detail: "No.")
        let other = Reply(status: 403, kind: "second", title: "Second", detail: "No.")
        let test = try TestExchange()
        let accepting = AuthenticationFilter(
            authenticators: [Told(.rejected(refusal)), Told(.accepted(acme))])
        #expect(accepting.apply(test.exchange).isProceed && test.exchange.identity?.consumer == "acme")
        let refusing = AuthenticationFilter(
            authenticators: [Told(.absent), Told(.rejected(refusal)), Told(.rejected(other))], isOptional: true)
        #expect(refusing.apply(try TestExchange().exchange).reply?.status == 401)
    }

    @Test("where all must accept, the first names the caller, and scopes and claims add up")
    func all() throws {
        let test = try TestExchange()
        let claims = try #require(JSONObject([.init("tenant", .string("t1"))]))
        let token = Identity(consumer: "alice", scopes: ["orders.read"], claims: claims)
        let filter = AuthenticationFilter(
            authenticators: [Told(.accepted(acme)), Told(.accepted(token))], rule: .all,
            access: RouteAccess(AccessRules(scopes: ["users.read", "orders.read"])))
        #expect(filter.apply(test.exchange).isProceed)
        #expect(test.exchange.identity?.consumer == "acme" && test.exchange.identity?.claims == claims)
        for (missing, isOptional) in [(Told(.absent), true), (Told(.absent), false)] {
            let filter = AuthenticationFilter(
                authenticators: [Told(.accepted(acme)), missing], rule: .all, isOptional: isOptional)
            #expect(filter.apply(try TestExchange().exchange).reply?.status == 401)
        }
    }

    @Test("where a credential is optional, none is nobody's")
    func optional() throws {
        let test = try TestExchange()
        let filter = AuthenticationFilter(
            authenticators: [Told(.absent)], isOptional: true, access: RouteAccess(AccessRules(scopes: ["users.read"])))
        #expect(filter.apply(test.exchange).isProceed && test.exchange.identity == nil)
    }

    @Test("an authenticator that must ask is waited for, and those behind it are asked after it")
    func later() throws {
        let test = try TestExchange()
        let (asking, last) = (Asking(), Told(.accepted(acme)))
        let filter = AuthenticationFilter(authenticators: [asking, last])
        #expect(filter.apply(test.exchange).isWait)
        #expect(last.asked == 0)
        asking.answer?(.absent)
        #expect(last.asked == 1 && test.exchange.identity?.consumer == "acme")
    }

    @Test("without a credential: 401 that names each kind that would do, once")
    func missing() throws {
        let filter = AuthenticationFilter(
            authenticators: [Told(.absent), Told(.absent, challenge: "ApiKey realm=\"x\""), Told(.absent)])
        let reply = try #require(filter.apply(try TestExchange().exchange).reply)
        #expect(reply.status == 401)
        #expect(reply.fieldLines == ["WWW-Authenticate: Bearer", "WWW-Authenticate: ApiKey realm=\"x\""])
    }

    @Test(
        "all scopes of the route are needed",
        arguments: [
            ([], true), (["users.read"], true), (["users.read", "users.write"], true),
            (["users.read", "admin"], false),
        ])
    func scopes(needed: [String], isEnough: Bool) throws {
        let filter = AuthenticationFilter(
            authenticators: [Told(.accepted(acme))], access: RouteAccess(AccessRules(scopes: needed)))
        let verdict = filter.apply(try TestExchange().exchange)
        #expect(verdict.isProceed == isEnough)
        guard !isEnough else { return }
        #expect(verdict.reply?.status == 403)
        let line = #"WWW-Authenticate: Bearer error="insufficient_scope", scope="users.read admin""#
        #expect(verdict.reply?.fieldLines == [line])
    }
}

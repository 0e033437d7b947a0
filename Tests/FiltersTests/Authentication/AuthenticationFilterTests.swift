import GatewayCore
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

    private let acme = Identity(consumer: "acme", scopes: ["users.read", "users.write"])

    @Test("the first authenticator that finds its credential decides")
    func order() throws {
        let test = try TestExchange()
        let (absent, first, second) = (Told(.absent), Told(.accepted(acme)), Told(.accepted(Identity(consumer: "b"))))
        let filter = AuthenticationFilter(authenticators: [absent, first, second], scopes: [])
        #expect(filter.apply(test.exchange).isProceed)
        #expect(test.exchange.identity?.consumer == "acme")
        #expect([absent.asked, first.asked, second.asked] == [1, 1, 0])
    }

    @Test("a bad credential is refused, also where another authenticator might have found a good one")
    func rejected() throws {
        let test = try TestExchange()
        let second = Told(.accepted(acme))
        let refusal = Reply.unauthorized("No.", challenges: ["Bearer"])
        let filter = AuthenticationFilter(authenticators: [Told(.rejected(refusal)), second], scopes: [])
        #expect(filter.apply(test.exchange).reply?.status == 401)
        #expect(second.asked == 0 && test.exchange.identity == nil)
    }

    @Test("without a credential: 401 that names each kind that would do, once")
    func missing() throws {
        let filter = AuthenticationFilter(
            authenticators: [Told(.absent), Told(.absent, challenge: "ApiKey realm=\"x\""), Told(.absent)], scopes: [])
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
        let filter = AuthenticationFilter(authenticators: [Told(.accepted(acme))], scopes: needed)
        let verdict = filter.apply(try TestExchange().exchange)
        #expect(verdict.isProceed == isEnough)
        guard !isEnough else { return }
        #expect(verdict.reply?.status == 403)
        let line = #"WWW-Authenticate: Bearer error="insufficient_scope", scope="users.read admin""#
        #expect(verdict.reply?.fieldLines == [line])
    }
}

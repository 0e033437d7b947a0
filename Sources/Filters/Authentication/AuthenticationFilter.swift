import GatewayCore
import HTTPWire

/// Finds out who is calling, by the first of a route's authenticators that finds its credential, and whether they have the
/// scopes that the route asks for.
package final class AuthenticationFilter: RequestFilter {
    package let phase = Phase.authenticate
    private let authenticators: [any Authenticator]
    private let scopes: [String]
    private let missing: Reply
    private let insufficient: Reply

    /// - Parameters:
    ///   - authenticators: any of them may vouch for the caller; asked in this order.
    ///   - scopes: all are required.
    package init(authenticators: [any Authenticator], scopes: [String]) {
        self.authenticators = authenticators
        self.scopes = scopes
        let challenges = authenticators.map(\.challenge).reduce(into: [String]()) {
            if !$0.contains($1) { $0.append($1) }
        }
        missing = .unauthorized(
            "This route needs a credential and the request has none.", challenges: challenges)
        insufficient = .insufficientScope(scopes)
    }

    package func apply(_ exchange: Exchange) -> Verdict {
        for authenticator in authenticators {
            switch authenticator.authenticate(exchange) {
            case .absent: continue
            case .rejected(let reply): return .reply(reply)
            case .accepted(let identity):
                exchange.identity = identity
                guard scopes.allSatisfy(identity.scopes.contains) else { return .reply(insufficient) }
                return .proceed
            }
        }
        return .reply(missing)
    }
}

/// One kind of credential, checked. One per worker, called on it only.
package protocol Authenticator: AnyObject {
    /// What `WWW-Authenticate` offers when there is no credential at all.
    var challenge: String { get }
    func authenticate(_ exchange: Exchange) -> AuthenticationResult
}

package enum AuthenticationResult {
    /// The request has no credential of this kind; another authenticator may find its own.
    case absent
    case accepted(Identity)
    /// There is a credential, and it is no good.
    case rejected(Reply)
}

extension Reply {
    /// RFC 9110 §11.6.1: a 401 names what would be accepted.
    static func unauthorized(_ detail: String, challenges: [String]) -> Reply {
        let lines = challenges.map { "WWW-Authenticate: \($0)\r\n" }.joined()
        return Reply(status: 401, kind: "unauthorized", title: "Unauthorized", detail: detail, lines: lines)
    }

    /// RFC 6750 §3.1: the credential is fine, but not for this.
    static func insufficientScope(_ scopes: [String]) -> Reply {
        let list = scopes.joined(separator: " ")
        return Reply(
            status: 403, kind: "insufficient-scope", title: "Forbidden",
            detail: "The credential lacks a scope that this route needs; it needs: \(list).",
            lines: "WWW-Authenticate: Bearer error=\"insufficient_scope\", scope=\"\(list)\"\r\n")
    }
}

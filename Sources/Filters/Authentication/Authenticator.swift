import GatewayCore
import HTTPWire

/// One kind of credential, checked. One per worker, called on it only.
package protocol Authenticator: AnyObject {
    /// What `WWW-Authenticate` offers when there is no credential at all; empty for kinds that have no challenge.
    var challenge: String { get }
    /// It accepts requests that have no credential at all, and is not asked about others.
    var isForNoCredential: Bool { get }
    func authenticate(_ exchange: Exchange) -> AuthenticationResult
    /// Takes whatever could be its kind of credential out of what the upstream gets.
    func strip(_ exchange: Exchange)
}

extension Authenticator {
    package var isForNoCredential: Bool { false }
    package func strip(_ exchange: Exchange) {}
}

extension Exchange {
    func dropAuthorization() {
        for index in 0..<request.fields.count where request.fields.slots[index].kind == .authorization {
            request.fields.slots[index].isDropped = true
        }
    }
}

package enum AuthenticationResult {
    /// The request has no credential of this kind; another authenticator may find its own.
    case absent
    case accepted(Identity)
    /// There is a credential, and it is no good.
    case rejected(Reply)
    /// Someone else must be asked. The function is called at once, with what to call with the result: exactly once, on this
    /// worker, within a bounded time, and not with `later` again. The exchange stays valid until then. Asking costs an
    /// allocation and a wait: what can be known must be remembered.
    case later((@escaping (AuthenticationResult) -> Void) -> Void)
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

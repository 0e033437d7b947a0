import GatewayCore
import HTTPWire
import JSON

/// What a caller must have to be let in: scopes, a role, claims of certain values, to be one of certain consumers.
package struct AccessRules: Sendable {
    package struct ClaimCondition: Hashable, Sendable {
        let path: ClaimPath
        let values: [String]

        package init(path: ClaimPath, values: [String]) {
            self.path = path
            self.values = values
        }

        /// The claim is one of the values, or a list of which one is.
        func holds(for identity: Identity) -> Bool {
            guard let claim = identity.claim(path) else { return false }
            if let list = claim.array { return list.contains(where: isWanted) }
            return isWanted(claim)
        }

        private func isWanted(_ value: JSONValue) -> Bool {
            guard let text = value.scalarText else { return false }
            return values.contains { isSameText($0, text) }
        }
    }

    private let scopes: [String]
    private let roles: [String]
    private let claims: [ClaimCondition]
    private let consumers: [String]
    private let lacksScope: Reply

    /// - Parameters:
    ///   - scopes: all are needed.
    ///   - roles: one is needed; empty: none.
    ///   - claims: all have to hold.
    ///   - consumers: ids, of which the caller's must be one; empty: anybody's.
    package init(
        scopes: [String] = [], roles: [String] = [], claims: [ClaimCondition] = [], consumers: [String] = []
    ) {
        self.scopes = scopes
        self.roles = roles
        self.claims = claims
        self.consumers = consumers
        lacksScope = .insufficientScope(scopes)
    }

    /// Nil: the caller is let in.
    func refusal(_ identity: Identity) -> Reply? {
        guard scopes.allSatisfy(identity.hasScope) else { return lacksScope }
        guard roles.isEmpty || roles.contains(where: identity.hasRole) else { return Self.lacksRole }
        guard claims.allSatisfy({ $0.holds(for: identity) }) else { return Self.lacksClaim }
        guard consumers.isEmpty || consumers.contains(where: { isSameText($0, identity.consumer) }) else {
            return Self.isOther
        }
        return nil
    }

    private static let lacksRole = forbidden("insufficient-role", "The caller has none of the roles that this needs.")
    private static let lacksClaim = forbidden(
        "insufficient-claims", "The caller's credential does not say of it what this needs.")
    private static let isOther = forbidden("consumer-not-allowed", "This is not for the caller.")

    /// RFC 6750 section 3.1: more is needed than the credential gives. What exactly stays inside; scopes are told, so that
    /// clients can ask for them.
    private static func forbidden(_ kind: String, _ detail: String) -> Reply {
        Reply(
            status: 403, kind: kind, title: "Forbidden", detail: detail,
            lines: "WWW-Authenticate: Bearer error=\"insufficient_scope\"\r\n")
    }
}

/// The rules of a route: for all requests, and for those of certain methods besides.
package struct RouteAccess: Sendable {
    private let all: AccessRules
    private let methods: [(name: [UInt8], rules: AccessRules)]

    /// - Parameter methods: by method; those of `GET` hold for `HEAD` too, unless it has its own.
    package init(_ all: AccessRules = AccessRules(), methods: [String: AccessRules] = [:]) {
        self.all = all
        var methods = methods
        if methods["HEAD"] == nil { methods["HEAD"] = methods["GET"] }
        self.methods = methods.map { (Array($0.key.utf8), $0.value) }
    }

    func refusal(_ identity: Identity, method: Bytes) -> Reply? {
        if let refusal = all.refusal(identity) { return refusal }
        return methods.first { method.elementsEqual($0.name) }?.rules.refusal(identity)
    }
}

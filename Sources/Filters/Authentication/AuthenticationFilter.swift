import GatewayCore
import HTTPWire
import JSON

/// Finds out who is calling, by a route's authenticators, and whether they have what the route asks for.
package final class AuthenticationFilter: RequestFilter {
    /// Whose word counts.
    package enum Rule: Sendable {
        /// One must accept. They are asked in their order until one does; if none does, the first that found a bad
        /// credential says why.
        case any
        /// Each must accept. The caller is whom the first one names, with the scopes and claims of all.
        case all
    }

    package let phase = Phase.authenticate
    private let authenticators: [any Authenticator]
    private let rule: Rule
    private let isOptional: Bool
    private let access: RouteAccess
    private let missing: Reply
    private let stripsCredentials: Bool
    /// The latest caller with several credentials: requests of one connection mostly follow each other.
    private var joined: (first: Identity, second: Identity, both: Identity)?
    /// Nil: there is nothing in Redis that callers could be entitled to.
    private let entitlements: Entitlements?
    /// Nil: an address may fail as often as it likes.
    private let attempts: AttemptGuard?

    /// - Parameters:
    ///   - authenticators: asked in this order.
    ///   - isOptional: a request without any credential passes as nobody's; a bad credential never does.
    ///   - access: what callers who are somebody must have.
    ///   - stripsCredentials: whether upstreams get none of the credentials that these authenticators look for.
    package init(
        authenticators: [any Authenticator], rule: Rule = .any, isOptional: Bool = false,
        access: RouteAccess = RouteAccess(), stripsCredentials: Bool = false, entitlements: Entitlements? = nil,
        attempts: AttemptGuard? = nil
    ) {
        self.attempts = attempts
        self.entitlements = entitlements
        self.authenticators = authenticators
        self.rule = rule
        self.isOptional = isOptional
        self.access = access
        self.stripsCredentials = stripsCredentials
        let challenges = authenticators.map(\.challenge).reduce(into: [String]()) {
            if !$1.isEmpty, !$0.contains($1) { $0.append($1) }
        }
        missing = .unauthorized(
            "This route needs a credential and the request has none.", challenges: challenges)
    }

    package func apply(_ exchange: Exchange) -> Verdict {
        // Which of them the upstream would believe, nobody knows.
        guard !Self.hasSeveralCredentials(exchange.request.fields) else { return refuse(Self.ambiguous, exchange) }
        attempts?.begin(exchange)
        return ask(from: 0, Findings(), exchange)
    }

    private static func hasSeveralCredentials(_ fields: FieldSection) -> Bool {
        var count = 0
        for index in 0..<fields.count where fields.slots[index].kind == .authorization { count += 1 }
        return count > 1
    }

    private static let ambiguous = Reply(
        status: 400, kind: "bad-request", title: "Bad request",
        detail: "The request has more than one Authorization field; send one.",
        lines: "WWW-Authenticate: Bearer error=\"invalid_request\"\r\n")

    /// What the authenticators asked so far have said.
    private struct Findings {
        var identity: Identity?
        var rejection: Reply?
        var isAnyAbsent = false
    }

    private func ask(from first: Int, _ soFar: Findings, _ exchange: Exchange) -> Verdict {
        var findings = soFar
        for index in first..<authenticators.count {
            if authenticators[index].isForNoCredential, findings.rejection != nil { continue }
            let result = authenticators[index].authenticate(exchange)
            if case .later(let question) = result {
                question { [self] answer in
                    let isDecided = take(answer, into: &findings)
                    exchange.resume(
                        with: isDecided ? verdict(findings, exchange) : ask(from: index + 1, findings, exchange))
                }
                return .wait
            }
            if take(result, into: &findings) { break }
        }
        return verdict(findings, exchange)
    }

    /// Whether no further authenticator needs to be asked.
    private func take(_ result: AuthenticationResult, into findings: inout Findings) -> Bool {
        switch result {
        case .absent, .later:
            findings.isAnyAbsent = true
            return false
        case .rejected(let reply):
            if findings.rejection == nil { findings.rejection = reply }
            return rule == .all
        case .accepted(let identity):
            findings.identity = findings.identity.map { join($0, identity) } ?? identity
            return rule == .any
        }
    }

    private func verdict(_ findings: Findings, _ exchange: Exchange) -> Verdict {
        let isEnough = rule == .any || (findings.rejection == nil && !findings.isAnyAbsent)
        if isEnough, let identity = findings.identity { return accept(identity, exchange) }
        if let rejection = findings.rejection {
            return refuse(attempts?.conclude(rejection, exchange) ?? rejection, exchange)
        }
        if isOptional, findings.identity == nil { return letIn(exchange) }
        exchange.record.authentication = .missing
        return .reply(missing)
    }

    private func refuse(_ reply: Reply, _ exchange: Exchange) -> Verdict {
        exchange.record.authentication = .init(reply)
        return .reply(reply)
    }

    private func letIn(_ exchange: Exchange) -> Verdict {
        if stripsCredentials { for authenticator in authenticators { authenticator.strip(exchange) } }
        return .proceed
    }

    private func join(_ first: Identity, _ second: Identity) -> Identity {
        if let joined, joined.first === first, joined.second === second { return joined.both }
        let both = first.joined(with: second)
        joined = (first, second, both)
        return both
    }
}

extension AuthenticationFilter {
    /// The caller is known; what it may do may still have to be asked for.
    private func accept(_ identity: Identity, _ exchange: Exchange) -> Verdict {
        if let attempts, !attempts.admits(identity, exchange) { return refuse(attempts.refusal(exchange), exchange) }
        guard let entitlements, !identity.isComplete else { return authorise(identity, exchange) }
        if let complete = entitlements.complete(identity) { return authorise(complete, exchange) }
        entitlements.ask(identity) { [self] complete in
            // The credential is good, so the caller is not kept out; a plan's limits are missed meanwhile.
            if complete == nil { exchange.responseLines.append("Sluice-Degraded: consumer\r\n") }
            exchange.resume(with: authorise(complete ?? identity, exchange))
        }
        return .wait
    }

    private func authorise(_ identity: Identity, _ exchange: Exchange) -> Verdict {
        exchange.identity = identity
        guard let refusal = access.refusal(identity, method: exchange.request.method) else { return letIn(exchange) }
        return .reply(refusal)
    }
}

extension ExchangeRecord.AuthenticationFailure {
    /// Of what a caller with a credential is told.
    fileprivate init(_ reply: Reply) {
        switch reply.status {
        case 429: self = .throttled
        case 500...: self = .unavailable
        default: self = reply.isFailedAttempt ? .rejected : .expired
        }
    }
}

extension Identity {
    /// The same caller, with what another credential adds.
    fileprivate func joined(with other: Identity) -> Identity {
        Identity(
            consumer: consumer, plan: plan ?? other.plan, scopes: scopes + other.scopes,
            roles: roles + other.roles, claims: claims.joined(with: other.claims), isComplete: isComplete)
    }
}

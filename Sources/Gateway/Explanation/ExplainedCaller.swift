import Configuration
import Filters
import GatewayCore

/// What finding out who calls comes to: steps to show, and why the request is refused.
struct ExplainedCaller {
    private(set) var steps: [Explanation.Step] = []
    /// Nil: it isn't.
    private(set) var refusal: String?
    private var subject = ""
    private var notes: [String] = []

    /// Of a route that asks nobody who they are.
    init() {}

    init(_ settings: RouteAuthentication) {
        let names = settings.authenticators.joined(separator: settings.rule == .all ? " and " : " or ")
        subject = "\(names)\(settings.isOptional ? " (optional)" : "")"
    }

    mutating func note(_ text: String) { notes.append(text) }

    /// The finding comes first, and how it came about after it.
    mutating func conclude(_ finding: String) {
        steps = (["\(subject): \(finding)"] + notes).map { Explanation.Step(phase: "authenticate", detail: $0) }
    }

    mutating func refuse(_ reply: Reply) {
        let reason =
            switch reply.status {
            case 400: "more than one Authorization field"
            case 403: "the caller may not do this"
            default: "no credential, or none that is good"
            }
        if reply.status == 403, let detail = reply.detail, !notes.contains(where: { $0.hasSuffix(detail) }) {
            note(detail)
        }
        refusal = "\(reply.status): \(reason)"
        conclude("refused")
    }
}

extension AuthenticationResult {
    /// Nil unless somebody is accepted.
    var identity: Identity? { if case .accepted(let identity) = self { identity } else { nil } }

    /// What the client is told of a credential that is no good.
    var refusal: String? { if case .rejected(let reply) = self { reply.detail } else { nil } }
}

/// What a limit decided about a request.
package enum LimitDecision: Int, CaseIterable, Sendable {
    /// `degraded`: decided without Redis, by the policy's `on_failure`. `shadowRefused`: a shadow policy would have refused.
    case admitted, refused, degraded, shadowRefused

    package var label: StaticString {
        switch self {
        case .admitted: "admitted"
        case .refused: "refused"
        case .degraded: "degraded"
        case .shadowRefused: "shadow_refused"
        }
    }
}

/// What is counted for each policy.
package typealias LimitMetrics = CaseCounts<LimitDecision>

/// Who decided about a request's limits.
package enum LimitAnswer: Int, CaseIterable, Sendable {
    /// `lease`: tokens borrowed in advance. `knownRefusal`: Redis has said until when it would refuse.
    case lease, knownRefusal, redis

    package var label: String {
        switch self {
        case .lease: "lease"
        case .knownRefusal: "known_refusal"
        case .redis: "redis"
        }
    }
}

/// How much of the work on limits is done without asking Redis, which is what leases are for.
package struct LeaseMetrics: Sendable {
    /// `redis`: also a question that Redis did not answer in time.
    package var answers = CaseCounts<LimitAnswer>()
    /// Requests that waited for the answer to another one's question.
    package var joined = 0
    /// Calls that no request waited for: renewals and returns.
    package var calls = 0
    package var grantedTokens = 0
    package var returnedTokens = 0
    package var held = 0

    package init() {}

    package static func += (left: inout LeaseMetrics, right: LeaseMetrics) {
        left.answers += right.answers
        left.joined += right.joined
        left.calls += right.calls
        left.grantedTokens += right.grantedTokens
        left.returnedTokens += right.returnedTokens
        left.held += right.held
    }
}

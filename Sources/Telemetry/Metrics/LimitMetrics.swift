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

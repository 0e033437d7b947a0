/// The phases of a request, in their order. Every filter belongs to exactly one.
package enum Phase: Int, Comparable, Sendable, CaseIterable {
    /// The head is parsed, the route matched (404 and 405 end here), the client's address and the request's id known.
    case arrive
    /// Who is calling: sets `Exchange.identity` or answers 401 or 403.
    case authenticate
    /// Whether the caller may call now: all its limits, decided together.
    case limit
    /// What the upstream is to see.
    case transformRequest
    /// Picks a target, asks the breaker, sends the request and streams the answer. Ends the request side.
    case forward
    /// What the client is to see; replies made by the gateway pass here too.
    case transformResponse
    /// Metrics and the access log, after the last byte.
    case finish

    package static func < (left: Phase, right: Phase) -> Bool { left.rawValue < right.rawValue }
}

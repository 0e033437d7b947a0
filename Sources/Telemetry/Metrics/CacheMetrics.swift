/// How a route's cache took part in an exchange.
package enum CacheOutcome: Int, CaseIterable, Sendable {
    /// `stale`: served although no longer fresh. `revalidated`: after the upstream said that it is still good.
    /// `bypass`: the request is none of the cache's business.
    case hit, stale, revalidated, miss, bypass

    package var label: StaticString {
        switch self {
        case .hit: "hit"
        case .stale: "stale"
        case .revalidated: "revalidated"
        case .miss: "miss"
        case .bypass: "bypass"
        }
    }
}

/// What the responses in a node's memory come to.
package struct CacheGauges: Sendable {
    package var entries = 0
    package var bytes = 0
    package var evictions = 0

    package init() {}

    package static func += (left: inout CacheGauges, right: CacheGauges) {
        left.entries += right.entries
        left.bytes += right.bytes
        left.evictions += right.evictions
    }
}

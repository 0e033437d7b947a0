import GatewayCore

/// A step that each version of an API has its own of, or none.
package final class PerVersionFilter: RequestFilter {
    package let phase: Phase
    /// By the versions' places.
    private let filters: [(any RequestFilter)?]

    /// Nil: no version has one.
    package init?(_ filters: [(any RequestFilter)?]) {
        guard let first = filters.compactMap({ $0 }).first else { return nil }
        phase = first.phase
        self.filters = filters
    }

    package func apply(_ exchange: Exchange) -> Verdict {
        guard let index = exchange.version?.index, filters.indices.contains(index) else { return .proceed }
        return filters[index]?.apply(exchange) ?? .proceed
    }
}

import GatewayCore

/// Has each version of an API served by its own service; `VersionFilter` has said which.
package final class VersionedService: ExchangeService {
    /// By the versions' places.
    private let services: [any ExchangeService]

    /// - Parameter services: at least one.
    package init(_ services: [any ExchangeService]) { self.services = services }

    package func serve(_ exchange: Exchange) { service(of: exchange).serve(exchange) }

    package func anticipate(_ exchange: Exchange) { service(of: exchange).anticipate(exchange) }

    private func service(of exchange: Exchange) -> any ExchangeService {
        let index = exchange.version?.index ?? 0
        return services[services.indices.contains(index) ? index : 0]
    }
}

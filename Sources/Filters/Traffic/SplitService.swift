import GatewayCore
import HTTPWire
import Policies

/// Sends each request to one of several services: to the first whose conditions hold, or else by weight.
///
/// In front of the cache, so that each arm has entries of its own: what a canary answers is not what the others get.
package final class SplitService: ExchangeService {
    package struct Arm {
        let conditions: RequestConditions?
        let service: any ExchangeService

        package init(conditions: RequestConditions?, service: any ExchangeService) {
            self.conditions = conditions
            self.service = service
        }
    }

    private let arms: [Arm]
    private let weights: WeightedSplit
    /// By what a caller stays with an arm; nil: each request is drawn anew.
    private let sticky: BalanceMethod.HashSource?
    private let varyLine: [UInt8]
    private var generator = BalanceGenerator(seed: .random(in: .min ... .max))

    package init(arms: [Arm], weights: WeightedSplit, sticky: BalanceMethod.HashSource?) {
        self.arms = arms
        self.weights = weights
        self.sticky = sticky
        varyLine = arms.flatMap { $0.conditions?.varyLine ?? [] }
    }

    package func serve(_ exchange: Exchange) {
        // Caches between here and the client must not mix what conditions tell apart.
        if !varyLine.isEmpty { exchange.responseLines.append(varyLine) }
        arms[arm(of: exchange)].service.serve(exchange)
    }

    package func anticipate(_ exchange: Exchange) { arms[arm(of: exchange)].service.anticipate(exchange) }

    /// Drawn once for each exchange.
    private func arm(of exchange: Exchange) -> Int {
        if let arm = exchange.arm, arm < arms.count { return arm }
        let arm = choose(exchange)
        exchange.arm = arm
        return arm
    }

    private func choose(_ exchange: Exchange) -> Int {
        for (index, arm) in arms.enumerated() {
            if let conditions = arm.conditions, conditions.hold(for: exchange.request) { return index }
        }
        guard let sticky else { return weights.arm(ticket: generator.next()) }
        return weights.arm(ticket: BalanceKey.of(exchange, by: sticky))
    }
}

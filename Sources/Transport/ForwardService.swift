import GatewayCore
import HTTPWire
import Policies

/// The end of most routes: forwards the exchange to an upstream, if the upstream's breaker lets it.
package final class ForwardService: ExchangeService {
    private let upstream: Upstream
    private let gate: (any AttemptGate)?
    private let worker: Worker

    package init(upstream: Upstream, gate: (any AttemptGate)?, worker: Worker) {
        self.upstream = upstream
        self.gate = gate
        self.worker = worker
    }

    package func serve(_ exchange: Exchange) {
        var token = 0
        switch gate?.admit() {
        case nil: break
        case .admitted(let admitted): token = admitted
        case .refused(let seconds):
            exchange.record.failure = .breakerOpen
            exchange.record.upstreamIndex = upstream.metricsIndex
            exchange.responseLines.append("Retry-After: ")
            exchange.responseLines.append(decimal: max(seconds, 1))
            exchange.responseLines.append("\r\n")
            return exchange.answer(Self.refusal)
        }
        guard upstream.concurrency?.admit(exchange.priority) ?? true else {
            gate?.cancel(token)
            exchange.record.failure = .overloaded
            exchange.record.upstreamIndex = upstream.metricsIndex
            return exchange.answer(Self.overload)
        }
        Attempt.start(exchange, upstream: upstream, gate: gate, token: token, on: worker)
    }

    private static let overload = Failure.overloaded.reply ?? .unavailable("The upstream is busy.")
    private static let refusal = Failure.breakerOpen.reply ?? .unavailable("The upstream is not asked right now.")
}

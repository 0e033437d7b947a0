import GatewayCore
import HTTPWire
import NIOCore
import Policies
import Telemetry

/// What is done to a share of requests to see how clients and the gateway take it. Times in microseconds.
package struct FaultRules: Sendable {
    package var delayMicroseconds = 0
    package var delayShare = Share(0)
    package var abortStatus = 503
    package var abortShare = Share(0)
    /// Nil: all requests.
    package var conditions: RequestConditions?

    package init() {}
}

/// Stands for a service that is slow or fails: delays requests, or answers them with an error, before they are forwarded.
///
/// Behind the cache, which so can show what it does when its origin fails. Breakers and ejections learn nothing of it: the
/// upstream has done nothing wrong.
package final class FaultService: ExchangeService {
    private let rules: FaultRules
    private let reply: Reply
    private let inner: any ExchangeService
    private let loop: any EventLoop
    private let metrics: WorkerMetrics
    private let metricsIndex: Int
    private var generator = BalanceGenerator(seed: .random(in: .min ... .max))

    package init(
        _ rules: FaultRules, inner: any ExchangeService, loop: any EventLoop, metrics: WorkerMetrics, metricsIndex: Int
    ) {
        self.rules = rules
        self.inner = inner
        self.loop = loop
        self.metrics = metrics
        self.metricsIndex = metricsIndex
        let title = StatusReason.of(rules.abortStatus)
        reply = Reply(
            status: rules.abortStatus, kind: "fault-injected", title: title.isEmpty ? "Fault" : title,
            detail: "This failure was made by the gateway, as the route's fault settings have it.")
    }

    package func serve(_ exchange: Exchange) {
        if let conditions = rules.conditions, !conditions.hold(for: exchange.request) { return inner.serve(exchange) }
        let isDelayed = rules.delayShare.takes(ticket: generator.next())
        let isAborted = rules.abortShare.takes(ticket: generator.next())
        if isDelayed { metrics.values.routes[metricsIndex].traffic[.delayed] += 1 }
        if isAborted { metrics.values.routes[metricsIndex].traffic[.aborted] += 1 }
        guard isDelayed else { return go(on: exchange, isAborted) }
        Delay(exchange).start(on: loop, microseconds: rules.delayMicroseconds) { [self] in go(on: $0, isAborted) }
    }

    private func go(on exchange: Exchange, _ isAborted: Bool) {
        if isAborted { exchange.answer(reply) } else { inner.serve(exchange) }
    }
}

/// An exchange that waits before it is served. Its client may leave meanwhile; its body stays where it is.
private final class Delay: ResponseProducer {
    private var exchange: Exchange?
    private var timer: Scheduled<Void>?

    init(_ exchange: Exchange) { self.exchange = exchange }

    func start(on loop: any EventLoop, microseconds: Int, then: @escaping (Exchange) -> Void) {
        guard let exchange else { return }
        if exchange.request.body != .none { exchange.downstream.pauseBody() }
        exchange.downstream.attach(self)
        timer = loop.assumeIsolated().scheduleTask(in: .microseconds(Int64(microseconds))) { [self] in
            guard let exchange = self.exchange else { return }
            self.exchange = nil
            then(exchange)
        }
    }

    func receiveBody(_ bytes: ByteBuffer, isEnd: Bool, trailers: [UInt8]) {}

    func clientLost() {
        exchange = nil
        timer?.cancel()
    }

    func clientWritabilityChanged(isWritable: Bool) {}
}

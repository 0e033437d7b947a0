import GatewayCore
import NIOCore
import Policies
import Telemetry

/// Answers a route's requests from several services: at the same time where it can be, one after the other where what one
/// answers is needed to ask another.
package final class AggregationService: ExchangeService {
    let plan: AggregationPlan
    /// By the steps' places.
    let services: [any ExchangeService]
    /// Whether a cache stands in front of the service.
    let isCached: [Bool]
    let loop: any EventLoop
    private let names: ShapingNames
    private let metrics: WorkerMetrics
    private let metricsIndices: [Int]
    private let account: (ExchangeRecord) -> Void

    /// The service of one step.
    package struct StepService {
        package var service: any ExchangeService
        package var isCached: Bool
        /// Its place among the steps in the metrics.
        package var metricsIndex: Int

        package init(_ service: any ExchangeService, isCached: Bool, metricsIndex: Int) {
            self.service = service
            self.isCached = isCached
            self.metricsIndex = metricsIndex
        }
    }

    /// - Parameter steps: as many as the plan has, in its order.
    package init(
        _ plan: AggregationPlan, steps: [StepService], names: ShapingNames, cache: ResponseCache,
        metrics: WorkerMetrics
    ) {
        self.plan = plan
        services = steps.map(\.service)
        isCached = steps.map(\.isCached)
        metricsIndices = steps.map(\.metricsIndex)
        loop = cache.loop
        account = cache.account
        self.names = names
        self.metrics = metrics
    }

    package func serve(_ exchange: Exchange) { AggregatedCall(exchange, self).start() }

    func values(of exchange: Exchange) -> RequestValues { RequestValues(exchange, names) }

    /// What one request of a step came to: no client's exchange accounts for it.
    func count(_ place: Int, _ record: ExchangeRecord, isFailure: Bool) {
        account(record)
        guard metrics.isCounting else { return }
        metrics.values.steps[metricsIndices[place]].record(
            isFailure: isFailure, microseconds: MonotonicClock.microseconds() - record.arrivedMicroseconds)
    }
}

import Configuration
import Filters
import GatewayCore
import Policies
import Telemetry

/// Routes that are answered from several services.
extension PlanAssembly {
    /// What is asked at the end of a route's steps; a version may have a service of its own instead of several.
    func service(of route: RouteSettings, to upstream: String) -> any ExchangeService {
        guard upstream.isEmpty, let aggregate = route.aggregate else { return service(to: upstream) }
        return aggregated(aggregate, of: route)
    }

    private func aggregated(_ aggregate: RouteAggregate, of route: RouteSettings) -> AggregationService {
        // Its names were all given with the snapshot.
        var names = snapshot.metricNames.steps
        let steps = zip(aggregate.plan.steps, aggregate.caches).map { step, settings in
            var service = service(to: step.upstream)
            if let settings {
                let kept = CacheRoute(settings, of: step, in: route.rule)
                service = CacheService(route: kept, cache: resources.cache, inner: service)
            }
            return AggregationService.StepService(
                service, isCached: settings != nil, metricsIndex: names.index(of: "\(route.rule.name)/\(step.name)"))
        }
        return AggregationService(
            aggregate.plan, steps: steps, names: ShapingNames(node: resources.node, route: route.rule.name),
            cache: resources.cache, metrics: resources.metrics)
    }
}

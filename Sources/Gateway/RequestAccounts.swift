import GatewayCore
import Telemetry

/// How requests become metrics. Where `telemetry.metrics` is off only their number is kept, which the node's heartbeat tells.
extension WorkerMetrics {
    /// A route was found.
    func begin(_ exchange: Exchange, on plan: RoutePlan) {
        guard isCounting else { return }
        // So that it ends as it began, whatever a reload says meanwhile.
        exchange.record.isCounted = true
        values.routes[plan.metricsIndex].begin()
        tally.begin()
    }

    func end(_ exchange: Exchange, durationMicroseconds duration: Int) {
        let record = exchange.record
        guard record.isCounted || (isCounting && exchange.plan == nil) else {
            uncounted.answered += 1
            if record.status >= 500 || record.status == 0 { uncounted.failed += 1 }
            return
        }
        let outcome = RouteMetrics.Outcome(
            status: record.status, bytesIn: record.bytesIn, bytesOut: record.bytesOut, totalMicroseconds: duration,
            headMicroseconds: record.answeredMicroseconds.map { $0 &- record.arrivedMicroseconds },
            upstreamMicroseconds: record.upstreamMicroseconds, cache: CacheOutcome(record.cache),
            authentication: record.authentication.map { AuthenticationOutcome($0) })
        tally.end(route: exchange.plan?.metricsIndex ?? NameIndex.none, outcome, hasBegun: exchange.plan != nil)
        if let plan = exchange.plan {
            values.routes[plan.metricsIndex].end(outcome)
        } else {
            values.routes[NameIndex.none].record(outcome)
        }
        if let version = exchange.version {
            values.versions[version.metricsIndex].record(status: record.status, microseconds: duration)
        }
        count(record)
    }

    /// What was asked of an upstream, if anything was.
    func count(_ record: ExchangeRecord) {
        guard isCounting, let upstream = record.upstreamIndex else { return }
        values.upstreams[upstream].attempts += record.attempts
        values.upstreams[upstream].retries += max(record.attempts - 1, 0)
        values.upstreams[upstream].hedges += record.hedges
        values.upstreams[upstream].hedgeWins += record.hedgeWins
        if let duration = record.upstreamMicroseconds {
            values.upstreams[upstream].latency.record(microseconds: duration)
        }
        if !record.isOwnReply, record.status > 0 { values.upstreams[upstream].statuses.count(record.status) }
        guard let failure = record.failure else { return }
        if failure == .breakerOpen { values.upstreams[upstream].breakerRefusals += 1 }
        if failure == .overloaded { values.upstreams[upstream].shed += 1 }
        if let kind = UpstreamFailureKind(failure) { values.upstreams[upstream].failures[kind] += 1 }
    }
}

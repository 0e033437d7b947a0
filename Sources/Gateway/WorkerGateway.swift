import Configuration
import Filters
import GatewayCore
import HTTPWire
import NIOCore
import Policies
import RedisClient
import Telemetry
import Transport

/// The gateway on one worker: where exchanges arrive, find their route and end in metrics and the log.
final class WorkerGateway: ExchangeEntry {
    let worker: Worker
    let metrics: WorkerMetrics
    private(set) var snapshot: Snapshot
    private var plans: WorkerPlans
    /// Of a configuration that is about to be taken.
    private var prepared: (snapshot: Snapshot, plans: WorkerPlans, audit: DecisionAudit?)?
    private var resources: WorkerResources
    private var accessLog: AccessLog? { resources.accessLog }
    private var generator = IdentifierGenerator()
    private var captures = PathCaptures()
    /// Nil: nothing is captured.
    private var taps: RouteTaps?
    /// Nil: no traces are recorded.
    private var tracer: TraceExporter?
    /// Query strings without their secrets.
    private let query = ByteBuilder(capacity: 512)
    private let traceID = ByteBuilder(capacity: 32)
    private var ticks = 0
    /// When the next tick is due.
    private var nextTick = 0
    /// Lines of a quiet worker show up after this many ticks of 10 ms.
    private static let ticksPerFlush = 10
    private static let ticksPerFetch = 20
    private static let ticksPerExport = 100

    /// - Throws: `CredentialError` when libcrypto can't be used.
    init(worker: Worker, snapshot: Snapshot, resources: WorkerResources) throws {
        self.worker = worker
        self.snapshot = snapshot
        metrics = resources.metrics
        metrics.isCounting = snapshot.configuration.telemetry.countsRequests
        self.resources = resources
        self.resources.audit = snapshot.configuration.telemetry.decisions.map { DecisionAudit(.init($0)) }
        plans = try WorkerPlans(snapshot: snapshot, resources: self.resources, worker: worker, previous: nil)
        tracer = snapshot.configuration.telemetry.traces.map {
            TraceExporter($0, nodeID: resources.node, client: resources.services, loop: worker.loop)
        }
        worker.limits = snapshot.transportLimits
    }

    /// Makes ready for a new configuration, so that taking it can't fail. Throws before anything has changed.
    func prepare(_ snapshot: Snapshot) throws {
        var resources = resources
        if snapshot.configuration.telemetry.decisions != self.snapshot.configuration.telemetry.decisions {
            resources.audit = snapshot.configuration.telemetry.decisions.map { DecisionAudit(.init($0)) }
        }
        let next = try WorkerPlans(snapshot: snapshot, resources: resources, worker: worker, previous: plans)
        prepared = (snapshot, next, resources.audit)
    }

    /// The configuration was refused by another worker.
    func discardPrepared() {
        prepared?.plans.retire(keeping: plans)
        prepared = nil
    }

    /// Takes the configuration that was prepared; exchanges under way end by the old one.
    func adoptPrepared(_ accessLog: AccessLog?) {
        guard let (snapshot, next, audit) = prepared else { return }
        prepared = nil
        metrics.adopt(snapshot.metricNames)
        metrics.isCounting = snapshot.configuration.telemetry.countsRequests
        plans.retire(keeping: next)
        plans = next
        self.snapshot = snapshot
        resources.accessLog?.close()
        resources.accessLog = accessLog
        resources.audit = audit
        adopt(snapshot.configuration.telemetry.traces)
        adoptCaptures()
        worker.limits = snapshot.transportLimits
    }

    /// The targets of an upstream have changed; requests under way at others come to their end.
    func retarget(_ upstream: String, _ roster: TargetRoster) { plans.retarget(upstream, roster, worker: worker) }

    /// Other captures are in force than before, or credentials are elsewhere.
    func adoptCaptures() {
        let rules = resources.captures.active
        taps = rules.isEmpty ? nil : RouteTaps(rules, resources.captures, snapshot.configuration)
    }

    /// What was not sent before a reload to another collector is sent to the one before.
    private func adopt(_ settings: TraceSettings?) {
        guard settings != tracer?.settings else { return }
        _ = tracer?.flush()
        tracer = settings.map {
            TraceExporter($0, nodeID: resources.node, client: resources.services, loop: worker.loop)
        }
    }

    /// Completes when the collector has what was recorded, or does not take it.
    func flushTraces() -> EventLoopFuture<Void> { tracer?.flush() ?? worker.loop.makeSucceededVoidFuture() }

    /// What the audit has recorded since the last call.
    func takeDecisions() -> [DecisionAudit.Entry] { resources.audit?.take() ?? [] }

    /// Whether Redis would take a command now; nil without Redis.
    var isRedisReady: Bool? { resources.redis?.isReady }

    var answeredRequests: Int { metrics.values.routes.reduce(metrics.uncounted.answered) { $0 + $1.statuses.total } }
    var failedRequests: Int { metrics.values.routes.reduce(metrics.uncounted.failed) { $0 + $1.statuses.failed } }

    var gauges: MetricsSnapshot.WorkerGauges {
        .init(connections: worker.connectionCount, lagMicroseconds: metrics.latestLagMicroseconds)
    }

    /// Brings the gauges up to date, for a scrape.
    func measure() -> MetricValues {
        metrics.values.connections.open = worker.connectionCount
        metrics.values.connections.refused = worker.refusedConnections
        metrics.values.connections.failedHandshakes = worker.failedHandshakes
        metrics.values.connections.floods = worker.floods
        metrics.values.connections.tunnels = worker.tunnels
        if let tracer { metrics.values.traces = tracer.counts }
        metrics.values.droppedDecisions = resources.audit?.dropped ?? 0
        // The memory is the node's, and workers are summed.
        if worker.index == 0 {
            metrics.values.cache = CacheGauges(resources.cache.near.counters)
            metrics.values.shedding.heldBytes = worker.memory.node.heldBytes
            metrics.values.shedding.limitBytes = worker.memory.node.limitBytes
        }
        for upstream in plans.upstreams.values {
            let unused = upstream.unusedConnectionCount
            metrics.values.upstreams[upstream.metricsIndex].activeConnections = upstream.connectionCount - unused
            metrics.values.upstreams[upstream.metricsIndex].idleConnections = unused
            metrics.values.upstreams[upstream.metricsIndex].pending = upstream.waitingCount
            metrics.values.upstreams[upstream.metricsIndex].adopt(upstream)
            guard worker.index == 0 else { continue }
            let unhealthy = upstream.health?.unhealthy ?? 0
            metrics.values.upstreams[upstream.metricsIndex].unhealthyTargets = unhealthy.nonzeroBitCount
            metrics.values.upstreams[upstream.metricsIndex].healthChecks = upstream.health?.checkCount ?? 0
            metrics.values.upstreams[upstream.metricsIndex].checksForCluster =
                upstream.health?.checksForCluster ?? false
            guard let ejections = upstream.ejections else { continue }
            metrics.values.upstreams[upstream.metricsIndex].ejectedTargets = ejections.unavailable.nonzeroBitCount
            metrics.values.upstreams[upstream.metricsIndex].ejections = ejections.ejections
        }
        if let redis = resources.redis { metrics.values.redis.adopt(redis) }
        if let leases = resources.leases { metrics.values.leases = LeaseMetrics(leases) }
        for (name, breaker) in snapshot.breakers {
            guard let upstream = plans.upstreams[name] else { continue }
            metrics.values.upstreams[upstream.metricsIndex].breaker = BreakerGauge(breaker.state)
            metrics.values.upstreams[upstream.metricsIndex].isBreakerShared = breaker.isJoined
            // The breaker is the node's, and workers are summed: so one of them counts its transitions.
            guard worker.index == 0 else { continue }
            for state in [Breaker.State.closed, .halfOpen, .open] {
                metrics.values.upstreams[upstream.metricsIndex].transitions[BreakerGauge(state)] =
                    breaker.transitions(to: state)
            }
        }
        return metrics.values
    }

    /// What has happened since the last call, which is about a second ago.
    func digest() -> WorkerDigest {
        let traffic = metrics.tally.take()
        metrics.latestLagMicroseconds = traffic.lagMicroseconds
        let waiting = plans.upstreams.values.reduce(0) { $0 + $1.waitingCount }
        return WorkerDigest(
            traffic: traffic, connections: worker.connectionCount,
            pending: waiting + (resources.redis?.pendingCommands ?? 0))
    }

    /// Called with each tick of the worker.
    func tick() {
        noteLag()
        resources.leases?.tick()
        ticks &+= 1
        if ticks.isMultiple(of: Self.ticksPerFlush) { accessLog?.flush() }
        if ticks.isMultiple(of: Self.ticksPerExport) { tracer?.tick() }
        // Keys are the node's: one worker keeps them fresh.
        if worker.index == 0, ticks.isMultiple(of: Self.ticksPerFetch) {
            for fetcher in plans.fetchers { fetcher.tick() }
        }
    }

    /// A tick that comes late says how long the loop was busy with something else.
    private func noteLag() {
        let now = MonotonicClock.microseconds()
        if nextTick > 0 {
            let lag = max(0, now - nextTick)
            metrics.values.lag.record(microseconds: lag)
            metrics.tally.lagged(microseconds: lag)
        }
        nextTick = now + Worker.tickMicroseconds
    }

    /// Limits were reset by an operator, so that refusals have to be asked for anew.
    func forgetRefusals() { resources.leases?.forgetRefusals() }

    /// Gives prepaid tokens back; done when the store has answered, or failed to within its time limit.
    func returnLeases() -> EventLoopFuture<Void> {
        let returned = worker.loop.makePromise(of: Void.self)
        if let leases = resources.leases { leases.shutdown { returned.succeed() } } else { returned.succeed() }
        return returned.futureResult
    }

    func close() {
        accessLog?.close()
        resources.redis?.close()
        resources.services.close()
        worker.stop()
    }

    // MARK: ExchangeEntry

    func connected(_ peer: Peer) { metrics.values.connections.accepted += 1 }

    func disconnected(_ peer: Peer) {}

    func arrive(_ exchange: Exchange) {
        let peer = exchange.peer
        if peer.generation != snapshot.generation {
            peer.generation = snapshot.generation
            peer.isTrusted = snapshot.clients.isTrusted(peer)
            peer.surface = snapshot.surfaces.number(ofListener: peer.listener)
        }
        snapshot.clients.identify(exchange, &generator)
        tracer?.begin(exchange, &generator)
        ForwardingHeaders.appendResponseLines(exchange)
        if exchange.request.isServerWide { return exchange.answer(Self.serverOptions) }
        route(exchange)
    }

    func refused(_ fault: HeadFault, on exchange: Exchange) {
        metrics.values.connections.malformedRequests += 1
        guard exchange.requestID.isEmpty else { return }
        generator.append(to: exchange.requestID)
        ForwardingHeaders.appendResponseLines(exchange)
    }

    func finish(_ exchange: Exchange) {
        exchange.giveBack()
        let record = exchange.record
        let duration = MonotonicClock.microseconds() &- record.arrivedMicroseconds
        metrics.end(exchange, durationMicroseconds: duration)
        if let tracer, let trace = exchange.trace, tracer.takes(trace, record, duration) {
            self.record(exchange, trace, duration, in: tracer)
        }
        if let accessLog, accessLog.wants(isError: record.status >= 500 || record.failure != nil) {
            log(exchange, duration, to: accessLog)
        }
        if exchange.tap != nil { captured(exchange, duration) }
        let now = record.arrivedMicroseconds &+ duration
        if resources.tail.isWatched(now: now) { resources.tail.note(now: now) { tailEntry(exchange, duration) } }
    }

    // MARK: Steps

    private func route(_ exchange: Exchange) {
        let request = exchange.request
        if request.method.equals("OPTIONS"), answersPreflight(exchange) { return }
        let asked = RouteRequest(host: request.host, method: request.method, path: request.path, query: request.query)
        let surface = snapshot.surfaces.all[exchange.peer.surface]
        switch surface.table.match(asked, RequestFields(fields: request.fields), captures: &captures) {
        case .route(let rule):
            let plan = plans[surface.served(rule)]
            metrics.begin(exchange, on: plan)
            if let taps { taps.attach(to: exchange, on: plan.name) }
            if worker.memory.pressure.sheds(plan.priority) { return shed(exchange, plan) }
            if let limit = plan.bodyLimit { exchange.bodyLimit = limit }
            follow(plan, exchange)
        case .notFound: exchange.answer(unknownVersion(exchange, surface) ?? .notFound)
        case .methodNotAllowed(let allow): exchange.answer(.methodNotAllowed(allow: allow))
        case .options(let allow): exchange.answer(.options(allow: allow))
        }
    }

    /// What is under way has to come to its end first.
    private func shed(_ exchange: Exchange, _ plan: RoutePlan) {
        metrics.values.shedding.byMemory[plan.priority.rank] += 1
        exchange.record.failure = .outOfMemory
        exchange.refuse(Failure.outOfMemory.reply ?? .unavailable("No memory."), on: plan)
    }

    /// A preflight is about the route that the request behind it would take.
    private func answersPreflight(_ exchange: Exchange) -> Bool {
        let request = exchange.request
        guard let method = request.fields.first("access-control-request-method"),
            request.fields.first("origin") != nil
        else { return false }
        let asked = RouteRequest(host: request.host, method: method, path: request.path, query: request.query)
        let surface = snapshot.surfaces.all[exchange.peer.surface]
        guard
            case .route(let rule) = surface.table.match(
                asked, RequestFields(fields: request.fields), captures: &captures)
        else { return false }
        let plan = plans[surface.served(rule)]
        guard let preflights = plan.preflights else { return false }
        metrics.begin(exchange, on: plan)
        exchange.refuse(preflights.preflight(request), on: plan)
        return true
    }

    /// A path that names a version that its route doesn't have.
    private func unknownVersion(_ exchange: Exchange, _ surface: Surface) -> Reply? {
        guard !plans.unknownVersions.isEmpty else { return nil }
        let request = exchange.request
        return plans.unknownVersions.reply(to: request) { path in
            let asked = RouteRequest(host: request.host, method: request.method, path: path, query: request.query)
            guard
                case .route(let rule) = surface.table.match(
                    asked, RequestFields(fields: request.fields), captures: &captures)
            else { return nil }
            return surface.route(rule)
        }
    }

    private func follow(_ plan: RoutePlan, _ exchange: Exchange) {
        if case .exactly(let length) = exchange.request.body, length > exchange.bodyLimit {
            exchange.refuse(.contentTooLarge, on: plan)
        } else {
            exchange.follow(plan)
        }
    }

    private static let serverOptions = Reply.options(allow: "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")

    /// What a fetch of the cache came to, which no client's exchange accounts for.
    func account(_ record: ExchangeRecord) { metrics.count(record) }

    private func record(_ exchange: Exchange, _ trace: TraceContext, _ duration: Int, in tracer: TraceExporter) {
        let upstream = exchange.record.upstreamIndex.map { snapshot.metricNames.upstreams.names[$0] }
        tracer.record(Span(exchange, trace, duration: duration, upstream: upstream ?? ""))
        guard let plan = exchange.plan else { return }
        metrics.values.routes[plan.metricsIndex].record(
            Exemplars.Exemplar(
                traceHigh: trace.traceHigh, traceLow: trace.traceLow, microseconds: duration,
                wallMicroseconds: StructuredLog.wallClock()))
    }

    private func captured(_ exchange: Exchange, _ duration: Int) {
        let upstream = exchange.record.upstreamIndex.map { snapshot.metricNames.upstreams.names[$0] }
        (exchange.tap as? CaptureTap)?.ended(exchange, durationMicroseconds: duration, upstream: upstream ?? "")
    }

    private func tailEntry(_ exchange: Exchange, _ duration: Int) -> RequestTail.Entry {
        let (request, record) = (exchange.request, exchange.record)
        var entry = RequestTail.Entry()
        entry.wallMicroseconds = StructuredLog.wallClock()
        entry.id = exchange.requestID.bytes.text
        entry.client = exchange.clientAddress.bytes.text
        entry.method = request.method.text
        entry.host = request.host.text
        entry.path = String(request.path.text.prefix(512))
        entry.record = record
        entry.durationMicroseconds = duration
        entry.route = exchange.plan?.name ?? ""
        if let upstream = record.upstreamIndex { entry.upstream = snapshot.metricNames.upstreams.names[upstream] }
        entry.consumer = exchange.identity?.consumer ?? ""
        entry.trace = exchange.trace.map(\.id) ?? ""
        entry.decisions = exchange.responseLines.bytes.text.split(separator: "\r\n").map(String.init).filter { line in
            let name = line.prefix { $0 != ":" }.lowercased()
            return name.contains("ratelimit") || ["retry-after", "cache-status", "sluice-degraded"].contains(name)
        }
        return entry
    }

    /// What the rules ask for besides the usual; secrets are not shown.
    private func addExtras(_ exchange: Exchange, _ rules: AccessLogRules, to line: inout AccessLogRecord) {
        let fields = exchange.request.fields
        line.ownMicroseconds = exchange.record.ownMicroseconds
        line.attempts = exchange.record.attempts
        line.isHTTP2 = exchange.peer.isHTTP2
        if rules.format == .combined || rules.fields.contains(.referer), let referer = fields.first("referer") {
            line.referer = UnsafeRawBufferPointer(referer)
        }
        if let trace = exchange.trace {
            traceID.removeAll()
            traceID.append(hex: trace.traceHigh)
            traceID.append(hex: trace.traceLow)
            line.traceID = UnsafeRawBufferPointer(traceID.bytes)
        }
        if rules.fields.contains(.query), !exchange.request.query.isEmpty {
            query.removeAll()
            QueryRedaction.append(exchange.request.query, hiding: rules.redactedParameters, to: query)
            line.query = UnsafeRawBufferPointer(query.bytes)
        }
        for var name in rules.headers {
            let place = name.withUTF8 { name in
                (0..<fields.count).first { fields.name($0).equalsIgnoringCase(name) }
            }
            guard let place else { continue }
            let isHidden = rules.redactedHeaders.contains(name)
            line.headers.append(
                (name, UnsafeRawBufferPointer(isHidden ? QueryRedaction.hidden : fields.value(place))))
        }
    }

    private func log(_ exchange: Exchange, _ duration: Int, to accessLog: AccessLog) {
        let request = exchange.request
        let record = exchange.record
        var line = AccessLogRecord()
        line.wallMicroseconds = StructuredLog.wallClock()
        line.requestID = UnsafeRawBufferPointer(exchange.requestID.bytes)
        line.clientAddress = UnsafeRawBufferPointer(exchange.clientAddress.bytes)
        line.method = UnsafeRawBufferPointer(request.method)
        line.host = UnsafeRawBufferPointer(request.host)
        // Without the query, which may carry credentials.
        line.path = UnsafeRawBufferPointer(request.clientPath)
        if let agent = request.fields.first(.userAgent) { line.userAgent = UnsafeRawBufferPointer(agent) }
        addExtras(exchange, accessLog.rules, to: &line)
        line.status = record.status
        line.bytesIn = record.bytesIn
        line.bytesOut = record.bytesOut
        line.durationMicroseconds = duration
        line.upstreamMicroseconds = record.upstreamMicroseconds
        if let plan = exchange.plan { line.route = plan.name }
        if let version = exchange.version { line.version = version.name }
        if let upstream = record.upstreamIndex { line.upstream = snapshot.metricNames.upstreams.names[upstream] }
        if let identity = exchange.identity { line.consumer = identity.consumer }
        line.limit = LimitDecision(record.limit)
        line.cache = CacheOutcome(record.cache)
        if let failure = record.failure { line.error = failure.label }
        accessLog.write(line)
    }
}

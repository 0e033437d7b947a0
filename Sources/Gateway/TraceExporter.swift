import Configuration
import Filters
import GatewayCore
import HTTPWire
import NIOCore
import Policies
import Telemetry

/// One worker's traces: decides which exchanges become spans, and sends these to the collector in batches, at most one at a
/// time. What the collector does not take, or has no room for while it is away, is counted and forgotten.
final class TraceExporter {
    private static let batch = 512

    let settings: TraceSettings
    private let sampling: TraceSampling
    private let nodeID: String
    private let client: any ServiceClient
    private let loop: any EventLoop
    private var queue = SpanQueue()
    private var isSending = false
    private var sent = TraceCounts()
    private var whenIdle: [EventLoopPromise<Void>] = []

    init(_ settings: TraceSettings, nodeID: String, client: any ServiceClient, loop: any EventLoop) {
        self.settings = settings
        self.nodeID = nodeID
        self.client = client
        self.loop = loop
        var sampling = TraceSampling()
        sampling.share = settings.sample
        sampling.takesErrors = settings.takesErrors
        sampling.slowMicroseconds = settings.slowMicroseconds
        self.sampling = sampling
    }

    var counts: TraceCounts {
        var counts = sent
        counts.dropped = queue.dropped
        return counts
    }

    // MARK: Exchanges

    /// The trace of an exchange that has arrived: the caller's, or a new one.
    func begin(_ exchange: Exchange, _ generator: inout IdentifierGenerator) {
        let field = exchange.request.fields.first(.traceparent)
        let incoming = field.flatMap {
            ForwardingHeaders.isValidTraceparent($0) ? TraceContext.Incoming(valid: $0) : nil
        }
        let (high, low) = (incoming?.traceHigh ?? generator.next(), incoming?.traceLow ?? generator.next())
        exchange.trace = TraceContext(
            traceHigh: high, traceLow: low, parent: incoming?.parent ?? 0, span: generator.next() | 1,
            call: generator.next() | 1, isSampled: sampling.takes(traceLow: low, parent: incoming?.isSampled))
    }

    /// Whether the exchange, which has ended, is recorded.
    func takes(_ trace: TraceContext, _ record: ExchangeRecord, _ duration: Int) -> Bool {
        trace.isSampled
            || sampling.takes(
                status: record.status, hasFailed: record.failure != nil, durationMicroseconds: duration)
    }

    func record(_ span: Span) { queue.append(span) }

    // MARK: Sending

    /// Called about once a second.
    func tick() { send() }

    /// Completes when all that was recorded has been sent, or could not be.
    func flush() -> EventLoopFuture<Void> {
        let promise = loop.makePromise(of: Void.self)
        whenIdle.append(promise)
        send()
        return promise.futureResult
    }

    private func send() {
        guard !isSending else { return }
        guard !queue.isEmpty else {
            let waiting = whenIdle
            whenIdle = []
            for promise in waiting { promise.succeed() }
            return
        }
        isSending = true
        let batch = queue.take(Self.batch)
        let resource = [
            ("service.name", settings.service), ("service.version", GatewayNode.version),
            ("service.instance.id", nodeID),
        ]
        let this = NIOLoopBound(self, eventLoop: loop)
        // Writing hundreds of spans down takes milliseconds, which no request is to wait for.
        Task { [loop] in
            let body = OTLPText.request(batch, resource: resource)
            loop.execute { this.value.post(body, spans: batch.count) }
        }
    }

    private func post(_ body: [UInt8], spans: Int) {
        let endpoint = settings.endpoint
        var head =
            "POST \(endpoint.target) HTTP/1.1\r\nHost: \(endpoint.authority)\r\nUser-Agent: sluice/\(GatewayNode.version)\r\n"
        head += "Content-Type: application/json\r\nContent-Length: \(body.count)\r\n"
        for header in settings.headers {
            head += "\(header.name): \(String(decoding: header.value.bytes, as: UTF8.self))\r\n"
        }
        let address = ServiceAddress(host: endpoint.host, port: endpoint.port, isSecure: endpoint.isSecure)
        client.ask(
            address, Array((head + "\r\n").utf8), body: body, mostBytes: 1 << 20, timeoutMicroseconds: 10_000_000
        ) { [self] result in
            let isTaken = (try? result.get()).map { (200..<300).contains($0.status) } ?? false
            if isTaken { sent.exported += spans } else { sent.failed += spans }
            isSending = false
            // A collector that does not answer is not asked again before the next second.
            if isTaken || !whenIdle.isEmpty { send() }
        }
    }
}

extension Span {
    /// - Parameter upstream: its name; empty if none was asked.
    init(_ exchange: Exchange, _ trace: TraceContext, duration: Int, upstream: String) {
        self.init()
        let (request, record) = (exchange.request, exchange.record)
        (traceHigh, traceLow, parent) = (trace.traceHigh, trace.traceLow, trace.parent)
        (id, call) = (trace.span, trace.call)
        endMicroseconds = StructuredLog.wallClock()
        durationMicroseconds = duration
        headMicroseconds = record.answeredMicroseconds.map { $0 &- record.arrivedMicroseconds }
        upstreamMicroseconds = record.upstreamMicroseconds
        method = request.method.text
        path = String(request.path.text.prefix(1024))
        host = request.host.text
        scheme = "\(exchange.peer.scheme)"
        route = exchange.plan?.name ?? ""
        self.upstream = upstream
        consumer = exchange.identity?.consumer ?? ""
        client = exchange.clientAddress.bytes.text
        requestID = exchange.requestID.bytes.text
        status = record.status
        attempts = record.attempts
        error = record.failure?.label ?? ""
        limit = LimitDecision(record.limit).map { "\($0.label)" } ?? ""
        cache = CacheOutcome(record.cache).map { "\($0.label)" } ?? ""
    }
}

import GatewayCore
import HTTPWire
import NIOCore
import Policies
import Telemetry

/// What is mirrored of a route's requests, and how much at once. Counts are this worker's share.
package struct MirrorRules: Sendable {
    package var sample = Share.all
    /// Copies under way at once; further ones are left out.
    package var maximumConcurrent = 100
    /// Bytes of request body that are kept for the copy; a request with more has none.
    package var maximumBody = 64 << 10
    /// How long a copy may take. Microseconds.
    package var timeoutMicroseconds = 10_000_000

    package init() {}
}

/// Sends copies of a share of the requests to a second service, whose answers nobody gets: to see how it would do.
///
/// The original never waits for its copy. A copy is sent when the request's body is complete, which was kept while it went
/// by; it has the fields that the service got, and `Sluice-Mirror: 1`. Behind the cache: what the service does not see is
/// not mirrored either.
package final class MirrorService: ExchangeService {
    private let rules: MirrorRules
    private let inner: any ExchangeService
    private let shadow: any ExchangeService
    private let metrics: WorkerMetrics
    private let metricsIndex: Int
    /// Told what each copy came to, as no client's exchange is.
    private let account: (ExchangeRecord) -> Void
    private var generator = BalanceGenerator(seed: .random(in: .min ... .max))
    private var underWay = 0

    package init(
        _ rules: MirrorRules, inner: any ExchangeService, shadow: any ExchangeService, metrics: WorkerMetrics,
        metricsIndex: Int, account: @escaping (ExchangeRecord) -> Void
    ) {
        self.rules = rules
        self.inner = inner
        self.shadow = shadow
        self.metrics = metrics
        self.metricsIndex = metricsIndex
        self.account = account
    }

    package func serve(_ exchange: Exchange) {
        guard rules.sample.takes(ticket: generator.next()), exchange.tunnel == nil else { return inner.serve(exchange) }
        guard underWay < rules.maximumConcurrent, fits(exchange.request.body) else {
            count(.mirrorDropped)
            return inner.serve(exchange)
        }
        underWay += 1
        let copy = MirrorCopy(of: exchange, bound: rules.maximumBody) { [self] copy in
            if let copy { send(copy) } else { leaveOut() }
        }
        let hasBody = exchange.request.body != .none
        if hasBody {
            exchange.bodyObserver = copy
            exchange.hold(copy, token: 0)
        }
        // The original goes first.
        inner.serve(exchange)
        if !hasBody { copy.complete() }
    }

    private func fits(_ body: BodyLength) -> Bool {
        if case .exactly(let length) = body { length <= rules.maximumBody } else { true }
    }

    private func send(_ copy: MirrorCopy) {
        let request = MirroredRequest { [self] record in
            underWay -= 1
            count(record.status == 0 ? .mirrorFailed : .mirrored)
            account(record)
        }
        request.send(copy, to: shadow, within: rules.timeoutMicroseconds)
    }

    private func leaveOut() {
        underWay -= 1
        count(.mirrorDropped)
    }

    private func count(_ outcome: TrafficOutcome) { metrics.values.routes[metricsIndex].traffic[outcome] += 1 }
}

/// A request as it is sent to the service, with as much of its body as has gone by.
final class MirrorCopy: BodyObserver, ExchangeHolder {
    /// As HTTP/1.1 text, without the body's length and the blank line.
    private(set) var head: [UInt8]
    let client: ClientFacts
    private(set) var body = ByteBuffer()
    private let bound: Int
    private var done: ((MirrorCopy?) -> Void)?

    /// - Parameter done: called once: with the copy when it is complete, or with nil if it won't be.
    init(of exchange: Exchange, bound: Int, done: @escaping (MirrorCopy?) -> Void) {
        head = Self.head(of: exchange.request)
        client = ClientFacts(exchange)
        self.bound = bound
        self.done = done
    }

    /// Of an exchange that nobody ends, because it is a part of another.
    deinit { done?(nil) }

    func complete() { conclude(self) }

    func bodyContinued(_ bytes: ByteBuffer, isEnd: Bool) {
        guard done != nil else { return }
        guard body.readableBytes + bytes.readableBytes <= bound else { return conclude(nil) }
        body.writeImmutableBuffer(bytes)
        if isEnd { conclude(self) }
    }

    /// A body that the original never sent to its end has no copy.
    func exchangeEnded(token: Int) { conclude(nil) }

    private func conclude(_ copy: MirrorCopy?) {
        let done = self.done
        self.done = nil
        if copy == nil { body = ByteBuffer() }
        done?(copy)
    }

    private static func head(of request: RequestHead) -> [UInt8] {
        var head = Array(request.forwardedMethod)
        head += " ".utf8
        head += request.forwardedTarget
        head += " HTTP/1.1\r\n".utf8
        request.appendFields(to: &head) { index in
            let kind = request.fields.slots[index].kind
            return !kind.isAboutFraming && kind != .expect
        }
        return head
    }
}

import Configuration
import Credentials
import GatewayCore
import HTTPWire
import NIOCore
import Telemetry
import Transport

/// The admin listener: `/healthz`, `/readyz`, `/metrics` and the API under `/api`. It is served by the same transport as everything else, on a worker
/// of its own, so it has the same bounds.
final class AdminEntry: ExchangeEntry {
    private let node: NodeView
    private let token: Secret?
    private let worker: Worker

    init(node: NodeView, token: Secret?, worker: Worker) {
        self.node = node
        self.token = token
        self.worker = worker
    }

    func connected(_ peer: Peer) {}
    func disconnected(_ peer: Peer) {}
    func refused(_ fault: HeadFault, on exchange: Exchange) {}
    func finish(_ exchange: Exchange) {}

    func arrive(_ exchange: Exchange) {
        let request = exchange.request
        if request.path.equals("/api/cache/purge") { return purge(exchange) }
        guard request.method.equals("GET") || request.isHEAD else {
            return exchange.answer(.methodNotAllowed(allow: "GET, HEAD"))
        }
        // Health is open to all who can reach the listener: load balancers carry no token.
        if request.path.equals("/healthz") { return exchange.answer(Self.json(200, #"{"status":"alive"}"#)) }
        if request.path.equals("/readyz") { return answer(exchange) { await $0.readiness() } }
        guard isAuthorized(request) else { return exchange.answer(Self.unauthorized) }
        if request.path.equals("/metrics") { return answer(exchange) { await $0.metrics() } }
        if request.path.equals("/api/cache") { return answer(exchange) { await $0.cache() } }
        exchange.answer(Self.notFound)
    }

    private func purge(_ exchange: Exchange) {
        guard exchange.request.method.equals("POST") else { return exchange.answer(.methodNotAllowed(allow: "POST")) }
        guard isAuthorized(exchange.request) else { return exchange.answer(Self.unauthorized) }
        guard exchange.request.body != .none else { return answer(exchange) { await $0.purge([]) } }
        exchange.downstream.attach(
            BodyCollector { [self] body in answer(exchange) { await $0.purge(body) } })
    }

    /// Answers once `make` has, which may have asked all workers.
    private func answer(_ exchange: Exchange, with make: @escaping @Sendable (NodeView) async -> Reply) {
        let plan = RoutePlan(
            name: "admin", metricsIndex: NameIndex.none,
            filters: [DeferredReply(node: node, worker: worker, make: make)],
            service: Unanswered())
        exchange.follow(plan)
    }

    private func isAuthorized(_ request: RequestHead) -> Bool {
        guard let token else { return true }
        guard let value = request.fields.first(.authorization), value.count > 7,
            value.slice(0, 7).equalsIgnoringCase("bearer ")
        else { return false }
        return token.bytes.withUnsafeBytes {
            constantTimeEquals($0, UnsafeRawBufferPointer(value.slice(7, value.count - 7)))
        }
    }

    static func json(_ status: Int, _ text: String) -> Reply {
        Reply(
            status: status, contentType: "application/json", content: Array((text + "\n").utf8),
            lines: "Cache-Control: no-store\r\n")
    }

    private static let notFound = Reply(
        status: 404, kind: "no-such-page", title: "Not found",
        detail: "The admin listener serves /healthz, /readyz, /metrics, /api/cache and /api/cache/purge.")
    private static let unauthorized = Reply(
        status: 401, kind: "unauthorized", title: "Unauthorized",
        detail: "Send the admin token: Authorization: Bearer <admin.token of the configuration>.",
        lines: "WWW-Authenticate: Bearer\r\n")
}

/// Waits for a reply that is made elsewhere.
private final class DeferredReply: RequestFilter {
    let phase = Phase.arrive
    private let node: NodeView
    private let worker: Worker
    private let make: @Sendable (NodeView) async -> Reply

    init(node: NodeView, worker: Worker, make: @escaping @Sendable (NodeView) async -> Reply) {
        self.node = node
        self.worker = worker
        self.make = make
    }

    func apply(_ exchange: Exchange) -> Verdict {
        let waiting = NIOLoopBound(exchange, eventLoop: worker.loop)
        let loop = worker.loop
        Task { [node, make] in
            let reply = await make(node)
            loop.execute { waiting.value.resume(with: .reply(reply)) }
        }
        return .wait
    }
}

/// The end of a plan whose filter always answers.
private final class Unanswered: ExchangeService {
    func serve(_ exchange: Exchange) { exchange.answer(.notFound) }
}

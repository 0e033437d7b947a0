import Configuration
import GatewayCore
import HTTPWire
import NIOCore
import Telemetry
import Transport

/// The admin listener: health, metrics, the API under `/api` and the dashboard. It is served by the same transport as
/// everything else, on a worker of its own, so it has the same bounds.
final class AdminEntry: ExchangeEntry {
    private let node: NodeView
    private let access: AdminAccess
    private let worker: Worker
    private let router = AdminRouter(AdminOperation.all)

    init(node: NodeView, token: Secret?, worker: Worker) {
        self.node = node
        access = AdminAccess(token: token)
        self.worker = worker
    }

    func connected(_ peer: Peer) {}
    func disconnected(_ peer: Peer) {}
    func refused(_ fault: HeadFault, on exchange: Exchange) {}
    func finish(_ exchange: Exchange) {}

    func arrive(_ exchange: Exchange) {
        let request = exchange.request
        switch router.match(method: request.method.text, path: request.path.text) {
        case .nothing: exchange.answer(Self.notFound)
        case .otherMethods(let methods):
            exchange.answer(.methodNotAllowed(allow: methods.joined(separator: ", ")))
        case .operation(let operation, let parameters):
            if let refusal = access.refusal(of: request, to: operation) { return exchange.answer(refusal) }
            call(operation, parameters, exchange)
        }
    }

    private func call(_ operation: AdminOperation, _ parameters: [String: String], _ exchange: Exchange) {
        let head = exchange.request
        var request = AdminRequest(node: node, parameters: parameters, query: Self.query(head.query.text))
        request.accept = head.fields.first("accept")?.text ?? ""
        guard let body = operation.body, head.body != .none else { return answer(exchange, operation, request) }
        if case .exactly(let length) = head.body, length > body.mostBytes { return exchange.answer(.contentTooLarge) }
        exchange.bodyLimit = body.mostBytes
        exchange.downstream.attach(
            BodyCollector { [self, request] bytes in
                var request = request
                request.body = bytes
                answer(exchange, operation, request)
            })
    }

    /// Answers once the operation has, which may have asked all workers, or Redis.
    private func answer(_ exchange: Exchange, _ operation: AdminOperation, _ request: AdminRequest) {
        let plan = RoutePlan(
            name: "admin", metricsIndex: NameIndex.none,
            filters: [
                DeferredReply(worker: worker) {
                    do throws(AdminMistake) { return try await operation.run(request) } catch { return error.reply }
                }
            ],
            service: Unanswered())
        exchange.follow(plan)
    }

    private static func query(_ text: String) -> [String: String] {
        var parameters: [String: String] = [:]
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = decoded(parts[0]) else { continue }
            parameters[name] = parts.count == 2 ? decoded(parts[1]) : ""
        }
        return parameters
    }

    /// Nil where a percent sign stands for nothing.
    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(0x20)
            case UInt8(ascii: "%"):
                guard rest.count >= 2, let value = UInt8(String(rest.prefix(2)) ?? "", radix: 16) else { return nil }
                bytes.append(value)
                rest = rest.dropFirst(2)
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static let notFound = Reply(
        status: 404, kind: "no-such-page", title: "Not found",
        detail: "The admin listener serves /healthz, /readyz, /metrics and what /api/openapi.json describes.")
}

/// Waits for a reply that is made elsewhere.
private final class DeferredReply: RequestFilter {
    let phase = Phase.arrive
    private let worker: Worker
    private let make: @Sendable () async -> Reply

    init(worker: Worker, make: @escaping @Sendable () async -> Reply) {
        self.worker = worker
        self.make = make
    }

    func apply(_ exchange: Exchange) -> Verdict {
        let waiting = NIOLoopBound(exchange, eventLoop: worker.loop)
        let loop = worker.loop
        Task { [make] in
            let reply = await make()
            loop.execute { waiting.value.resume(with: .reply(reply)) }
        }
        return .wait
    }
}

/// The end of a plan whose filter always answers.
private final class Unanswered: ExchangeService {
    func serve(_ exchange: Exchange) { exchange.answer(.notFound) }
}

/// Takes in the whole body of a request to the admin API, which is bounded, and then goes on.
private final class BodyCollector: ResponseProducer {
    private var body: [UInt8] = []
    private let isComplete: ([UInt8]) -> Void

    /// - Parameter isComplete: called once, unless the client leaves before.
    init(_ isComplete: @escaping ([UInt8]) -> Void) { self.isComplete = isComplete }

    func receiveBody(_ bytes: ByteBuffer, isEnd: Bool, trailers: [UInt8]) {
        body.append(contentsOf: bytes.readableBytesView)
        if isEnd { isComplete(body) }
    }

    func clientLost() {}
    func clientWritabilityChanged(isWritable: Bool) {}
}

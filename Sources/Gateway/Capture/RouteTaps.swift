import Configuration
import GatewayCore
import HTTPWire
import NIOCore
import Telemetry

/// The captures in force, as one worker asks them. A worker without any has none of these.
final class RouteTaps {
    private let rules: [CaptureRule]
    private let captures: CaptureRules
    private let redaction: CredentialRedaction

    init(_ rules: [CaptureRule], _ captures: CaptureRules, _ configuration: GatewayConfiguration) {
        self.rules = rules
        self.captures = captures
        redaction = CredentialRedaction(configuration)
    }

    /// Has the exchange, which is about to take a route, captured if a rule is about it.
    func attach(to exchange: Exchange, on route: String) {
        for rule in rules where rule.terms.route == route && rule.isActive {
            guard !rule.isExpired(now: exchange.record.arrivedMicroseconds) else { continue }
            let method = exchange.request.method
            guard rule.terms.method.map({ method.elementsEqual($0.utf8) }) ?? true else { continue }
            exchange.tap = CaptureTap(exchange, rule, captures, redaction)
            return
        }
    }
}

/// Captures one exchange.
final class CaptureTap: ExchangeTap {
    private let rule: CaptureRule
    private let captures: CaptureRules
    private let redaction: CredentialRedaction
    private let reserved: Int
    private var captured = CapturedExchange()
    private var isTunnel = false
    private var isOver = false

    /// Nil: the node has no room for another one.
    init?(_ exchange: Exchange, _ rule: CaptureRule, _ captures: CaptureRules, _ redaction: CredentialRedaction) {
        let request = exchange.request
        (self.rule, self.captures, self.redaction) = (rule, captures, redaction)
        captured.url = Self.url(of: request, redaction)
        if rule.terms.bodies.contains(.request), request.body != .none {
            captured.request.body = CapturedBody(limit: rule.terms.bytes)
        }
        if rule.terms.bodies.contains(.response), !request.isHEAD {
            captured.response.body = CapturedBody(limit: rule.terms.bytes)
        }
        let bodies = [captured.request.body, captured.response.body].compactMap { $0?.limit }.reduce(0, +)
        reserved = captured.size + 2 * CapturedMessage.mostFieldBytes + bodies
        guard captures.reserve(reserved, for: rule) else {
            // There is nothing for `deinit`, which runs now, to give back.
            isOver = true
            return nil
        }
        captured.wallMicroseconds = StructuredLog.wallClock()
        captured.method = request.method.text
        captured.isHTTP2 = exchange.peer.isHTTP2
        let fields = request.fields
        show((0..<fields.count).map { TappedField(fields.name($0), fields.value($0)) }, in: &captured.request)
    }

    deinit { if !isOver { captures.release(reserved) } }

    private static let mostURLBytes = 4096

    /// As the client has written it, without what is secret in its query.
    private static func url(of request: RequestHead, _ redaction: CredentialRedaction) -> String {
        let query = request.query.isEmpty ? "" : "?" + redaction.text(ofQuery: request.query)
        return String("\(request.host.text)\(request.clientPath.text)\(query)".prefix(mostURLBytes))
    }

    private func show(_ fields: [TappedField], in message: inout CapturedMessage) {
        message.add(fields) { redaction.value(of: $0.value, header: $0.name) }
    }

    // MARK: ExchangeTap

    func received(_ body: ByteBuffer) {
        guard rule.isActive, !isTunnel else { return }
        captured.request.body?.append(body)
    }

    func responded(status: Int, fields: [TappedField], for exchange: Exchange) {
        // What follows is no body, but another protocol without an end.
        isTunnel = status == 101
        guard rule.isActive else { return }
        show(fields, in: &captured.response)
    }

    func sent(_ body: ByteBuffer) {
        guard rule.isActive, !isTunnel else { return }
        captured.response.body?.append(body)
    }

    func sent(_ body: StoredBody) {
        guard rule.isActive, let room = captured.response.body?.room else { return }
        captured.response.body?.append(body.part(0..<min(room, body.count)).buffer, of: body.count)
    }

    func sent(trailers: [UInt8]) {
        guard rule.isActive, !trailers.isEmpty else { return }
        show(trailers.withUnsafeBufferPointer { TappedField.of(lines: $0) }, in: &captured.response)
    }

    func ended(_ exchange: Exchange, durationMicroseconds: Int, upstream: String) {
        guard !isOver else { return }
        isOver = true
        let record = exchange.record
        guard rule.terms.outcome.includes(status: record.status, hasFailed: record.failure != nil) else {
            return captures.release(reserved)
        }
        captured.id = String(exchange.requestID.bytes.text.prefix(128))
        captured.client = exchange.clientAddress.bytes.text
        captured.record = record
        captured.durationMicroseconds = durationMicroseconds
        captured.upstream = upstream
        captured.consumer = String((exchange.identity?.consumer ?? "").prefix(128))
        captured.trace = exchange.trace.map(\.id) ?? ""
        captures.keep(captured, of: rule, reserved: reserved)
    }
}

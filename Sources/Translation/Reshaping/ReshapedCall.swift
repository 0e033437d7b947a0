import Compression
import GatewayCore
import HTTPWire
import NIOCore
import Policies

/// One request whose body, or the body of its response, is changed: held until it is whole, then sent on. A body that is not
/// to be changed passes as it comes.
final class ReshapedCall: TranslatedCall {
    private enum Progress {
        /// The client's body is coming, to be changed.
        case gatheringRequest
        /// The client's body passes as it comes.
        case passingRequest
        /// The service's body is coming, to be changed; `head` is what is known of its head by now.
        case gatheringResponse(head: ResponseHead, text: ReshapedHead.Text)
        case passingResponse
    }

    private let service: ReshapingService
    private var progress = Progress.passingRequest
    private var body = ByteBuffer()
    /// The changed body, until it has been handed on, and what comes behind it.
    private var pending: ByteBuffer?
    private var pendingTrailers: [UInt8] = []
    private var isPaused = false

    init(_ exchange: Exchange, _ service: ReshapingService, inner: any ExchangeService) {
        self.service = service
        super.init(exchange, service: inner)
    }

    private var values: RequestValues { RequestValues(outer, service.names) }

    func start(changesRequest: Bool) {
        guard changesRequest, let request = service.request else {
            return ask(ReshapedHead.request(outer, body: .kept, changesResponse: service.response != nil))
        }
        if case .exactly(let length) = outer.request.body {
            guard length <= request.shaping.mostBytes else { return answer(.contentTooLarge) }
            body.reserveCapacity(length)
        }
        progress = .gatheringRequest
        if outer.request.expectsContinue { sendContinue() }
        outer.downstream.attach(self)
    }

    /// RFC 9110 §10.1.1: the service, which would have said it, is not asked before the body is here.
    private func sendContinue() {
        let head = ResponseHead()
        let text = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)
        _ = text.withUnsafeBufferPointer { head.parse($0, answersHEAD: false, limit: $0.count + 1) }
        outer.downstream.interim(head)
    }

    // MARK: The request

    override func received(_ bytes: ByteBuffer, isEnd: Bool, trailers: [UInt8]) {
        guard case .gatheringRequest = progress else { return forward(bytes, isEnd: isEnd, trailers: trailers) }
        guard let request = service.request else { return }
        guard body.readableBytes + bytes.readableBytes <= request.shaping.mostBytes else {
            return answer(.contentTooLarge)
        }
        outer.buffered(bytes.readableBytes)
        if body.readableBytes == 0, isEnd { body = bytes } else { body.writeImmutableBuffer(bytes) }
        guard isEnd else { return }
        if body.readableBytes > 0 { changeRequest(request, trailers) } else { passEmpty(trailers) }
    }

    /// Nothing is neither JSON nor to be changed.
    private func passEmpty(_ trailers: [UInt8]) { send(ByteBuffer(), trailers) { .whole(length: $0) } }

    private func changeRequest(_ request: BodyReshaping, _ trailers: [UInt8]) {
        let held = body.readableBytes
        do throws(ReshapingRefusal) {
            let changed = try changedBody(outer.request.fields, by: request)
            send(changed, ReshapedHead.trailers(trailers)) { .changed(length: $0, type: request.newContentType) }
        } catch {
            guard error.isPassed, request.shaping.passesInvalid else { return answer(error.requestReply) }
            send(body, trailers) { .whole(length: $0) }
        }
        body = ByteBuffer()
        outer.buffered(-held)
    }

    /// RFC 9112 §7.1.2: only a chunked body has trailers behind it.
    private func send(_ body: ByteBuffer, _ trailers: [UInt8], as form: (_ length: Int?) -> ReshapedHead.Body) {
        progress = .passingRequest
        (pending, pendingTrailers) = (body, trailers)
        let length = trailers.isEmpty ? body.readableBytes : nil
        ask(ReshapedHead.request(outer, body: form(length), changesResponse: service.response != nil))
    }

    override func attached() {
        if pending != nil { sendPending() } else { outer.downstream.attach(self) }
    }

    override func bodyPaused() {
        isPaused = true
        outer.downstream.pauseBody()
    }

    override func bodyResumed() {
        isPaused = false
        if pending != nil { sendPending() } else { outer.downstream.resumeBody() }
    }

    private func sendPending() {
        guard !isPaused, let body = pending, producer != nil else { return }
        pending = nil
        forward(body, isEnd: true, trailers: pendingTrailers)
    }

    // MARK: The response

    override func started(_ head: ResponseHead, _ bytes: ByteBuffer?, isComplete: Bool) {
        guard let response = service.response, service.changes(head) || head.status == 304, head.status != 204
        else {
            progress = .passingResponse
            return pass(head, body: bytes, isComplete: isComplete)
        }
        if outer.request.isHEAD || head.status == 304 {
            progress = .passingResponse
            return respond(ReshapedHead.response(head, type: nil).bodiless, body: nil, isComplete: isComplete)
        }
        if case .exactly(let length) = head.body {
            guard length <= response.shaping.mostBytes else { return answer(Self.tooLong) }
            body.reserveCapacity(length)
        }
        // The service's head is used again as soon as this call returns.
        let text = ReshapedHead.response(head, type: response.newContentType)
        progress = .gatheringResponse(head: head.copy(), text: text)
        if let bytes { continued(bytes) }
        if isComplete, !isEnded { completed(trailers: []) }
    }

    override func continued(_ bytes: ByteBuffer) {
        guard case .gatheringResponse = progress, let response = service.response else {
            return outer.downstream.write(bytes)
        }
        guard body.readableBytes + bytes.readableBytes <= response.shaping.mostBytes else {
            return answer(Self.tooLong)
        }
        outer.buffered(bytes.readableBytes)
        if body.readableBytes == 0, body.capacity == 0 { body = bytes } else { body.writeImmutableBuffer(bytes) }
    }

    override func completed(trailers: [UInt8]) {
        guard case .gatheringResponse(let head, let text) = progress, let response = service.response else {
            return conclude(trailers: trailers)
        }
        progress = .passingResponse
        let held = body.readableBytes
        do throws(ReshapingRefusal) {
            // Nothing is neither JSON nor to be changed.
            guard held > 0 else { return finish(text.kept, body, trailers) }
            let changed = try changedBody(head.fields, by: response)
            finish(text.changed, changed, ReshapedHead.trailers(trailers))
        } catch {
            guard error.isPassed, response.shaping.passesInvalid else { return answer(error.responseReply) }
            finish(text.kept, body, trailers)
        }
        body = ByteBuffer()
        outer.buffered(-held)
    }

    private func finish(_ head: (_ length: Int?) -> [UInt8], _ body: ByteBuffer, _ trailers: [UInt8]) {
        guard !trailers.isEmpty else {
            let body = body.readableBytes > 0 ? body : nil
            return respond(head(body?.readableBytes ?? 0), body: body, isComplete: true)
        }
        respond(head(nil), body: body, isComplete: false)
        conclude(trailers: trailers)
    }

    private static let tooLong = Reply.badGateway("The service's answer is longer than this route can change.")

    // MARK: The bodies themselves

    /// What becomes of the body. It is let go before the new one is copied into a buffer, so that there are no three of them.
    private func changedBody(
        _ fields: FieldSection, by reshaping: BodyReshaping
    ) throws(ReshapingRefusal) -> ByteBuffer {
        let changed = try changedBytes(fields, by: reshaping)
        body = ByteBuffer()
        return ByteBuffer(bytes: changed)
    }

    private func changedBytes(
        _ fields: FieldSection, by reshaping: BodyReshaping
    ) throws(ReshapingRefusal) -> [UInt8] {
        let plain = try decoded(body, fields, atMost: reshaping.shaping.mostBytes)
        return try plain.withUnsafeReadableBytes { bytes throws(ReshapingRefusal) in
            do throws(BodyReshaping.Fault) {
                return try reshaping.apply(bytes.bindMemory(to: UInt8.self), values)
            } catch {
                throw .malformed(error.reason)
            }
        }
    }

    private func decoded(
        _ body: ByteBuffer, _ fields: FieldSection, atMost limit: Int
    ) throws(ReshapingRefusal) -> ByteBuffer {
        guard let name = fields.first("content-encoding"), !name.equalsIgnoringCase("identity") else { return body }
        guard let coding = ContentCoding(name: name) else { throw .unknownCoding(name.text) }
        let outcome = body.withUnsafeReadableBytes { bytes in
            Result { () throws(DecodingFailure) in
                try Decoding.decode(bytes.bindMemory(to: UInt8.self), coding, atMost: limit)
            }
        }
        switch outcome {
        case .success(let plain): return ByteBuffer(bytes: plain)
        case .failure(.malformed): throw .malformed("is not \(coding.rawValue) as its Content-Encoding says")
        case .failure(.tooLong): throw .tooLong
        }
    }
}

/// Why a body is not changed.
enum ReshapingRefusal: Error {
    /// A clause about the body.
    case malformed(String)
    case unknownCoding(String)
    case tooLong

    /// `invalid: pass` lets it pass.
    var isPassed: Bool { if case .malformed = self { true } else { false } }

    var requestReply: Reply {
        switch self {
        case .malformed(let reason):
            Reply(
                status: 400, kind: "invalid-body", title: "Bad Request",
                detail: "The request's body \(reason).")
        case .unknownCoding:
            Reply(
                status: 415, kind: "unsupported-coding", title: "Unsupported Media Type",
                detail: "The request's Content-Encoding is not understood here.",
                lines: "Accept-Encoding: gzip, br, zstd, deflate\r\n")
        case .tooLong: .contentTooLarge
        }
    }

    var responseReply: Reply {
        switch self {
        case .malformed(let reason): .badGateway("The service's answer \(reason).")
        case .unknownCoding: .badGateway("The service's answer has a Content-Encoding that is not understood here.")
        case .tooLong: .badGateway("The service's answer is longer than this route can change.")
        }
    }
}

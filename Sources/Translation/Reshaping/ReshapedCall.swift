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
    private var body = GatheredBody()
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
            body = GatheredBody(expecting: length)
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
        guard body.count + bytes.readableBytes <= request.shaping.mostBytes else {
            return answer(.contentTooLarge)
        }
        outer.buffered(bytes.readableBytes)
        body.append(bytes, isEnd: isEnd)
        guard isEnd else { return }
        if body.count > 0 { changeRequest(request, trailers) } else { passEmpty(trailers) }
    }

    /// Nothing is neither JSON nor to be changed.
    private func passEmpty(_ trailers: [UInt8]) { send(ByteBuffer(), trailers) { .whole(length: $0) } }

    private func changeRequest(_ request: BodyReshaping, _ trailers: [UInt8]) {
        do throws(ReshapingRefusal) {
            let changed = try changedBytes(outer.request.fields, by: request)
            letGo()
            send(ByteBuffer(bytes: changed), ReshapedHead.trailers(trailers)) {
                .changed(length: $0, type: request.newContentType)
            }
        } catch {
            guard error.isPassed, request.shaping.passesInvalid else { return answer(error.requestReply) }
            let whole = body.buffer
            letGo()
            send(whole, trailers) { .whole(length: $0) }
        }
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
            body = GatheredBody(expecting: length)
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
        guard body.count + bytes.readableBytes <= response.shaping.mostBytes else {
            return answer(Self.tooLong)
        }
        outer.buffered(bytes.readableBytes)
        body.append(bytes, isEnd: false)
    }

    override func completed(trailers: [UInt8]) {
        guard case .gatheringResponse(let head, let text) = progress, let response = service.response else {
            return conclude(trailers: trailers)
        }
        progress = .passingResponse
        do throws(ReshapingRefusal) {
            // Nothing is neither JSON nor to be changed.
            guard body.count > 0 else { return finish(text.kept, [], trailers) }
            let changed = try changedBytes(head.fields, by: response)
            letGo()
            finish(text.changed, Self.pieces(of: changed), ReshapedHead.trailers(trailers))
        } catch {
            guard error.isPassed, response.shaping.passesInvalid else { return answer(error.responseReply) }
            let whole = body.buffer
            letGo()
            finish(text.kept, [whole], trailers)
        }
    }

    private func finish(_ head: (_ length: Int?) -> [UInt8], _ pieces: [ByteBuffer], _ trailers: [UInt8]) {
        let length = pieces.reduce(0) { $0 + $1.readableBytes }
        guard pieces.count > 1 || !trailers.isEmpty else {
            return respond(head(length), body: pieces.first, isComplete: true)
        }
        respond(head(trailers.isEmpty ? length : nil), body: pieces.first, isComplete: false)
        for piece in pieces.dropFirst() where !isEnded { outer.downstream.write(piece) }
        conclude(trailers: trailers)
    }

    /// A large body is let go piece by piece while a slow client takes it.
    private static func pieces(of bytes: [UInt8]) -> [ByteBuffer] {
        guard bytes.count > pieceBytes else { return [ByteBuffer(bytes: bytes)] }
        return stride(from: 0, to: bytes.count, by: pieceBytes).map { start in
            ByteBuffer(bytes: bytes[start..<min(start + pieceBytes, bytes.count)])
        }
    }

    private static let pieceBytes = 256 << 10

    private static let tooLong = Reply.badGateway("The service's answer is longer than this route can change.")

    // MARK: The bodies themselves

    /// What was gathered is needed no more. Before anything is handed on: that may end the exchange, which gives back the rest.
    private func letGo() {
        outer.buffered(-body.count)
        body = GatheredBody()
    }

    private func changedBytes(
        _ fields: FieldSection, by reshaping: BodyReshaping
    ) throws(ReshapingRefusal) -> [UInt8] {
        let coding = try Self.coding(fields)
        return try body.withBytes { bytes throws(ReshapingRefusal) in
            guard let coding else { return try apply(reshaping, to: bytes) }
            let plain = try Self.decoded(bytes, coding, atMost: reshaping.shaping.mostBytes)
            return try plain.withUnsafeBufferPointer { bytes throws(ReshapingRefusal) in try apply(reshaping, to: bytes)
            }
        }
    }

    private func apply(_ reshaping: BodyReshaping, to bytes: Bytes) throws(ReshapingRefusal) -> [UInt8] {
        do throws(BodyReshaping.Fault) {
            return try reshaping.apply(bytes, values)
        } catch {
            throw .malformed(error.reason)
        }
    }
}

/// Content codings: bodies are decoded to be changed.
extension ReshapedCall {
    /// Nil: the body is as it is.
    private static func coding(_ fields: FieldSection) throws(ReshapingRefusal) -> ContentCoding? {
        guard let name = fields.first("content-encoding"), !name.equalsIgnoringCase("identity") else { return nil }
        // Several fields are one list (RFC 9110 §5.3), and a body that is coded twice is decoded by nobody.
        let isCodedOnce = (0..<fields.count).count { fields.name($0).equalsIgnoringCase("content-encoding") } == 1
        guard let coding = ContentCoding(name: name), isCodedOnce else { throw .unknownCoding(name.text) }
        return coding
    }

    private static func decoded(
        _ bytes: Bytes, _ coding: ContentCoding, atMost limit: Int
    ) throws(ReshapingRefusal) -> [UInt8] {
        do throws(DecodingFailure) {
            return try Decoding.decode(bytes, coding, atMost: limit)
        } catch {
            switch error {
            case .malformed: throw .malformed("is not \(coding.rawValue) as its Content-Encoding says")
            case .tooLong: throw .tooLong
            }
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

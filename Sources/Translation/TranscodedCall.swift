import GatewayCore
import HTTPWire
import NIOCore
import Transcoding

/// One JSON request as a gRPC call: its body is gathered (a message has to be whole), the answer is printed message by
/// message.
final class TranscodedCall: TranslatedCall {
    private enum Progress {
        /// The client's body is coming.
        case gathering
        /// The service has not begun to answer.
        case asked
        /// Messages of the answer are coming; `head` is what the service began with.
        case answering(ResponseHead)
        /// A stream whose head has been sent.
        case streaming
    }

    private let method: TranscodedMethod
    private let captures: [PathTemplate.Capture]
    private let json: RouteTranslation.JSON
    private var progress = Progress.gathering
    private var body: [UInt8] = []
    private var message = ByteBuffer()
    private var isMessageSent = false
    private var isPaused = false
    private var decoder = GRPCFrameDecoder(maximumBytes: TranscodingOptions().maximumMessageBytes)
    /// Of a unary answer.
    private var answer: [UInt8]?

    init(
        _ exchange: Exchange, _ method: TranscodedMethod, _ captures: [PathTemplate.Capture],
        _ json: RouteTranslation.JSON, service: any ExchangeService
    ) {
        self.method = method
        self.captures = captures
        self.json = json
        super.init(exchange, service: service)
    }

    func start() {
        outer.downstream.attach(self)
        if outer.request.body == .none { call() }
    }

    // MARK: The request

    override func received(_ bytes: ByteBuffer, isEnd: Bool, trailers: [UInt8]) {
        guard case .gathering = progress else { return }
        guard body.count + bytes.readableBytes <= TranscodingOptions().maximumMessageBytes else {
            return answer(.contentTooLarge)
        }
        body += bytes.readableBytesView
        outer.buffered(bytes.readableBytes)
        if isEnd { call() }
    }

    private func call() {
        progress = .asked
        do throws(TranscodingFailure) {
            let request = try method.request(captures: captures, query: outer.request.query, body: body)
            message = ByteBuffer(bytes: GRPCFrame(content: request).bytes)
        } catch {
            return answer(Self.reply(to: error))
        }
        body = []
        let head = method.path.utf8.withContiguousStorageIfAvailable {
            TranslatedHead.request(outer.request, path: $0, length: message.readableBytes)
        }
        ask(head ?? [])
    }

    override func attached() { sendMessage() }
    override func bodyPaused() { isPaused = true }

    override func bodyResumed() {
        isPaused = false
        sendMessage()
    }

    private func sendMessage() {
        guard !isPaused, !isMessageSent, producer != nil else { return }
        isMessageSent = true
        forward(message, isEnd: true)
        message = ByteBuffer()
    }

    // MARK: The answer

    override func started(_ head: ResponseHead, _ body: ByteBuffer?, isComplete: Bool) {
        guard head.status == 200, Reply.isGRPC(head.fields) else {
            return fail(CallOutcome(httpStatus: head.status == 200 ? 502 : head.status))
        }
        if isComplete { return conclude(CallOutcome(head.fields), head) }
        // The service's head is reused as soon as this call returns.
        progress = .answering(head.copy())
        if let body { continued(body) }
    }

    override func continued(_ bytes: ByteBuffer) {
        var bytes = ArraySlice(bytes.readableBytesView)
        do {
            while !isEnded, let frame = try decoder.next(&bytes) { try take(frame) }
        } catch let failure as TranscodingFailure {
            breakOff(Self.reply(to: failure), message: failure.description)
        } catch {
            breakOff(Self.malformed, message: "the service's message is too long, or malformed")
        }
    }

    private func take(_ frame: GRPCFrame) throws {
        guard frame.flags == 0 else { return breakOff(Self.malformed, message: "the service compressed its message") }
        let text = try method.response(frame.content[...])
        guard method.isServerStreaming else {
            guard answer == nil else { return breakOff(Self.malformed, message: "the service sent two messages") }
            answer = text
            return
        }
        let piece = ByteBuffer(bytes: json.stream.message(text))
        if case .answering(let head) = progress { begin(head) }
        if !outer.request.isHEAD { outer.downstream.write(piece) }
    }

    private func begin(_ head: ResponseHead) {
        progress = .streaming
        respond(
            TranslatedHead.response(head, contentType: json.stream.contentType, length: nil, keepsStatus: false),
            body: nil, isComplete: false)
    }

    override func completed(trailers: [UInt8]) {
        guard decoder.isBetweenFrames else {
            return breakOff(Self.malformed, message: "the service's last message is cut off")
        }
        conclude(CallOutcome(trailers: trailers), nil)
    }

    /// - Parameter only: the head of a response that had nothing else.
    private func conclude(_ outcome: CallOutcome?, _ only: ResponseHead?) {
        guard let outcome else {
            return breakOff(Self.malformed, message: "the service did not say how the call ended")
        }
        guard outcome.status == .ok else { return fail(outcome) }
        if case .streaming = progress { return end() }
        guard let head = only ?? answeringHead else { return }
        if method.isServerStreaming {
            begin(head)
            return end()
        }
        guard let answer else { return breakOff(Self.malformed, message: "the service sent no message") }
        let body = outer.request.isHEAD ? nil : ByteBuffer(bytes: answer)
        respond(
            TranslatedHead.response(head, contentType: "application/json", length: answer.count, keepsStatus: false),
            body: body, isComplete: true)
    }

    private var answeringHead: ResponseHead? {
        if case .answering(let head) = progress { head } else { nil }
    }

    // MARK: Failures

    private func fail(_ outcome: CallOutcome) {
        let problem = GRPCProblem(
            status: outcome.status, message: outcome.message, detailsField: outcome.details, in: json.set)
        breakOff(Self.reply(to: problem), problem.object)
    }

    private func breakOff(_ reply: Reply, message: String) {
        let problem = GRPCProblem(status: .internal, message: message.utf8, detailsField: nil, in: json.set)
        breakOff(reply, problem.object)
    }

    /// Before the head is sent a failure is a reply; behind it only the stream can tell.
    private func breakOff(_ reply: Reply, _ object: [UInt8]) {
        guard case .streaming = progress else { return answer(reply) }
        if !outer.request.isHEAD { outer.downstream.write(ByteBuffer(bytes: json.stream.failure(object))) }
        let producer = self.producer
        end()
        producer?.clientLost()
    }

    private static func reply(to problem: GRPCProblem) -> Reply {
        let status = problem.status.httpStatus
        return Reply(
            status: status, kind: "grpc-" + problem.status.kind, title: StatusReason.of(status),
            members: problem.members)
    }

    private static func reply(to failure: TranscodingFailure) -> Reply {
        switch failure.side {
        case .request:
            Reply(status: 400, kind: "invalid-message", title: "Bad Request", detail: failure.description)
        case .response:
            .badGateway("The service's answer can't be given as JSON: \(failure.description).")
        }
    }

    private static let malformed = Reply.badGateway("The service's answer is no proper answer of gRPC.")
}

extension GRPCStatus {
    /// As the last part of a problem's type: `not-found`.
    fileprivate var kind: String {
        String(name.lowercased().map { $0 == "_" ? "-" : $0 })
    }
}

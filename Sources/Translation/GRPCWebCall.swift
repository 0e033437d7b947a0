import GatewayCore
import HTTPWire
import NIOCore
import Transcoding

/// One gRPC-Web request as a gRPC call: the same messages, in base64 for browsers that can't read binary streams, with
/// the trailers as a last frame of the body (gRPC-Web protocol, "Protocol differences vs gRPC over HTTP2").
final class GRPCWebCall: TranslatedCall {
    enum Form {
        case binary, text

        /// `application/grpc-web`, `application/grpc-web-text`, each maybe with `+proto` or parameters.
        init?(contentType type: Bytes) {
            let end = type.firstIndex { $0 == UInt8(ascii: ";") || $0 == UInt8(ascii: "+") } ?? type.count
            let name = type.slice(0, end).trimmed
            if name.equalsIgnoringCase("application/grpc-web") {
                self = .binary
            } else if name.equalsIgnoringCase("application/grpc-web-text") {
                self = .text
            } else {
                return nil
            }
        }

        var contentType: String {
            switch self {
            case .binary: "application/grpc-web+proto"
            case .text: "application/grpc-web-text+proto"
            }
        }
    }

    private let form: Form
    private var decoder = GRPCWebTextDecoder()
    private var encoder = GRPCWebTextEncoder()

    init(_ exchange: Exchange, _ form: Form, service: any ExchangeService) {
        self.form = form
        super.init(exchange, service: service)
    }

    func start() {
        let request = outer.request
        if let field = request.fields.first("grpc-timeout"), let limit = GRPCTimeout.parse(field) {
            let (seconds, attoseconds) = limit.components
            outer.timeLimitMicroseconds = max(Int(seconds) * 1_000_000 + Int(attoseconds / 1_000_000_000_000), 1)
        }
        var length: Int?
        if form == .binary, case .exactly(let count) = request.body { length = count }
        if request.body == .none { length = 0 }
        ask(TranslatedHead.request(request, path: request.forwardedTarget, length: length))
    }

    // MARK: The request

    override func attached() { outer.downstream.attach(self) }
    override func bodyPaused() { outer.downstream.pauseBody() }
    override func bodyResumed() { outer.downstream.resumeBody() }

    override func received(_ bytes: ByteBuffer, isEnd: Bool, trailers: [UInt8]) {
        guard form == .text else { return forward(bytes, isEnd: isEnd) }
        guard let decoded = decoder.decode(bytes.readableBytesView), !isEnd || decoder.isComplete else {
            return answer(.badRequest("The body is not the base64 that application/grpc-web-text asks for."))
        }
        forward(ByteBuffer(bytes: decoded), isEnd: isEnd)
    }

    // MARK: The answer

    override func started(_ head: ResponseHead, _ body: ByteBuffer?, isComplete: Bool) {
        guard head.status == 200, Reply.isGRPC(head.fields) else {
            return answer(.badGateway("The service answered with HTTP status \(head.status) and not by gRPC."))
        }
        respond(
            TranslatedHead.response(
                head, contentType: form.contentType, length: isComplete ? 0 : nil, keepsStatus: true),
            body: nil, isComplete: isComplete)
        if let body { continued(body) }
    }

    override func continued(_ body: ByteBuffer) {
        guard form == .text else { return outer.downstream.write(body) }
        write(encoder.encode(body.readableBytesView) + encoder.flush())
    }

    override func completed(trailers: [UInt8]) {
        let fields = GRPCWebTrailers.parse(trailers) ?? []
        let frame = GRPCWebTrailers.frame(fields).bytes
        write(form == .text ? encoder.encode(frame) + encoder.flush() : frame)
        end()
    }

    private func write(_ bytes: [UInt8]) {
        if !bytes.isEmpty { outer.downstream.write(ByteBuffer(bytes: bytes)) }
    }
}

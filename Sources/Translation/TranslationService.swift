import GatewayCore
import HTTPWire
import Transcoding

/// Stands in front of a gRPC service: lets gRPC pass as it is, and translates for clients that speak gRPC-Web or JSON.
package final class TranslationService: ExchangeService {
    private let translation: RouteTranslation
    private let inner: any ExchangeService

    package init(_ translation: RouteTranslation, inner: any ExchangeService) {
        self.translation = translation
        self.inner = inner
    }

    package func serve(_ exchange: Exchange) {
        let type = exchange.request.fields.first("content-type")
        if let type, type.count >= 16, type.slice(0, 16).equalsIgnoringCase("application/grpc") {
            if translation.understandsGRPCWeb, let form = GRPCWebCall.Form(contentType: type) {
                return GRPCWebCall(exchange, form, service: inner).start()
            }
            return inner.serve(exchange)
        }
        guard let json = translation.json else { return inner.serve(exchange) }
        switch json.find(exchange.request) {
        case .nothing: exchange.answer(.notFound)
        case .wrongMethod(let allowed): exchange.answer(.methodNotAllowed(allow: allowed.joined(separator: ", ")))
        case .method(let method, let captures):
            if let refusal = Self.refusal(exchange.request, type) { return exchange.answer(refusal) }
            TranscodedCall(exchange, method, captures, json, service: inner).start()
        }
    }

    /// Bodies other than JSON are not guessed at.
    private static func refusal(_ request: RequestHead, _ type: Bytes?) -> Reply? {
        guard request.body != .none else { return nil }
        if let coding = request.fields.first("content-encoding"), !coding.equalsIgnoringCase("identity") {
            return notJSON
        }
        guard let type else { return nil }
        let end = type.firstIndex(of: UInt8(ascii: ";")) ?? type.count
        let name = type.slice(0, end).trimmed
        if name.equalsIgnoringCase("application/json") { return nil }
        return name.count > 5 && name.slice(name.count - 5, 5).equalsIgnoringCase("+json") ? nil : notJSON
    }

    private static let notJSON = Reply(
        status: 415, kind: "unsupported-media-type", title: "Unsupported media type",
        detail: "This route takes JSON (application/json), without a content coding.",
        lines: "Accept: application/json\r\n")
}

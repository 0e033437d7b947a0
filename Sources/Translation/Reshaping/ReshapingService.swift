import GatewayCore
import HTTPWire
import JSON
import Markup
import Policies

/// Changes bodies between a client and the inner service: JSON by steps, forms and XML into JSON, JSON into XML.
///
/// Services of this kind may stand one behind the other; each has an exchange of its own towards the next. Requests and
/// responses that are not what it changes pass as streams.
package final class ReshapingService: ExchangeService {
    let request: BodyReshaping?
    let response: BodyReshaping?
    let names: ShapingNames
    private let statuses: ResponseShaping
    private let inner: any ExchangeService

    /// - Parameters:
    ///   - request, response: whose bodies are changed; what they say about heads is for filters.
    package init(
        request: RequestShaping, response: ResponseShaping, _ names: ShapingNames, inner: any ExchangeService
    ) {
        self.request = request.body.isEmpty ? nil : BodyReshaping(request.body)
        self.response = response.body.isEmpty ? nil : BodyReshaping(response.body)
        self.names = names
        statuses = response
        self.inner = inner
    }

    /// `inner` itself, if no body is changed.
    package static func wrap(
        _ inner: any ExchangeService, request: RequestShaping, response: ResponseShaping, _ names: ShapingNames
    ) -> any ExchangeService {
        guard !request.body.isEmpty || !response.body.isEmpty else { return inner }
        return ReshapingService(request: request, response: response, names, inner: inner)
    }

    package func serve(_ exchange: Exchange) {
        guard exchange.tunnel == nil, !Reply.isGRPC(exchange.request.fields) else { return inner.serve(exchange) }
        let changesRequest = request?.covers(exchange.request) ?? false
        guard changesRequest || response != nil else { return inner.serve(exchange) }
        ReshapedCall(exchange, self, inner: inner).start(changesRequest: changesRequest)
    }

    func changes(_ head: ResponseHead) -> Bool {
        guard let response, statuses.covers(status: head.status) else { return false }
        return response.covers(head.fields)
    }
}

/// How one body is changed.
struct BodyReshaping {
    let shaping: BodyShaping
    private let reshaping: JSONReshaping

    init(_ shaping: BodyShaping) {
        self.shaping = shaping
        reshaping = JSONReshaping(shaping.steps, mostBytes: shaping.mostBytes * 2 + (64 << 10))
    }

    func covers(_ request: RequestHead) -> Bool { request.body != .none && covers(request.fields) }

    func covers(_ fields: FieldSection) -> Bool {
        guard let type = fields.first("content-type") else { return false }
        let name = type.slice(0, type.firstIndex(of: UInt8(ascii: ";")) ?? type.count).trimmed
        switch shaping.from {
        case .json: return name.equalsIgnoringCase("application/json") || Self.hasSuffix(name, "+json")
        case .form: return name.equalsIgnoringCase("application/x-www-form-urlencoded")
        case .xml:
            return name.equalsIgnoringCase("application/xml") || name.equalsIgnoringCase("text/xml")
                || Self.hasSuffix(name, "+xml")
        }
    }

    private static func hasSuffix(_ name: Bytes, _ suffix: StaticString) -> Bool {
        let length = suffix.utf8CodeUnitCount
        return name.count > length && name.slice(name.count - length, length).equalsIgnoringCase(suffix)
    }

    /// What the body becomes, if that is another type.
    var newContentType: String? {
        guard shaping.from != shaping.to else { return nil }
        return shaping.to == .xml ? "application/xml; charset=utf-8" : "application/json"
    }

    /// What is wrong with a body, as a clause about it.
    struct Fault: Error {
        let reason: String
    }

    func apply(_ body: Bytes, _ values: RequestValues) throws(Fault) -> [UInt8] {
        var output: [UInt8] = []
        let converted: [UInt8]? =
            switch shaping.from {
            case .json: nil
            case .form: try Fault.mapping { () throws(MarkupFailure) in try FormText.json(body) }
            case .xml: try Fault.mapping { () throws(MarkupFailure) in try XMLText.json(body) }
            }
        if let converted {
            if shaping.steps.isEmpty, shaping.to == .json { return converted }
            try converted.withUnsafeBufferPointer { json throws(Fault) in try steps(json, values, &output) }
        } else {
            try steps(body, values, &output)
        }
        guard shaping.to == .xml else { return output }
        return try output.withUnsafeBufferPointer { json throws(Fault) in
            try Fault.mapping { () throws(MarkupFailure) in try XMLWriter.xml(json) }
        }
    }

    private func steps(_ json: Bytes, _ values: RequestValues, _ output: inout [UInt8]) throws(Fault) {
        do throws(JSONFailure) {
            try reshaping.apply(to: json, from: values, into: &output)
        } catch {
            throw Fault(error, in: json)
        }
    }
}

extension BodyReshaping.Fault {
    /// With the place as people count: lines and characters from 1.
    fileprivate init(_ failure: JSONFailure, in text: Bytes) {
        let before = text.slice(0, min(failure.offset, text.count))
        let line = before.count { $0 == 0x0A } + 1
        let column = before.count - (before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0) + 1
        reason = "\(failure.reason), at line \(line), column \(column)"
    }

    fileprivate static func mapping<Result>(
        _ body: () throws(MarkupFailure) -> Result
    ) throws(BodyReshaping.Fault) -> Result {
        do throws(MarkupFailure) {
            return try body()
        } catch {
            throw BodyReshaping.Fault(reason: error.description)
        }
    }
}

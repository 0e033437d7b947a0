import GatewayCore
import HTTPWire
import JSON
import Policies

/// What the templates of one aggregation find: the client's request, and what the steps have answered so far.
struct AggregationValues: TemplateValues {
    let request: RequestValues
    /// By the steps' places; nil: not there yet, or missing.
    let answers: [RawJSON?]
    /// The element that a step is made for, and its place.
    var item: RawJSON?
    var index = 0

    /// The value as JSON; nil if there is none. What comes with the request is text.
    func json(of reference: AggregationReference) -> RawJSON? {
        switch reference {
        case .step(let place, let path): return answers[place]?.value(at: path[...])
        case .item(let path): return item?.value(at: path[...])
        case .index: return .number(index)
        case .request(let reference):
            var text: String?
            request.withValue(of: reference) { bytes, coding in
                var plain: [UInt8] = []
                if coding == .plain {
                    plain.append(contentsOf: bytes)
                } else {
                    PercentText.appendDecoded(bytes, to: &plain, plusIsSpace: coding == .form)
                }
                text = String(decoding: plain, as: UTF8.self)
            }
            return text.map { .string($0) }
        }
    }

    func withValue(of reference: AggregationReference, _ body: (UnsafeBufferPointer<UInt8>, ValueCoding) -> Void) {
        if case .request(let reference) = reference { return request.withValue(of: reference, body) }
        guard var text = json(of: reference)?.text else { return }
        text.withUTF8 { body($0, .plain) }
    }
}

extension BodyTemplate {
    /// Appends the JSON text. A reference that is a whole value stays what it is; without a value it is null, and so is a
    /// text none of whose references has one.
    func render(into output: inout [UInt8], from values: AggregationValues) {
        switch self {
        case .literal(let text): output += text.utf8
        case .text(let template): Self.render(template, into: &output, values)
        case .array(let elements):
            output.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                element.render(into: &output, from: values)
            }
            output.append(UInt8(ascii: "]"))
        case .object(let members):
            output.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                JSONWriter.append(member.name, to: &output)
                output.append(UInt8(ascii: ":"))
                member.value.render(into: &output, from: values)
            }
            output.append(UInt8(ascii: "}"))
        }
    }

    private static func render(
        _ template: AggregationTemplate, into output: inout [UInt8], _ values: AggregationValues
    ) {
        if let reference = template.onlyReference {
            output += (values.json(of: reference) ?? .null).bytes
            return
        }
        let start = output.count
        output.append(UInt8(ascii: "\""))
        let outcome = template.render(into: &output, for: .json, from: values)
        output.append(UInt8(ascii: "\""))
        guard outcome.isWorthSending else {
            output.removeSubrange(start...)
            output += "null".utf8
            return
        }
    }
}

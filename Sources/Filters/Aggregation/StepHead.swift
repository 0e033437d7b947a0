import GatewayCore
import HTTPWire
import JSON
import Policies

/// Writes the requests of steps: the client's fields, but for those about its own body and about what it has cached, and
/// the step's own.
struct StepHead {
    let step: AggregationStep
    let plan: AggregationPlan

    /// A request as HTTP/1.1 text, blank line included, and its body.
    struct Written: Hashable {
        var head: [UInt8]
        var body: [UInt8]
    }

    func write(_ client: RequestHead, from values: AggregationValues) throws(StepFailure) -> Written {
        var body: [UInt8] = []
        step.body?.render(into: &body, from: values)
        var head = Array(step.method.utf8)
        head.append(UInt8(ascii: " "))
        try appendTarget(to: &head, values)
        head += " HTTP/1.1\r\n".utf8
        client.appendFields(to: &head, hasHost: !isReplaced("host")) { isKept(client.fields, $0) }
        if !isReplaced("accept") { head += "Accept: application/json\r\n".utf8 }
        // What comes is read, so it must not come compressed.
        head += "Accept-Encoding: identity\r\n".utf8
        for field in step.headers { field.appendLine(to: &head, from: values) }
        if step.body != nil {
            if !isReplaced("content-type") { head += "Content-Type: application/json\r\n".utf8 }
            head += "Content-Length: \(body.count)\r\n".utf8
        }
        head += "\r\n".utf8
        return Written(head: head, body: body)
    }

    // MARK: The target

    private func appendTarget(to head: inout [UInt8], _ values: AggregationValues) throws(StepFailure) {
        let start = head.count
        let outcome = step.path.render(into: &head, for: .path, from: values)
        if outcome.missing > 0 { throw missing(step.path, values) }
        guard !PercentText.hasDotSegment(head[start...]) else { throw .unsafePath }
        var mark = UInt8(ascii: "?")
        for parameter in step.query {
            let before = head.count
            head.append(mark)
            head += parameter.name.utf8
            head.append(UInt8(ascii: "="))
            if parameter.value.render(into: &head, for: .query, from: values).isWorthSending {
                mark = UInt8(ascii: "&")
            } else {
                head.removeSubrange(before...)
            }
        }
    }

    private func missing(_ template: AggregationTemplate, _ values: AggregationValues) -> StepFailure {
        for reference in template.references where values.json(of: reference)?.text ?? "" == "" {
            guard case .request(let reference) = reference else {
                return .missing(plan.name(of: reference), isClients: false)
            }
            return .missing(Self.name(of: reference), isClients: true)
        }
        return .unusableHead
    }

    private static func name(of reference: RequestReference) -> String {
        switch reference {
        case .claim(let name): "claims.\(name)"
        case .header(let name): "header.\(name)"
        case .query(let name): "query.\(name)"
        case .cookie(let name): "cookie.\(name)"
        case .consumerID: "consumer.id"
        case .consumerPlan: "consumer.plan"
        default: "path"
        }
    }

    // MARK: Fields

    private func isKept(_ fields: FieldSection, _ index: Int) -> Bool {
        let (kind, name) = (fields.slots[index].kind, fields.name(index))
        guard !kind.isAboutFraming, kind != .expect,
            !Self.aboutThisClient.contains(where: { name.equalsIgnoringCase($0) })
        else { return false }
        return step.headers.isEmpty && step.removedHeaders.isEmpty || !isReplaced(name.text.lowercased())
    }

    private static let aboutThisClient: [StaticString] = [
        "accept", "accept-encoding", "content-type", "content-encoding", "content-language", "content-location",
        "content-range", "range", "if-match", "if-none-match", "if-range", "if-modified-since", "if-unmodified-since",
    ]

    /// - Parameter name: in lower case.
    private func isReplaced(_ name: String) -> Bool {
        step.removedHeaders.contains(name) || step.headers.contains { $0.name.lowercased() == name }
    }
}

extension NamedTemplate {
    /// The field's line; none where all that it refers to is missing.
    func appendLine(to head: inout [UInt8], from values: AggregationValues) {
        let before = head.count
        head += name.utf8
        head += ": ".utf8
        if value.render(into: &head, for: .field, from: values).isWorthSending {
            head += "\r\n".utf8
        } else {
            head.removeSubrange(before...)
        }
    }
}

import GatewayCore
import HTTPWire

/// Lets only requests with content of certain types pass; those without content always do.
package final class ContentTypeFilter: RequestFilter {
    package let phase = Phase.arrive
    private let accepted: [[UInt8]]
    private let refusal: Reply

    /// - Parameter types: such as `application/json` or `image/*`, in lower case.
    package init(_ types: [String]) {
        accepted = types.map { Array($0.utf8) }
        // RFC 9110 §15.5.16: what would be accepted.
        refusal = Reply(
            status: 415, kind: "unsupported-media-type", title: "Unsupported media type",
            detail: "The content of the request is of a type that is not accepted here; Accept lists those that are.",
            lines: "Accept: \(types.joined(separator: ", "))\r\n")
    }

    package func apply(_ exchange: Exchange) -> Verdict {
        let request = exchange.request
        guard request.body != .none else { return .proceed }
        return isAccepted(request.fields) ? .proceed : .reply(refusal)
    }

    /// Several lines are no type at all: the upstream might take another one than was judged here.
    private func isAccepted(_ fields: FieldSection) -> Bool {
        var found: Bytes?
        for index in 0..<fields.count where fields.name(index).equalsIgnoringCase("content-type") {
            guard found == nil else { return false }
            found = fields.value(index)
        }
        guard let found else { return false }
        let end = found.firstIndex(of: UInt8(ascii: ";")) ?? found.count
        let type = found.slice(0, end).trimmed
        return accepted.contains { wanted in
            wanted.withUnsafeBufferPointer { wanted in
                guard wanted.last == UInt8(ascii: "*") else { return type.equalsIgnoringCase(wanted) }
                let prefix = wanted.slice(0, wanted.count - 1)
                return type.count > prefix.count && type.slice(0, prefix.count).equalsIgnoringCase(prefix)
            }
        }
    }
}

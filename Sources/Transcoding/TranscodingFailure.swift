/// Why a request can't be made a message, or a message a response: whose fault it is, in which field, and what was
/// expected there. The text of the request is never part of it.
package struct TranscodingFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Side: Hashable, Sendable {
        /// The client's: 400.
        case request
        /// The service's: 502.
        case response
    }

    package let side: Side
    /// Dotted names from the message down (`book.authors[2].name`); empty for the message itself.
    package private(set) var field: String
    package let reason: String

    init(_ side: Side, _ reason: String, field: String = "") {
        self.side = side
        self.reason = reason
        self.field = field
    }

    static func request(_ reason: String) -> TranscodingFailure { TranscodingFailure(.request, reason) }
    static func response(_ reason: String) -> TranscodingFailure { TranscodingFailure(.response, reason) }

    /// The same failure seen from the message that holds it in the field `name`.
    func within(_ name: String) -> TranscodingFailure {
        let isIndexed = field.isEmpty || field.utf8.first == UInt8(ascii: "[")
        return TranscodingFailure(side, reason, field: isIndexed ? name + field : "\(name).\(field)")
    }

    package var description: String {
        let whole = side == .request ? "the request" : "the service's message"
        return field.isEmpty ? "\(whole) \(reason)" : "\(whole)'s field \"\(field)\" \(reason)"
    }
}

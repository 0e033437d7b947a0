/// How long the body of a message is said to be (RFC 9112 §6.3).
package enum BodyLength: Equatable, Sendable {
    case none
    /// Exactly this many bytes, at least 1.
    case exactly(Int)
    case chunked
    /// Responses only: until the connection ends.
    case untilClose
}

import NIOCore

/// Judges the body of a request while it passes.
package protocol BodyCheck: AnyObject {
    /// Called with each part in order, before it is handed on; the last one may be empty.
    /// - Returns: the body is not what it should be: this part goes nowhere, and the request is given up.
    func refusal(of bytes: ByteBuffer, isEnd: Bool) -> Reply?
}

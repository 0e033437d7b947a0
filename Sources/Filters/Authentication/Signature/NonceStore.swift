import Credentials

/// Remembers what may be used once, for as long as it could be used again.
package protocol NonceStore: AnyObject {
    /// Takes a nonce, if nobody has before.
    /// - Parameters:
    ///   - nonce: stands for authenticator, key and nonce.
    ///   - seconds: after which it could not be used anyway.
    ///   - completion: called exactly once, on the worker's loop, perhaps at once.
    func use(_ nonce: Digest, forSeconds seconds: Int, completion: @escaping (NonceUse) -> Void)
}

package enum NonceUse: Sendable {
    case first
    case repeated
    /// It can't be known now, or no more can be remembered.
    case unknown
}

import HTTPWire

/// Where the buckets are. One object per worker; only called on that worker's event loop.
package protocol RateLimitStore: AnyObject {
    /// Decides all windows of all policies of a request as one atomic operation, all or nothing.
    ///
    /// - Returns: true if `request` is decided on return; false if `request.waiter.decided(_:)` will be called on this
    ///   worker, exactly once, within the store's time limit. The request must not be touched until then.
    func take(_ request: TakeRequest) -> Bool

    /// Gives back the places that an admitted request had under limits of concurrency (`TakeRequest.slot`).
    func release(slot: Int)

    /// Charges what was admitted without the store, however little is left; a negative amount gives back what was taken
    /// for nothing. Nobody waits for it.
    func charge(_ policy: LimitPolicy, subject: Bytes, amount: Int)
}

extension RateLimitStore {
    package func release(slot: Int) {}
    package func charge(_ policy: LimitPolicy, subject: Bytes, amount: Int) {}
}

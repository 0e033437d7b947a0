/// One question of a worker to the shared store: for a request, or for a lease alone. Reused.
final class LeasingInquiry: TakeWaiter {
    let inner = TakeRequest()
    /// The request that waits for it; nil if a lease is only looked after.
    var outer: TakeRequest?
    /// One for each entry of the request.
    var parts: [LeasingPart] = []
    var sent = 0
    private unowned let store: LeasingRateLimitStore

    init(_ store: LeasingRateLimitStore) { self.store = store }

    func decided(_ request: TakeRequest) { store.conclude(self) }

    /// Ready for the next question.
    func reset() {
        outer = nil
        parts.removeAll(keepingCapacity: true)
        inner.waiter = nil
        inner.reset()
    }
}

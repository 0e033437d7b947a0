/// One question of a worker to the shared store: for a request, or for a lease alone. Reused.
final class LeasingInquiry: TakeWaiter, RemainingSource {
    let inner = TakeRequest()
    /// The request that waits for it; nil if a lease is only looked after.
    var outer: TakeRequest?
    /// One for each entry of the request.
    var parts: [LeasingPart] = []
    var sent = 0
    private unowned let store: LeasingRateLimitStore

    init(_ store: LeasingRateLimitStore) {
        self.store = store
        inner.remainingSource = self
    }

    func decided(_ request: TakeRequest) { store.conclude(self) }

    func remaining(entry: Int, window: Int) -> Int? {
        var rest = entry
        for part in parts where part.isInquired {
            if rest == 0 { return part.cell?.remaining(window, now: store.now()) }
            rest -= 1
        }
        return nil
    }

    /// Ready for the next question.
    func reset() {
        outer = nil
        parts.removeAll(keepingCapacity: true)
        inner.waiter = nil
        inner.reset()
    }
}

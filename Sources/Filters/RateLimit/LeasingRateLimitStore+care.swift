import Policies

/// What leases need while no request asks: renewal, return, and an end.
extension LeasingRateLimitStore {
    /// To be called every 10 ms on the worker; costs nothing while there are no leases. What it sends goes out in one
    /// write.
    package func tick() {
        guard !active.isEmpty else { return }
        let now = now()
        // Backwards: a cell that is let go is replaced by one that has been looked at, and new ones come at the end.
        for place in active.indices.reversed() {
            let cell = active[place]
            switch cell.lease.tend(isClosing: isClosing, now: now) {
            case .keep: break
            case .ask: tend(cell, now)
            case .forget:
                cell.isActive = false
                active.swapAt(place, active.count - 1)
                active.removeLast()
            }
        }
    }

    /// Asks the store again about subjects that it refused.
    package func forgetRefusals() { table.forgetRefusals() }

    /// Gives all leases back. Requests that come later are decided by the store one by one.
    ///
    /// - Parameter completion: called once, on the worker, when the store has answered, or failed to within its time
    ///   limit.
    package func shutdown(_ completion: @escaping () -> Void) {
        guard !isClosing else { return completion() }
        isClosing = true
        closed = completion
        closeFurther(active)
    }

    /// Gives back what the cells have got meanwhile; when all is answered, the end.
    func closeFurther(_ cells: [LeasingCell]) {
        let now = now()
        // Answers that come at once must not find an end before all have been asked.
        openInquiries += 1
        for cell in cells {
            if case .ask = cell.lease.tend(isClosing: true, now: now) { tend(cell, now) }
        }
        openInquiries -= 1
        guard openInquiries == 0, let closed else { return }
        self.closed = nil
        closed()
    }
}

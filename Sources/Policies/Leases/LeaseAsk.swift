/// One step of a holder's lease, as it is sent to the shared bucket (STATE.md, prepaid leases).
package struct LeaseAsk: Hashable, Sendable {
    /// Tokens wanted on top of the request's own, at least 0.
    package var want: Int
    /// Unspent tokens of the lease that the holder keeps, and may spend while the question is out.
    package var held: Int
    /// Unspent tokens of the lease that it gives back, and will not spend.
    package var returned: Int
    /// Grows with each step of this holder; the store ignores a step that comes after a later one.
    package var sequence: Int

    package init(want: Int, held: Int, returned: Int, sequence: Int) {
        self.want = want
        self.held = held
        self.returned = returned
        self.sequence = sequence
    }
}

/// The answer to a step that was not ignored.
package struct LeaseGrant: Hashable, Sendable {
    /// Tokens that were added to the lease.
    package var granted: Int
    /// Whether the store still counted what was held; if not, the holder must forget it.
    package var isHeldKept: Bool
    /// How long the lease lasts, in microseconds from when the store decided.
    package var lifetimeMicroseconds: Int

    package init(granted: Int, isHeldKept: Bool, lifetimeMicroseconds: Int) {
        self.granted = granted
        self.isHeldKept = isHeldKept
        self.lifetimeMicroseconds = lifetimeMicroseconds
    }
}

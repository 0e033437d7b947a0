/// What balancing knows of one target of an upstream: plain numbers that the pool keeps up to date.
package struct TargetLoad: Hashable, Sendable {
    /// Its share relative to the others; 0 takes it out of every choice.
    package var weight: Int
    /// Requests it is working on.
    package var outstanding: Int
    /// False: ejected, unhealthy, draining, or tried already by this request.
    package var isAvailable: Bool
    /// What smooth round robin owes it. Only the balancing touches it.
    package var credit = 0
    /// A hash of the target's address, the same on every node: see `StableHash`.
    package let identity: UInt64

    package init(weight: Int = 1, outstanding: Int = 0, isAvailable: Bool = true, identity: UInt64 = 0) {
        self.weight = min(max(weight, 0), 1_000_000)
        self.outstanding = outstanding
        self.isAvailable = isAvailable
        self.identity = identity
    }

    var isEligible: Bool { isAvailable && weight > 0 }

    /// Carries fewer requests for its weight than `other`; multiplied out, so that nothing is rounded.
    func isLighter(than other: TargetLoad) -> Bool { outstanding * other.weight < other.outstanding * weight }
}

/// Which targets of an upstream are in their slow start. A pure value; times in microseconds of a monotonic clock.
package struct TargetRamps: Sendable {
    /// The targets that do not have all of their share yet, by bits.
    package private(set) var growing: UInt64 = 0
    /// Those that were out when it was last told.
    package private(set) var out: UInt64 = 0
    private let duration: Int
    private var began: [Int]

    /// - Parameters:
    ///   - duration: of a slow start; 0: there is none.
    ///   - out: the targets that are out now: whatever else there is has its share already.
    package init(targets: Int, duration: Int, out: UInt64 = 0) {
        self.duration = duration
        self.out = out
        began = Array(repeating: 0, count: targets)
    }

    /// Other targets are out than before. Those that came back begin.
    package mutating func note(out: UInt64, now: Int) {
        let back = self.out & ~out
        self.out = out
        growing &= ~out
        begin(back, now: now)
    }

    /// Targets that are new, by bits.
    package mutating func begin(_ bits: UInt64, now: Int) {
        guard duration > 0 else { return }
        for index in began.indices where index < 64 && bits & (1 << UInt64(index)) != 0 {
            began[index] = now
            growing |= 1 << UInt64(index)
        }
    }

    /// Sets the weights for now: while any target grows all weights are finer, so that they compare.
    /// - Parameter weights: the configured ones.
    package mutating func adjust(_ loads: inout [TargetLoad], _ weights: (Int) -> Int, now: Int) {
        for index in began.indices {
            let bit: UInt64 = index < 64 ? 1 << UInt64(index) : 0
            let elapsed = growing & bit != 0 ? now - began[index] : .max
            if elapsed >= duration { growing &= ~bit }
            loads[index].weight = SlowStart.weight(weights(index), elapsed: elapsed, duration: duration)
        }
        guard growing == 0 else { return }
        for index in began.indices { loads[index].weight = weights(index) }
    }
}

import Policies
import Synchronization

/// Which targets of an upstream fail their checks: one for all workers of a node. Costs a request one relaxed load.
package final class TargetHealth: Sendable {
    package let check: HealthCheck
    private let standings: Mutex<[HealthStanding]>
    private let bits = Atomic<UInt64>(0)
    private let onChange: @Sendable (_ target: Int, _ isHealthy: Bool) -> Void

    /// - Parameter onChange: called on the worker that checks.
    package init(
        _ check: HealthCheck, targets: Int, onChange: @escaping @Sendable (_ target: Int, _ isHealthy: Bool) -> Void
    ) {
        self.check = check
        self.onChange = onChange
        standings = Mutex(Array(repeating: HealthStanding(), count: targets))
    }

    /// The targets that fail, by bits.
    package var unhealthy: UInt64 { bits.load(ordering: .relaxed) }

    func note(_ target: Int, isGood: Bool) {
        let changed: Bool? = standings.withLock { standings in
            guard standings[target].note(isGood: isGood, check) else { return nil }
            var bits: UInt64 = 0
            for (index, standing) in standings.enumerated() where index < 64 && !standing.isHealthy {
                bits |= 1 << UInt64(index)
            }
            self.bits.store(bits, ordering: .relaxed)
            return standings[target].isHealthy
        }
        if let changed { onChange(target, changed) }
    }
}

import GatewayCore
import Policies
import Synchronization

/// Which targets of an upstream are out of balancing: one for all workers of a node. While nothing fails it costs a
/// request two relaxed loads; the lock is taken only for targets that fail or have just failed.
package final class TargetEjections: Sendable {
    private let detection: Mutex<OutlierDetection>
    /// The targets that are out, or were when it was last looked, by bits.
    private let ejected = Atomic<UInt64>(0)
    /// Those whose latest attempt failed: only of them a success is worth noting.
    private let suspects = Atomic<UInt64>(0)
    private let total = Atomic<Int>(0)
    private let onEjection: @Sendable (_ target: Int, _ microseconds: Int) -> Void

    /// - Parameter onEjection: called on the worker whose attempt failed.
    package init(
        _ settings: OutlierSettings, targets: Int,
        onEjection: @escaping @Sendable (_ target: Int, Int) -> Void = { _, _ in }
    ) {
        detection = Mutex(OutlierDetection(settings, count: targets))
        self.onEjection = onEjection
    }

    /// The same for other targets, some of which were judged before.
    /// - Parameter places: of each target among those before; nil: it is new.
    package init(
        _ before: TargetEjections, places: [Int?], onEjection: @escaping @Sendable (_ target: Int, Int) -> Void
    ) {
        let carried = before.detection.withLock { OutlierDetection($0, places: places) }
        ejected.store(carried.ejected(now: MonotonicClock.microseconds()), ordering: .relaxed)
        suspects.store(carried.suspects, ordering: .relaxed)
        total.store(before.ejections, ordering: .relaxed)
        detection = Mutex(carried)
        self.onEjection = onEjection
    }

    /// How often a target was ejected.
    package var ejections: Int { total.load(ordering: .relaxed) }

    /// The targets that are out, by bits.
    package var unavailable: UInt64 {
        guard ejected.load(ordering: .relaxed) != 0 else { return 0 }
        return detection.withLock { detection in
            let bits = detection.ejected(now: MonotonicClock.microseconds())
            ejected.store(bits, ordering: .relaxed)
            return bits
        }
    }

    func note(_ target: Int, isSuccess: Bool) {
        if isSuccess {
            guard target < 64, suspects.load(ordering: .relaxed) & (1 << UInt64(target)) != 0 else { return }
            return detection.withLock { detection in
                detection.succeeded(target)
                suspects.store(detection.suspects, ordering: .relaxed)
            }
        }
        let now = MonotonicClock.microseconds()
        let duration = detection.withLock { detection in
            let duration = detection.failed(target, now: now)
            suspects.store(detection.suspects, ordering: .relaxed)
            ejected.store(detection.ejected(now: now), ordering: .relaxed)
            return duration
        }
        guard let duration else { return }
        total.add(1, ordering: .relaxed)
        onEjection(target, duration)
    }
}

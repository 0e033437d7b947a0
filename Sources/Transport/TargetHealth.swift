import GatewayCore
import Policies
import Synchronization

/// Which targets of an upstream fail their checks: one for all workers of a node. Costs a request one relaxed load.
///
/// In a cluster one node checks for all. What it finds good is taken as it is; what it finds bad is looked at once by each
/// node, since it may be the checking node's own way to the target that is broken.
package final class TargetHealth: ClusterChecks {
    package let check: HealthCheck
    /// Of the targets, in their order.
    package let names: [String]
    private let standings: Mutex<[HealthStanding]>
    private let bits = Atomic<UInt64>(0)
    private let doubts = Atomic<UInt64>(0)
    private let isChecking = Atomic<Bool>(true)
    private let checks = Atomic<Int>(0)
    private let onChange: @Sendable (_ target: Int, _ isHealthy: Bool) -> Void

    /// - Parameters:
    ///   - previous: what is known of targets of the same names stays so.
    ///   - onChange: called on the thread that learnt of it.
    package init(
        _ check: HealthCheck, targets: [String], previous: TargetHealth? = nil,
        onChange: @escaping @Sendable (_ target: Int, _ isHealthy: Bool) -> Void
    ) {
        self.check = check
        self.onChange = onChange
        names = targets
        let known = previous?.verdicts ?? [:]
        standings = Mutex(targets.map { HealthStanding(isHealthy: known[$0] ?? true) })
        if let previous {
            isChecking.store(previous.checksForCluster, ordering: .relaxed)
            checks.store(previous.checkCount, ordering: .relaxed)
        }
        standings.withLock { publish($0) }
    }

    package var intervalMicroseconds: Int { check.intervalMicroseconds }

    /// The targets that fail, by bits.
    package var unhealthy: UInt64 { bits.load(ordering: .relaxed) }

    /// How often a target was asked by this node.
    package var checkCount: Int { checks.load(ordering: .relaxed) }

    /// What this node knows, by the targets' names.
    package var verdicts: [String: Bool] {
        standings.withLock { Dictionary(zip(names, $0.map(\.isHealthy))) { first, _ in first } }
    }

    /// Whether this node is the one that checks, or decides alone.
    package var checksForCluster: Bool { isChecking.load(ordering: .relaxed) }

    package func check(forCluster isChecking: Bool) { self.isChecking.store(isChecking, ordering: .relaxed) }

    /// What the node that checks has found.
    package func hear(_ verdicts: [String: Bool]) {
        var recovered: [Int] = []
        standings.withLock { standings in
            var doubted: UInt64 = 0
            for (index, name) in names.enumerated() {
                guard let isHealthy = verdicts[name], isHealthy != standings[index].isHealthy else { continue }
                if isHealthy {
                    standings[index] = HealthStanding()
                    recovered.append(index)
                } else if index < 64 {
                    doubted |= 1 << UInt64(index)
                }
            }
            doubts.store(doubted, ordering: .relaxed)
            publish(standings)
        }
        for index in recovered { onChange(index, true) }
    }

    /// Whether this node should ask the target now.
    func isDue(_ target: Int) -> Bool { checksForCluster || isDoubted(target) }

    private func isDoubted(_ target: Int) -> Bool {
        target < 64 && doubts.load(ordering: .relaxed) & (1 << UInt64(target)) != 0
    }

    func asked() { checks.add(1, ordering: .relaxed) }

    func note(_ target: Int, isGood: Bool) {
        let isConfirming = !checksForCluster
        let changed: Bool? = standings.withLock { standings in
            guard standings.indices.contains(target) else { return nil }
            if isConfirming {
                guard isDoubted(target) else { return nil }
                doubts.bitwiseXor(1 << UInt64(target), ordering: .relaxed)
                guard !isGood, standings[target].isHealthy else { return nil }
                standings[target] = HealthStanding(isHealthy: false)
            } else {
                guard standings[target].note(isGood: isGood, check) else { return nil }
            }
            publish(standings)
            return standings[target].isHealthy
        }
        if let changed { onChange(target, changed) }
    }

    private func publish(_ standings: borrowing [HealthStanding]) {
        var bits: UInt64 = 0
        for index in standings.indices where index < 64 && !standings[index].isHealthy { bits |= 1 << UInt64(index) }
        self.bits.store(bits, ordering: .relaxed)
    }
}

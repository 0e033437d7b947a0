import Synchronization

/// The plans that Redis holds, compiled, for all workers of a node.
package final class SharedPlans: Sendable {
    /// A plan's limit, which holds for each of its consumers over all routes.
    package struct Plan: Sendable {
        package let policy: LimitPolicy
        package let cost: RequestCost

        package init(policy: LimitPolicy, cost: RequestCost) {
            self.policy = policy
            self.cost = cost
        }
    }

    private struct Known: Sendable {
        let fields: [String: String]
        /// Nil: it has no limits, or can't be understood.
        let plan: Plan?
    }

    private let known = Mutex<[String: Known]>([:])
    private let version = Atomic<Int>(0)
    private let compile: @Sendable (_ name: String, _ fields: [String: String]) throws -> Plan?
    private let report: @Sendable (_ name: String, _ reason: String) -> Void

    /// - Parameters:
    ///   - compile: makes the limit of a plan; nil if it has none. Throws what is wrong with it.
    ///   - report: told of plans that are wrong; what was known of them stays in force.
    package init(
        compile: @escaping @Sendable (_ name: String, _ fields: [String: String]) throws -> Plan?,
        report: @escaping @Sendable (_ name: String, _ reason: String) -> Void
    ) {
        self.compile = compile
        self.report = report
    }

    /// Grows whenever plans change.
    package var generation: Int { version.load(ordering: .acquiring) }

    package var plans: [String: Plan] { known.withLock { $0.compactMapValues(\.plan) } }

    /// Takes over what Redis holds now. A plan that has not changed stays the same object.
    package func adopt(_ read: [String: [String: String]]) {
        let before = known.withLock { $0 }
        var next: [String: Known] = [:]
        for (name, fields) in read { next[name] = known(name, fields, before[name]) }
        guard next.mapValues(\.fields) != before.mapValues(\.fields) else { return }
        known.withLock { $0 = next }
        version.add(1, ordering: .releasing)
    }

    private func known(_ name: String, _ fields: [String: String], _ before: Known?) -> Known {
        if let before, before.fields == fields { return before }
        do {
            return Known(fields: fields, plan: try compile(name, fields))
        } catch {
            report(name, "\(error)")
            return Known(fields: fields, plan: before?.plan)
        }
    }
}

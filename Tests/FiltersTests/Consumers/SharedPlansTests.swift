import Policies
import Synchronization
import Testing

@testable import Filters

@Suite("Plans of Redis")
struct SharedPlansTests {
    private struct Wrong: Error {}

    private final class Reports: Sendable {
        let names = Mutex<[String]>([])
    }

    @Test("a plan that changes is another one; one that is wrong leaves what was, and is reported once")
    func adoption() throws {
        let reports = Reports()
        let plans = SharedPlans { name, fields in
            guard let count = Int(fields["limits"] ?? "") else { throw Wrong() }
            let windows = [RateWindow(count: count, periodMicroseconds: 1_000_000)]
            return count == 0
                ? nil : SharedPlans.Plan(policy: LimitPolicy(name: "plan.\(name)", windows: windows), cost: .fixed(1))
        } report: { name, _ in
            reports.names.withLock { $0.append(name) }
        }
        plans.adopt(["gold": ["limits": "5"], "free": ["limits": "1"]])
        let (first, generation) = (plans.plans, plans.generation)
        #expect(first["gold"]?.policy.windows.first?.count == 5)
        plans.adopt(["gold": ["limits": "5"], "free": ["limits": "1"]])
        #expect(plans.generation == generation, "nothing has changed")
        plans.adopt(["gold": ["limits": "50"], "free": ["limits": "1"]])
        #expect(plans.generation != generation && plans.plans["gold"]?.policy.windows.first?.count == 50)
        #expect(plans.plans["free"]?.policy === first["free"]?.policy)
        for _ in 1...3 { plans.adopt(["gold": ["limits": "many"]]) }
        #expect(plans.plans["gold"]?.policy.windows.first?.count == 50)
        #expect(plans.plans["free"] == nil)
        #expect(reports.names.withLock { $0 } == ["gold"])
    }
}

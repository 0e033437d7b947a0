import Policies
import Testing

@testable import Filters

@Suite("Leases of a cluster, simulated")
struct LeaseSimulationTests {
    struct Case: CustomTestStringConvertible {
        let nodes: Int
        let count: Int
        let period: Int
        /// Requests per second in all, and for how long.
        let demand: Double
        let seconds: Int
        var testDescription: String { "\(count)/\(period / 1_000_000)s on \(nodes) nodes, asked \(demand)/s" }
    }

    static let saturating: [Case] = [1, 3, 8].flatMap { nodes in
        [
            Case(nodes: nodes, count: 1, period: 60_000_000, demand: 10, seconds: 3600),
            Case(nodes: nodes, count: 100, period: 60_000_000, demand: 50, seconds: 600),
            Case(nodes: nodes, count: 10, period: 1_000_000, demand: 500, seconds: 60),
            Case(nodes: nodes, count: 1000, period: 1_000_000, demand: 10_000, seconds: 8),
            Case(nodes: nodes, count: 50_000, period: 1_000_000, demand: 100_000, seconds: 3),
        ]
    }

    @Test("a saturated limit admits all it allows, and never more", arguments: saturating)
    func saturated(_ test: Case) {
        let window = RateWindow(count: test.count, periodMicroseconds: test.period)
        let cluster = SimulatedCluster([LimitPolicy(name: "p", windows: [window])], nodes: test.nodes)
        let start = cluster.time.now
        let end = start + test.seconds * 1_000_000
        for node in 0..<test.nodes { cluster.load(node, perSecond: test.demand / Double(test.nodes), until: end) }
        cluster.time.run(until: end + 1_000_000)
        let allowed = Double(test.count) + Double(test.count) * Double(end - start) / Double(test.period)
        let efficiency = Double(cluster.admitted) / allowed
        print(test.testDescription, "efficiency", efficiency, "commands/request", cluster.commandsPerRequest,
            "commands/s", Double(cluster.commands) / Double(test.seconds), cluster.nodes[0].store.counters)
        #expect(cluster.overAdmission(window) == 0)
        #expect(efficiency >= 0.98)
    }
}

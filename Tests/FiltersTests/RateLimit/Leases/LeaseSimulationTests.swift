import Policies
import Testing

@testable import Filters

@Suite("Leases of a cluster, simulated")
struct LeaseSimulationTests {
    struct Case: CustomTestStringConvertible, CustomStringConvertible {
        var description: String { testDescription }
        let nodes: Int
        let window: RateWindow
        /// Requests per second in all, and for how long.
        let demand: Double
        let seconds: Double
        var testDescription: String { "\(window.text) on \(nodes) nodes, asked \(demand)/s" }

        init(_ nodes: Int, _ count: Int, per seconds: Int, demand: Double, for duration: Double) {
            self.nodes = nodes
            window = RateWindow(count: count, periodMicroseconds: seconds * 1_000_000)
            self.demand = demand
            self.seconds = duration
        }

        var policy: LimitPolicy { LimitPolicy(name: "p", windows: [window]) }
        var allowed: Double {
            Double(window.capacity) + Double(window.count) * seconds * 1e6 / Double(window.periodMicroseconds)
        }
    }

    private func run(_ test: Case, seed: UInt64 = 1, prepare: (SimulatedCluster) -> Void = { _ in }) -> SimulatedCluster
    {
        let cluster = SimulatedCluster([test.policy], nodes: test.nodes, seed: seed)
        prepare(cluster)
        let end = cluster.time.now + Int(test.seconds * 1e6)
        for node in 0..<test.nodes { cluster.load(node, perSecond: test.demand / Double(test.nodes), until: end) }
        cluster.time.run(until: end + 1_000_000)
        return cluster
    }

    static let saturating: [Case] = [1, 3, 8].flatMap { nodes in
        [
            Case(nodes, 1, per: 60, demand: 5, for: 7200), Case(nodes, 100, per: 60, demand: 20, for: 600),
            Case(nodes, 10, per: 1, demand: 500, for: 30), Case(nodes, 1000, per: 1, demand: 10_000, for: 6),
            Case(nodes, 50_000, per: 1, demand: 100_000, for: 2),
        ]
    }

    @Test("a saturated limit admits 98% and more of what it allows, and never too much", arguments: saturating)
    func saturated(_ test: Case) {
        let cluster = run(test)
        #expect(cluster.overAdmission(test.window) == 0)
        #expect(Double(cluster.admitted) >= 0.98 * test.allowed)
    }

    @Test("a hot key costs at most a command for fifty requests, and refuses nobody", arguments: [1, 3, 8])
    func hot(nodes: Int) {
        let test = Case(nodes, 20_000, per: 1, demand: 10_000, for: 3)
        let cluster = run(test)
        #expect(cluster.admitted == cluster.answered)
        #expect(cluster.commandsPerRequest <= 0.02)
    }

    @Test("a flood that is refused costs next to nothing", arguments: [1, 3, 8])
    func flood(nodes: Int) {
        let cluster = run(Case(nodes, 100, per: 60, demand: 10_000, for: 3))
        #expect((100...105).contains(cluster.admitted))
        #expect(cluster.commandsPerRequest <= 0.01)
    }

    @Test("a cold key costs one command for each request")
    func cold() {
        let cluster = run(Case(1, 1000, per: 1, demand: 10, for: 20))
        #expect(cluster.commands == cluster.answered)
    }

    @Test(
        "a hundred requests over three nodes admit exactly the hundred that are allowed", arguments: [100, 137, 1000])
    func exact(requests: Int) {
        let window = RateWindow(count: 100, periodMicroseconds: 3_600_000_000)
        let policy = LimitPolicy(name: "p", windows: [window])
        let cluster = SimulatedCluster([policy], nodes: 3)
        for index in 0..<requests {
            cluster.time.after(index * 300) { cluster.nodes[index % 3].request([policy]) }
        }
        cluster.time.run(until: cluster.time.now + 2_000_000)
        #expect(cluster.answered == requests)
        #expect(cluster.admitted == 100)
    }

    @Test(
        "demand that moves between nodes and comes in bursts is admitted too", arguments: 1...5 as ClosedRange<UInt64>)
    func uneven(seed: UInt64) {
        let window = RateWindow(count: 1000, periodMicroseconds: 1_000_000)
        let policy = LimitPolicy(name: "p", windows: [window])
        let cluster = SimulatedCluster([policy], nodes: 3, seed: seed)
        let start = cluster.time.now
        var at = 0
        while at < 4_000_000 {
            let node = cluster.random.chance(70) ? 0 : cluster.random.number(0...2)
            let count = cluster.random.number(1...300)
            let gap = cluster.random.number(1...200)
            for index in 0..<count {
                cluster.time.at(start + at + index * gap) { cluster.nodes[node].request([policy]) }
            }
            at += cluster.random.number(1000...40_000)
        }
        cluster.time.run(until: start + 5_000_000)
        #expect(cluster.overAdmission(window) == 0)
        #expect(cluster.longestWait < 5000)
        #expect(cluster.admitted >= 4500)
    }

    @Test(
        "whatever is lost or late, whoever crashes: never too much, and nobody waits twice",
        arguments: 1...6 as ClosedRange<UInt64>)
    func faults(seed: UInt64) {
        let test = Case(3, [20, 1000, 5000][Int(seed % 3)], per: 1, demand: 8000, for: 3)
        let cluster = run(test, seed: seed) { cluster in
            for node in cluster.nodes {
                node.connection.lostQuestions = 5
                node.connection.lostAnswers = 10
                node.connection.lateQuestions = 10
            }
            for second in 0..<6 {
                cluster.time.after(second * 500_000 + 250_000) { cluster.crash(second % 3) }
            }
            cluster.time.after(1_000_000) { cluster.nodes[0].connection.isDown = true }
            cluster.time.after(1_700_000) { cluster.nodes[0].connection.isDown = false }
        }
        #expect(cluster.overAdmission(test.window) == 0)
        #expect(cluster.longestWait <= SimulatedConnection.timeout + 20_000)
        #expect(Double(cluster.admitted) > 0.3 * min(test.allowed, 24_000))
    }

    @Test(
        "several policies of a request are admitted together, and none of them too often",
        arguments: 1...3 as ClosedRange<UInt64>)
    func together(seed: UInt64) {
        let policies = [
            LimitPolicy(name: "route", windows: [RateWindow(count: 3000, periodMicroseconds: 1_000_000)]),
            LimitPolicy(
                name: "consumer",
                windows: [
                    RateWindow(count: 500, periodMicroseconds: 1_000_000, capacity: 100),
                    RateWindow(count: 12_000, periodMicroseconds: 60_000_000, capacity: 2000),
                ]),
        ]
        let cluster = SimulatedCluster(policies, nodes: 3, seed: seed)
        for node in cluster.nodes { node.connection.lostAnswers = 2 }
        let end = cluster.time.now + 8_000_000
        for node in 0..<3 { cluster.load(node, perSecond: 700, until: end) }
        cluster.time.run(until: end + 200_000)
        // The hour's bucket empties first; then it gives 200 in a second.
        let allowed = 2000.0 + 200 * 8
        #expect(Double(cluster.admitted) <= allowed * 1.01)
        #expect(Double(cluster.admitted) >= allowed * 0.9)
        #expect(cluster.commandsPerRequest < 0.1)
    }

    @Test(
        "nodes that lose Redis stay within the limit together, and go on within it when it is back",
        arguments: [30, 600])
    func outage(perSecond: Int) {
        let window = RateWindow(count: perSecond, periodMicroseconds: 1_000_000)
        let cluster = SimulatedCluster([LimitPolicy(name: "p", windows: [window])], nodes: 3, fallsBack: true)
        let start = cluster.time.now
        for node in 0..<3 { cluster.load(node, perSecond: 700, until: start + 12_000_000) }
        for (second, isDown) in [(3, true), (8, false)] {
            cluster.time.after(second * 1_000_000) { for node in cluster.nodes { node.connection.isDown = isDown } }
        }
        var reached: [Int] = []
        for second in [3, 8, 12] {
            cluster.time.run(until: start + second * 1_000_000)
            reached.append(cluster.admitted)
        }
        for (second, admitted) in zip([3, 8, 12], reached) {
            let allowed = perSecond * (1 + second)
            #expect(admitted <= allowed + 3 && Double(admitted) >= 0.85 * Double(allowed))
        }
        #expect(cluster.longestWait <= SimulatedConnection.timeout + 20_000)
    }
}

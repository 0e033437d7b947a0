import Policies
import RedisClient
import TestSupport
import Testing

@testable import Filters

/// Random schedules of nodes around the real script: requests, deaths, lost and late messages, and clocks that differ.
@Suite("breakers of a cluster under random schedules", .serialized, .ownThreads)
struct BreakerSimulationTests {
    @Test("no epoch sees more probes than allowed, epochs only grow, and it closes in the end", arguments: 0..<12)
    func invariants(seed: Int) async throws {
        var random = BalanceGenerator(seed: UInt64(seed))
        let simulation = try await BreakerSimulation(
            nodes: .random(in: 1...5, using: &random), probes: .random(in: 1...3, using: &random), seed: seed)
        simulation.losesKeys = seed.isMultiple(of: 3)
        try await simulation.run(steps: 500)
        let epochs = try await simulation.redis.published().compactMap { ClusterView.parse(event: $0)?.view.epoch }
        #expect(epochs == epochs.sorted() && Set(epochs).count == epochs.count)
        for (epoch, count) in simulation.probesSent { #expect(count <= simulation.settings.probes, "epoch \(epoch)") }
        #expect(simulation.probesSent.count > 1, "the schedule never came to probing")
        try await simulation.settle()
    }

    @Test("a minority of nodes whose own network is broken never opens it for the others", arguments: 0..<6)
    func minority(seed: Int) async throws {
        let broken = seed.isMultiple(of: 2) ? 1 : 2
        let simulation = try await BreakerSimulation(nodes: 2 * broken + 1, probes: 1, seed: seed)
        simulation.kills = false
        // Each node has traffic all the time: what the quorum is a majority of.
        for index in simulation.nodes.indices { simulation.failing[index] = index < broken ? 100 : 3 }
        simulation.changesWeather = false
        try await simulation.run(steps: 400)
        let published = try await simulation.redis.published()
        #expect(published == [])
        #expect(simulation.nodes[0].refused > 0, "the broken node opens for itself")
        for node in simulation.nodes[broken...] { #expect(node.refused == 0) }
    }
}

/// Several `NodeBreaker`s, each with a clock of its own, and one script. Time is virtual.
private final class BreakerSimulation {
    struct Node {
        var name: String
        var breaker: NodeBreaker
        /// Ahead of true time by so many µs; each clock starts where it likes.
        var clockOffset: Int
        var refused = 0
        var underWay: [(ticket: Breaker.Ticket, isProbe: Bool)] = []
        var answer: (reply: BreakerScripts.Reply, asked: Int, isAnswer: Bool)?
        var lastReport = Int.min / 2
        var lastAnswer = 0
    }

    let redis: BreakerUnderTest
    let settings: BreakerSettings
    var nodes: [Node] = []
    /// Percent of a node's calls that fail.
    var failing: [Int] = []
    var kills = true
    var changesWeather = true
    var losesKeys = false
    /// Probes admitted by joined nodes, for each epoch of the cluster.
    private(set) var probesSent: [Int: Int] = [:]
    private var now = 1_700_000_000_000_000
    private var events: [(event: String, node: Int)] = []
    private var seen = 0
    private var born = 0
    private var random: BalanceGenerator

    init(nodes count: Int, probes: Int, seed: Int) async throws {
        var settings = BreakerSettings()
        settings.failures = 5
        settings.probes = probes
        settings.openMicroseconds = 5_000_000
        self.settings = settings
        random = BalanceGenerator(seed: UInt64(seed) &+ 77)
        redis = try await BreakerUnderTest()
        for _ in 0..<count { nodes.append(newNode()) }
        failing = Array(repeating: 0, count: count)
    }

    private func chance(_ percent: Int) -> Bool { Int.random(in: 1...100, using: &random) <= percent }

    private func newNode() -> Node {
        born += 1
        return Node(
            name: "node\(born)", breaker: NodeBreaker(settings),
            clockOffset: .random(in: -1_000_000_000...1_000_000_000, using: &random), lastAnswer: now)
    }

    func run(steps: Int) async throws {
        for index in nodes.indices { try await exchange(index, loses: false) }
        for step in 0..<steps {
            now += .random(in: 1...200_000, using: &random)
            if changesWeather, step % 25 == 0 {
                let all = [0, 100].randomElement(using: &random) ?? 0
                for index in failing.indices {
                    failing[index] = chance(70) ? all : .random(in: 0...100, using: &random)
                }
            }
            if losesKeys, chance(1) { try await redis.client.send("DEL", BreakerUnderTest.key) }
            for index in nodes.indices {
                if kills, chance(1) { nodes[index] = newNode() }
                for _ in 0..<4 { request(index) }
                try await turn(index, loses: kills)
            }
            try await deliver(loses: kills)
        }
    }

    /// All is well from now on: every breaker closes.
    func settle() async throws {
        failing = failing.map { _ in 0 }
        (kills, losesKeys) = (false, false)
        let end = now + 60_000_000
        while now < end {
            now += 100_000
            for index in nodes.indices {
                request(index)
                try await turn(index, loses: false)
            }
            try await deliver(loses: false)
        }
        #expect(nodes.allSatisfy { $0.breaker.state == .closed && $0.breaker.heard.state == .closed })
        #expect(try await redis.fields()["state"] == "closed")
    }

    private func time(_ index: Int) -> Int { now + nodes[index].clockOffset }

    private func request(_ index: Int) {
        if nodes[index].underWay.count < 8 {
            let answer = nodes[index].breaker.admit(now: time(index))
            switch answer.decision {
            case .pass(let ticket): nodes[index].underWay.append((ticket, false))
            case .probe(let ticket):
                nodes[index].underWay.append((ticket, true))
                let breaker = nodes[index].breaker
                if breaker.isJoined, breaker.heard.state != .closed { probesSent[breaker.heard.epoch, default: 0] += 1 }
            case .refuse: nodes[index].refused += 1
            }
        }
        while !nodes[index].underWay.isEmpty, chance(60) {
            let ended = nodes[index].underWay.removeFirst()
            if chance(5) {
                _ = nodes[index].breaker.cancel(ended.ticket, now: time(index))
            } else {
                _ = nodes[index].breaker.report(
                    chance(failing[index]) ? .failure : .success, durationMicroseconds: 1, ended.ticket,
                    now: time(index))
            }
        }
    }

    private func turn(_ index: Int, loses: Bool) async throws {
        if now - nodes[index].lastAnswer > 3_000_000 { _ = nodes[index].breaker.leave(now: time(index)) }
        let isDue = now - nodes[index].lastReport > 1_000_000 || nodes[index].breaker.hasNews(now: time(index))
        if isDue, nodes[index].answer == nil { try await exchange(index, loses: loses) }
        // A late reply.
        if nodes[index].answer != nil, !loses || chance(70) { hearReply(index) }
    }

    private func exchange(_ index: Int, loses: Bool) async throws {
        let asked = time(index)
        nodes[index].lastReport = now
        let report = nodes[index].breaker.takeReport(now: asked)
        let isLost = loses && chance(5)
        if isLost, chance(50) { return lose(report, index) }
        let reply = try await redis.synchronize(nodes[index].name, report, settings, at: now)
        for event in try await redis.published().dropFirst(seen) {
            seen += 1
            for other in nodes.indices { events.append((event, other)) }
        }
        if isLost { return lose(report, index) }
        nodes[index].answer = (reply, asked, report.asksForProbe)
    }

    private func lose(_ report: BreakerReport, _ index: Int) {
        if report.asksForProbe { nodes[index].breaker.granted(0, epoch: 0, asked: 0) }
    }

    private func hearReply(_ index: Int) {
        guard let (reply, asked, isAnswer) = nodes[index].answer else { return }
        nodes[index].answer = nil
        nodes[index].lastAnswer = now
        _ = nodes[index].breaker.hear(reply.view, isReply: true, now: time(index))
        if isAnswer { nodes[index].breaker.granted(reply.number, epoch: reply.view.epoch, asked: asked) }
    }

    private func deliver(loses: Bool) async throws {
        var late: [(event: String, node: Int)] = []
        for (event, node) in events {
            if loses, chance(20) {
                if chance(50) { late.append((event, node)) }
                continue
            }
            guard let view = ClusterView.parse(event: event)?.view else { throw TestFailure("no event: \(event)") }
            _ = nodes[node].breaker.hear(view, isReply: false, now: time(node))
        }
        events = late
    }
}

import HTTPWire
import Policies

@testable import Filters

/// Nodes that share one Redis, in virtual time: requests come in by the simulation, and every admission is noted at the
/// instant at which it was paid for.
final class SimulatedCluster {
    let time = VirtualTime()
    let redis: SimulatedRedis
    private(set) var nodes: [Node] = []
    var random: Seeded
    private let policies: [LimitPolicy]
    /// Whether nodes decide by their own memory when Redis is away.
    private let fallsBack: Bool
    private let count: Int

    init(_ policies: [LimitPolicy], nodes count: Int, fallsBack: Bool = false, seed: UInt64 = 1) {
        self.fallsBack = fallsBack
        self.count = count
        redis = SimulatedRedis(time)
        random = Seeded(seed: seed)
        self.policies = policies
        for index in 0..<count { nodes.append(makeNode("\(index)", seed: seed &* 100 &+ UInt64(index))) }
    }

    private func makeNode(_ name: String, seed: UInt64) -> Node {
        let connection = SimulatedConnection(time, redis, holder: name, seed: seed)
        let degrading = DegradingRateLimitStore(
            shared: connection,
            local: fallsBack ? InMemoryRateLimitStore(SharedBuckets(), now: { [time] in time.now }) : nil,
            liveNodes: { [count] in count }, now: { [time] in time.now })
        let store = LeasingRateLimitStore(degrading, now: { [time] in time.now })
        let node = Node(store, connection, time)
        tick(node)
        return node
    }

    private func tick(_ node: Node) {
        time.after(10_000) { [weak self] in
            guard !node.isCrashed else { return }
            node.store.tick()
            self?.tick(node)
        }
    }

    /// Its leases are lost; another one takes its place.
    func crash(_ index: Int) {
        let old = nodes[index]
        old.isCrashed = true
        gone.append(old)
        nodes[index] = makeNode("\(index)-\(gone.count)", seed: UInt64(1000 + gone.count))
    }

    private var gone: [Node] = []
    var everyNode: [Node] { nodes + gone }

    final class Node {
        let store: LeasingRateLimitStore
        let connection: SimulatedConnection
        private let time: VirtualTime
        var isCrashed = false
        private(set) var admitted = 0
        private(set) var refused = 0
        private(set) var unavailable = 0
        private(set) var longestWait = 0
        /// When tokens of leases were spent.
        private(set) var payments: [(time: Int, cost: Int)] = []
        private var paid = 0
        private var unused: [Asker] = []

        init(_ store: LeasingRateLimitStore, _ connection: SimulatedConnection, _ time: VirtualTime) {
            self.store = store
            self.connection = connection
            self.time = time
        }

        var answered: Int { admitted + refused + unavailable }

        func request(_ policies: [LimitPolicy], subject: StaticString = "s", cost: Int = 1) {
            let asker = unused.popLast() ?? Asker(self)
            asker.request.reset()
            let bytes = Bytes(start: subject.utf8Start, count: subject.utf8CodeUnitCount)
            for policy in policies { asker.request.add(policy, subject: bytes, cost: cost) }
            asker.asked = time.now
            asker.request.waiter = asker
            if store.take(asker.request) { note(asker) }
            notePayments()
        }

        fileprivate func note(_ asker: Asker) {
            guard !isCrashed else { return }
            switch asker.request.outcome {
            case .admitted: admitted += 1
            case .refused: refused += 1
            case .unavailable: unavailable += 1
            }
            longestWait = max(longestWait, time.now - asker.asked)
            asker.request.waiter = nil
            unused.append(asker)
        }

        func notePayments() {
            let now = store.counters.paid
            if now != paid { payments.append((time.now, now - paid)) }
            paid = now
        }
    }

    fileprivate final class Asker: TakeWaiter {
        let request = TakeRequest()
        var asked = 0
        private unowned let node: Node
        init(_ node: Node) { self.node = node }
        func decided(_ request: TakeRequest) {
            node.note(self)
            node.notePayments()
        }
    }

    // MARK: Load

    /// Requests at one node, evenly spread but for a little noise, until the simulation ends.
    func load(_ node: Int, perSecond rate: Double, until end: Int) {
        let gap = max(1, Int(1_000_000 / rate))
        var next = time.now + random.number(0...gap)
        func step() {
            nodes[node].request(policies)
            next += random.number(gap / 2...gap + gap / 2)
            if next < end { time.at(next) { step() } }
        }
        time.at(next) { step() }
    }

    // MARK: Results

    var admitted: Int { everyNode.reduce(0) { $0 + $1.admitted } }
    var answered: Int { everyNode.reduce(0) { $0 + $1.answered } }
    var commands: Int { everyNode.reduce(0) { $0 + $1.connection.commands } }
    var commandsPerRequest: Double { Double(commands) / Double(max(1, answered)) }
    var longestWait: Int { everyNode.reduce(0) { max($0, $1.longestWait) } }

    /// Tokens that were spent above what a window of any length, beginning at any time, allows: must be 0.
    ///
    /// A bucket that is full at first and is charged with everything that was spent, when it was, holds that bound for
    /// all windows at once.
    func overAdmission(_ window: RateWindow) -> Int {
        let charges = redis.charges.values.flatMap { $0 } + everyNode.flatMap(\.payments)
        var bucket = TokenBucket(full: window, now: 0)
        var worst = 0
        for (time, cost) in charges.sorted(by: { $0.time < $1.time }) {
            bucket.advance(to: time, window)
            bucket.tokens -= cost
            worst = max(worst, -bucket.tokens)
        }
        return worst
    }
}

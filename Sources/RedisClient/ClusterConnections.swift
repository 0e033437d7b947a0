import NIOCore

/// One event loop's connections to the masters of a Redis Cluster, and the map that leads to them.
///
/// A command goes to the owner of its slot by the map. Where the map is behind the cluster, the node that was asked says
/// so, and the command goes on to the right one, within its deadline and a bounded number of times. One more connection,
/// to any node that answers, reads the map again: once a second, and at once after a redirection or a loss.
final class ClusterConnections {
    let eventLoop: any EventLoop
    let settings: RedisSettings
    var onChange: ((RedisConnection.Change) -> Void)?
    var map = ClusterMap()
    /// By the index that `map.masters` gives an address.
    private(set) var owners: [RedisConnection] = []
    /// All that are open, also those to nodes without slots.
    private var nodes: [RedisAddress: Node] = [:]
    private let guide: RedisConnection
    private var scripts: [RedisScript] = []
    /// What connections that are closed now have counted.
    private var retired = RedisCounters()
    var counted = RedisCounters()
    var waiting = RedirectedCommands()
    private var isRefreshing = false
    private var isRefreshScheduled = false
    private var lastRefresh = 0
    private var wasReady = false
    private var isClosed = false

    private struct Node {
        let connection: RedisConnection
        /// When a map or a redirection last named it.
        var lastNamed: Int
    }

    private var seedCount: Int { if case .cluster(let seeds) = settings.topology { seeds.count } else { 1 } }

    static let refreshMicroseconds = 1_000_000
    /// However many redirections and losses come at once.
    static let shortestRefreshMicroseconds = 20_000
    /// How long a connection outlives its node's last slot: longer than any command waits.
    static let lingerMicroseconds = 10_000_000

    init(_ settings: RedisSettings, on eventLoop: any EventLoop) {
        self.settings = settings
        self.eventLoop = eventLoop
        var own = settings
        own.timeout = settings.connectTimeout
        guide = RedisConnection(own, on: eventLoop)
    }

    func start() {
        guide.onChange = { [self] change in
            switch change {
            case .connected: refresh()
            // One seed that is gone is no news while another answers.
            case .unreachable(let error, let attempt): if attempt >= seedCount { follow(error, attempt: attempt) }
            case .lost, .closed: break
            }
        }
        guide.start()
        scheduleRefreshing()
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        guide.close()
        for address in nodes.keys { closeNode(address) }
        owners = []
        failWaiting(.closed)
        onChange?(.closed)
    }

    /// Whether every slot has a master and a working connection to it.
    var isReady: Bool { !isClosed && map.isComplete && owners.allSatisfy(\.isReady) }

    var pendingCommands: Int { nodes.values.reduce(waiting.count) { $0 + $1.connection.pendingCommands } }

    var counters: RedisCounters {
        nodes.values.reduce(into: retired + counted) { $0 += $1.connection.counters }
    }

    /// The connection to the owner of the slot; for a command without a key to any that is ready.
    func connection(for slot: RedisSlot?) -> RedisConnection? {
        guard !owners.isEmpty else { return nil }
        guard let slot else { return owners.first(where: \.isReady) ?? owners.first }
        return map.owner(of: slot).map { owners[$0] }
    }

    /// There is nobody to send a command to.
    func refuse(_ completion: RedisConnection.Completion) {
        counted.refused += 1
        completion(.failure(isClosed ? .closed : .disconnected))
    }

    func register(_ script: RedisScript) -> RedisScriptID {
        scripts.append(script)
        for node in nodes.values { _ = node.connection.register(script) }
        return RedisScriptID(index: scripts.count - 1)
    }

    // MARK: The map

    /// Reads the map again, soon.
    func refreshSoon() {
        let pause = lastRefresh + Self.shortestRefreshMicroseconds - RedisConnection.nowMicroseconds
        scheduleRefresh(in: max(pause, 0))
    }

    private func scheduleRefreshing() {
        guard !isClosed else { return }
        eventLoop.assumeIsolated().scheduleTask(in: .microseconds(Int64(Self.refreshMicroseconds))) { [self] in
            refreshSoon()
            scheduleRefreshing()
        }
    }

    private func scheduleRefresh(in pause: Int) {
        guard !isRefreshScheduled, !isClosed else { return }
        isRefreshScheduled = true
        eventLoop.assumeIsolated().scheduleTask(in: .microseconds(Int64(pause))) { [self] in
            isRefreshScheduled = false
            refresh()
        }
    }

    private func refresh() {
        guard !isRefreshing, !isClosed, guide.isReady else { return }
        isRefreshing = true
        lastRefresh = RedisConnection.nowMicroseconds
        guide.send { writer in
            writer.begin(words: 2)
            writer.append("CLUSTER")
            writer.append("SLOTS")
        } completion: { [self] result in
            isRefreshing = false
            learn(result)
        }
    }

    private func learn(_ result: Result<RedisReply, RedisError>) {
        guard !isClosed else { return }
        switch result {
        case .success(let reply):
            guard let next = ClusterMap(reply.value, from: guide.address) else {
                return passOver(.unexpectedReply("ranges of slots from CLUSTER SLOTS"))
            }
            // A node that was taken out of its cluster serves on, alone.
            guard !next.masters.isEmpty else {
                return passOver(.connection("\(guide.address) is of a cluster without slots"))
            }
            adopt(next)
        case .failure(let error): passOver(error)
        }
    }

    /// Another node may know better.
    private func passOver(_ error: RedisError) {
        guide.giveUp(error)
        follow(error)
    }

    private func adopt(_ next: ClusterMap) {
        map = next
        (guide.locator as? RotatingLocator)?.learned = next.masters + next.replicas
        attachOwners()
        closeUnnamed()
        follow(nil)
    }

    /// To be called whenever the map has new masters.
    func attachOwners() {
        owners = map.masters.map { connection(to: $0) }
    }

    // MARK: The nodes

    /// Whether redirections have led to more nodes than a cluster has.
    var isFull: Bool { nodes.count >= 2 * ClusterMap.mostMasters }

    /// The connection to a node, which is opened if there is none.
    func connection(to address: RedisAddress) -> RedisConnection {
        let now = RedisConnection.nowMicroseconds
        if let known = nodes[address] {
            nodes[address]?.lastNamed = now
            return known.connection
        }
        var own = settings
        own.topology = .single
        own.host = address.host
        own.port = address.port
        let connection = RedisConnection(own, on: eventLoop)
        nodes[address] = Node(connection: connection, lastNamed: now)
        for script in scripts { _ = connection.register(script) }
        connection.redirector = { [self, unowned connection] in redirect($0, $1, from: connection) }
        connection.onChange = { [self] change in follow(change) }
        connection.start()
        return connection
    }

    private func closeUnnamed() {
        let horizon = RedisConnection.nowMicroseconds - Self.lingerMicroseconds
        for (address, node) in nodes where node.lastNamed < horizon { closeNode(address) }
    }

    private func closeNode(_ address: RedisAddress) {
        guard let connection = nodes.removeValue(forKey: address)?.connection else { return }
        connection.onChange = nil
        connection.close()
        connection.redirector = nil
        retired += connection.counters
    }

    private func follow(_ change: RedisConnection.Change) {
        guard !isClosed else { return }
        switch change {
        case .connected: follow(nil)
        case .lost(let error):
            refreshSoon()
            follow(error)
        case .unreachable(let error, let attempt):
            // The guide may be cut off with the node that is gone, and so never hear who has replaced it.
            if attempt % 4 == 0 { guide.giveUp(error) } else { refreshSoon() }
            follow(error, attempt: attempt)
        case .closed: break
        }
    }

    /// Tells the owner when the cluster as a whole becomes usable, or stops being so.
    private func follow(_ error: RedisError?, attempt: Int = 1) {
        let isReady = isReady
        defer { wasReady = isReady }
        if isReady, !wasReady {
            onChange?(.connected)
        } else if !isReady, let error {
            onChange?(wasReady ? .lost(error) : .unreachable(error, attempt: attempt))
        }
    }
}

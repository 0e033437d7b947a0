import NIOCore

/// Finds the server that a connection shall open next. Called on the connection's loop, before each attempt.
protocol RedisLocator: AnyObject {
    /// Whether a server that is not a master is the wrong one.
    var wantsMaster: Bool { get }
    /// Called when another server than the one found before has become the right one.
    var onMove: ((RedisAddress) -> Void)? { get set }
    /// Completes once, unless the locator is closed meanwhile.
    func locate(_ completion: @escaping (Result<RedisAddress, RedisError>) -> Void)
    /// Ends all searching.
    func close()
}

extension RedisTopology {
    /// Nil: the server is known from the settings.
    func locator(for settings: RedisSettings, on eventLoop: any EventLoop) -> (any RedisLocator)? {
        switch self {
        case .single: nil
        case .sentinel(let sentinels): SentinelLocator(sentinels, settings: settings, on: eventLoop)
        case .cluster(let seeds): RotatingLocator(seeds)
        }
    }
}

/// Any of several servers will do: each attempt takes the next.
final class RotatingLocator: RedisLocator {
    let wantsMaster = false
    var onMove: ((RedisAddress) -> Void)?
    /// What the cluster told of itself; the seeds come after these.
    var learned: [RedisAddress] = []
    private let seeds: [RedisAddress]
    private var attempts: Int

    init(_ seeds: [RedisAddress]) {
        self.seeds = seeds
        // Workers and nodes spread over the servers.
        attempts = seeds.isEmpty ? 0 : Int.random(in: 0..<seeds.count)
    }

    func locate(_ completion: @escaping (Result<RedisAddress, RedisError>) -> Void) {
        let candidates = learned + seeds.filter { !learned.contains($0) }
        guard !candidates.isEmpty else { return completion(.failure(.connection("no address is configured"))) }
        attempts += 1
        completion(.success(candidates[attempts % candidates.count]))
    }

    func close() {}
}

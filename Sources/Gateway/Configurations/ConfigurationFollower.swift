import Configuration
import Filters
import NIOCore
import NIOPosix
import RedisClient
import Telemetry

/// Keeps a node at the configuration that its cluster's Redis holds (`sluice run --config redis`).
///
/// News comes through `<namespace>:events`; as messages may be lost, Redis is asked again every few seconds and whenever the
/// subscription is made anew. What the node makes of a revision it acknowledges there. The last one that was live and
/// good is kept on disk, for a start without Redis.
package actor ConfigurationFollower: ConfigurationSource {
    package struct Settings: Sendable {
        /// How Redis is reached, and the cluster's namespace.
        package var state: StateSettings
        /// What relative paths in the configuration are relative to.
        package var directory: String
        package var environment: [String: String]
        package var lastGood: LastGoodFile
        /// How long a start waits for Redis where nothing is kept on disk.
        package var patience = Duration.seconds(15)

        package init(
            state: StateSettings, directory: String, environment: [String: String], lastGood: LastGoodFile
        ) {
            self.state = state
            self.directory = directory
            self.environment = environment
            self.lastGood = lastGood
        }
    }

    /// Redis is asked this often if nothing is heard.
    private static let reread = Duration.seconds(5)
    /// A refused revision is tried again after this: what it lacked, a file or a free address, may be there now.
    private static let retryMicroseconds = 60_000_000

    private let settings: Settings
    private let log: StructuredLog
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private var client: RedisClient?
    private var subscription: NIOLoopBound<RedisSubscription>?
    private var task: Task<Void, Never>?
    private var node: GatewayNode?
    /// What the node runs, as Redis numbers it; nil: not known to be any of its revisions.
    private var running: Int?
    private var runningText = ""
    private var saved: Int?
    private var lastCatchUp: Task<Void, any Error>?
    private var refused: (number: Int, at: Int)?

    package init(_ settings: Settings, log: StructuredLog) {
        self.settings = settings
        self.log = log
    }

    // MARK: Start

    /// The configuration to start with: what is live, or else the last good one from disk.
    /// - Throws: `NoConfiguration` when there is neither.
    package func first() async throws -> (configuration: GatewayConfiguration, origin: ConfigurationOrigin) {
        let kept = try keptOnDisk()
        let reason: String
        do {
            guard let order = try await ask(for: kept == nil ? settings.patience : .seconds(3)), let text = order.text
            else { throw NoConfiguration.nothingLive(place, namespace: settings.state.namespace) }
            let configuration: GatewayConfiguration
            do {
                configuration = try Self.parse(text, order.number, settings)
            } catch {
                throw NoConfiguration.refused(order.number, "\(error)")
            }
            (running, runningText) = (order.number, text)
            return (configuration, .redis(revision: order.number))
        } catch {
            reason = "\(error)"
            guard kept != nil else { throw error }
        }
        guard let kept else { throw NoConfiguration.nothingLive(place, namespace: settings.state.namespace) }
        log.warning(
            "starting with the configuration that was kept on disk",
            ["revision": .integer(kept.revision), "file": .string(settings.lastGood.path), "reason": .string(reason)])
        return (try Self.parse(kept.text, kept.revision, settings), .disk(revision: kept.revision))
    }

    private func keptOnDisk() throws -> (revision: Int, text: String)? {
        do {
            return try settings.lastGood.load()
        } catch {
            log.warning("the configuration on disk can't be used", ["reason": .string("\(error)")])
            return nil
        }
    }

    private func ask(for patience: Duration) async throws -> RevisionsInRedis.Order? {
        let end = ContinuousClock.now + patience
        while true {
            do {
                return try await revisions().look(node: "", known: nil)
            } catch {
                guard ContinuousClock.now < end else { throw NoConfiguration.unreachable(place, "\(error)") }
                try await Task.sleep(for: .milliseconds(200))
            }
        }
    }

    // MARK: Following

    /// Keeps the node, which has started, at what Redis says, until `stop`.
    package func follow(_ node: GatewayNode) async throws {
        self.node = node
        let (news, announce) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let loop = group.next()
        let redis = try redisSettings()
        let channel = "\(settings.state.namespace):events"
        subscription = try await loop.submit {
            let subscription = RedisSubscription(redis, channels: [channel], on: loop)
            subscription.onSubscribed = { announce.yield() }
            subscription.onMessage = { _, payload in if RevisionsInRedis.isNews(payload) { announce.yield() } }
            subscription.start()
            return NIOLoopBound(subscription, eventLoop: loop)
        }.get()
        task = Task { [weak self] in
            let ticks = Task {
                while !Task.isCancelled {
                    try? await Task.sleep(for: Self.reread)
                    announce.yield()
                }
            }
            if let running = await self?.running { await self?.acknowledge(running, nil) }
            await self?.keep()
            for await _ in news {
                guard !Task.isCancelled else { break }
                // What goes wrong is told by the node, or tried again with the next tick.
                try? await self?.catchUp(isAsked: false)
            }
            ticks.cancel()
        }
    }

    /// Asks Redis now, and also tries what was refused before: SIGHUP and `POST /api/reload`.
    package func reload() async throws { try await catchUp(isAsked: true) }

    package func stop() async {
        task?.cancel()
        if let subscription { try? await group.next().submit { subscription.value.close() }.get() }
        try? await client?.close()
        try? await group.shutdownGracefully()
    }

    /// One at a time: what Redis said first must not be carried out last.
    private func catchUp(isAsked: Bool) async throws {
        let previous = lastCatchUp
        let task = Task {
            _ = await previous?.result
            try await look(isAsked: isAsked)
        }
        lastCatchUp = task
        try await task.value
    }

    private func look(isAsked: Bool) async throws {
        guard let node else { return }
        let order = try await revisions().look(node: node.nodeID, known: isAsked ? nil : running)
        guard let order else { return }
        if let text = order.text { try await take(order, text, node, isAsked: isAsked) }
        if order.number == running, !order.isCandidate { keep() }
        guard order.isCandidate else { return }
        // A trial ends by itself when whoever began it has gone: then the live one is due.
        let pause = Duration.microseconds(order.leftMicroseconds) + .milliseconds(50)
        Task { [weak self] in
            try? await Task.sleep(for: pause)
            try? await self?.catchUp(isAsked: false)
        }
    }

    private func take(
        _ order: RevisionsInRedis.Order, _ text: String, _ node: GatewayNode, isAsked: Bool
    ) async throws {
        let now = StructuredLog.wallClock()
        if let refused, refused.number == order.number, now - refused.at < Self.retryMicroseconds, !isAsked { return }
        do {
            try await node.reload(from: .redis(revision: order.number)) { [settings] in
                try Self.parse(text, order.number, settings)
            }
        } catch {
            refused = (order.number, now)
            await acknowledge(order.number, "\(error)")
            throw error
        }
        (running, runningText, refused) = (order.number, text, nil)
        await acknowledge(order.number, nil)
    }

    private func acknowledge(_ number: Int, _ refusal: String?) async {
        guard let node else { return }
        do {
            try await revisions().acknowledge(number, node: node.nodeID, refusal: refusal)
        } catch {
            log.warning("a revision could not be acknowledged", ["reason": .string("\(error)")])
        }
    }

    private func keep() {
        guard let running, saved != running else { return }
        do {
            try settings.lastGood.save(revision: running, text: runningText)
            saved = running
        } catch {
            log.warning("the configuration could not be kept on disk", ["reason": .string("\(error)")])
        }
    }

    // MARK: Redis

    private var place: String { settings.state.redis?.description ?? "Redis" }

    private func revisions() async throws -> RevisionsInRedis {
        if let client { return RevisionsInRedis(client, namespace: settings.state.namespace) }
        let client = try await RedisClient.start(try redisSettings(), on: group.next())
        self.client = client
        return RevisionsInRedis(client, namespace: settings.state.namespace)
    }

    private func redisSettings() throws -> RedisSettings {
        guard var redis = try RedisSettings(settings.state, clientName: "sluice-configuration") else {
            throw NoConfiguration.unreachable("Redis", "none is named")
        }
        // No request waits for it.
        redis.timeout = .seconds(2)
        redis.longestBackoff = .seconds(1)
        return redis
    }

    private static func parse(_ text: String, _ number: Int, _ settings: Settings) throws -> GatewayConfiguration {
        var configuration = try GatewayConfiguration.parse(
            text: text, file: "revision \(number)", directory: settings.directory, environment: settings.environment)
        // What the node was told at its start need not be repeated in what is pushed.
        if configuration.state.redis == nil {
            configuration.state.redis = settings.state.redis
            configuration.state.tls = settings.state.tls
            configuration.state.namespace = settings.state.namespace
        }
        return configuration
    }
}

/// Why a node that follows its cluster can't start.
package enum NoConfiguration: Error, CustomStringConvertible {
    case nothingLive(String, namespace: String)
    case unreachable(String, String)
    case refused(Int, String)

    package var description: String {
        switch self {
        case .nothingLive(let place, let namespace):
            "no configuration is live in namespace \(namespace) of \(place); push one: sluice config push gateway.yaml"
        case .unreachable(let place, let reason):
            "\(place): \(reason); and no configuration was kept on disk: start Redis, or name it by --redis URL or SLUICE_REDIS"
        case .refused(let number, let reason):
            "revision \(number) can't be used by this node, and no other one was kept on disk:\n\(reason)"
        }
    }
}

import NIOCore
import RedisClient
import Synchronization

/// The breakers of this node by their upstreams, and the way by which they are shared with the cluster. Without Redis
/// nothing is started, and each breaker is the node's own.
package final class ClusterBreakers: Sendable {
    private struct Guarded {
        var breakers: [String: SharedBreaker] = [:]
        var reporter: NIOLoopBound<BreakerReporter>?
        var loop: (any EventLoop)?
        var onLimitsChanged: (@Sendable () -> Void)?
        var onCacheEvent: (@Sendable (CacheEvent?) -> Void)?
        var onConsumerEvent: (@Sendable (ConsumerEvent) -> Void)?
        var onHealthChanged: (@Sendable (String) -> Void)?
        var onCaptureEvent: (@Sendable (String) -> Void)?
    }

    private let guarded = Mutex(Guarded())
    private let isWoken = Atomic<Bool>(false)

    package init() {}

    /// The breakers of a configuration that is put to work.
    package func adopt(_ breakers: [String: SharedBreaker]) {
        guarded.withLock { $0.breakers = breakers }
    }

    /// What to do when an operator has changed what is left of a limit: the same channel tells.
    package func whenLimitsChange(_ body: @escaping @Sendable () -> Void) {
        guarded.withLock { $0.onLimitsChanged = body }
    }

    /// What to do when cached responses have changed somewhere (nil: they may have): the same channel tells.
    package func whenCacheChanges(_ body: @escaping @Sendable (CacheEvent?) -> Void) {
        guarded.withLock { $0.onCacheEvent = body }
    }

    /// What to do when a consumer, key or plan has changed: the same channel tells.
    package func whenConsumersChange(_ body: @escaping @Sendable (ConsumerEvent) -> Void) {
        guarded.withLock { $0.onConsumerEvent = body }
    }

    /// What to do when the health of an upstream's targets has changed elsewhere: the same channel tells.
    package func whenHealthChanges(_ body: @escaping @Sendable (String) -> Void) {
        guarded.withLock { $0.onHealthChanged = body }
    }

    /// What to do when a capture was made or ended elsewhere, with what was said of it: the same channel tells.
    package func whenCapturesChange(_ body: @escaping @Sendable (String) -> Void) {
        guarded.withLock { $0.onCaptureEvent = body }
    }

    /// Has what is urgent reported at once; cheap to call often. On any thread.
    package func wake() {
        guard !isWoken.exchange(true, ordering: .relaxed) else { return }
        let (reporter, loop) = guarded.withLock { ($0.reporter, $0.loop) }
        guard let reporter, let loop else { return isWoken.store(false, ordering: .relaxed) }
        loop.execute { [self] in
            // Before it looks, so that what comes later wakes it again.
            isWoken.store(false, ordering: .relaxed)
            reporter.value.report()
        }
    }

    /// Begins to share them, until `stop`.
    /// - Parameter prepare: for others who share the link; called on its loop, before it is started.
    package func start(
        _ settings: RedisSettings, namespace: String, nodeID: String, on loop: any EventLoop,
        prepare: @escaping @Sendable (RedisLink) -> Void = { _ in }
    ) async throws {
        let reporter = try await loop.submit { [self] in
            let link = RedisLink(settings, on: loop)
            prepare(link)
            let reporter = BreakerReporter(
                link: link,
                subscription: RedisSubscription(settings, channels: ["\(namespace):events"], on: loop),
                namespace: namespace, nodeID: nodeID, breakers: { [self] in guarded.withLock { $0.breakers } },
                onLimitsChanged: { [self] in guarded.withLock { $0.onLimitsChanged }?() },
                onCacheEvent: { [self] event in guarded.withLock { $0.onCacheEvent }?(event) },
                onConsumerEvent: { [self] event in guarded.withLock { $0.onConsumerEvent }?(event) },
                onHealthChanged: { [self] upstream in guarded.withLock { $0.onHealthChanged }?(upstream) },
                onCaptureEvent: { [self] text in guarded.withLock { $0.onCaptureEvent }?(text) })
            reporter.start()
            return NIOLoopBound(reporter, eventLoop: loop)
        }.get()
        guarded.withLock { ($0.reporter, $0.loop) = (reporter, loop) }
    }

    package func stop() async {
        let (reporter, loop) = guarded.withLock { guarded in
            defer { (guarded.reporter, guarded.loop) = (nil, nil) }
            return (guarded.reporter, guarded.loop)
        }
        guard let reporter, let loop else { return }
        try? await loop.submit { reporter.value.stop() }.get()
    }
}

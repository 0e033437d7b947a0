import GatewayCore
import NIOCore
import Policies
import RedisClient

/// Keeps this node's breakers and the cluster's in step, off the path of requests: one for the node, on one event loop,
/// with one link to Redis and one subscription.
///
/// Every 100 ms it reports what the upstreams' requests came to (every 500 ms while none fails), one script call for each
/// upstream that has something to tell, all in one write; a probe's end and a question for a probe go at once.
/// Replies and events bring the cluster's decisions. Each breaker asks at least once a second even if it has nothing to
/// tell, since an event may be lost; and when the subscription is made anew all ask at once.
final class BreakerReporter {
    static let tick = TimeAmount.milliseconds(100)
    static let rereadMicroseconds = 1_000_000
    /// A breaker whose questions are not answered for this long decides alone.
    static let patienceMicroseconds = 3_000_000

    private struct Line {
        var asked = Int.min / 2
        var answered = Int.min / 2
        var isWaiting = false
    }

    private let link: RedisLink
    private let subscription: RedisSubscription
    private let scripts: BreakerScripts
    private let nodeID: String
    private let breakers: () -> [String: SharedBreaker]
    private let now: () -> Int
    private var lines: [String: Line] = [:]
    private var isStopped = false
    /// An operator has changed what is left of a limit.
    private let onLimitsChanged: () -> Void
    /// A message about cached responses; nil: some may have been lost.
    private let onCacheEvent: (CacheEvent?) -> Void
    private let onConsumerEvent: (ConsumerEvent) -> Void
    /// Health checks of an upstream have found something.
    private let onHealthChanged: (String) -> Void
    /// A capture was made or ended.
    private let onCaptureEvent: (String) -> Void

    init(
        link: RedisLink, subscription: RedisSubscription, namespace: String, nodeID: String,
        breakers: @escaping () -> [String: SharedBreaker], onLimitsChanged: @escaping () -> Void = {},
        onCacheEvent: @escaping (CacheEvent?) -> Void = { _ in },
        onConsumerEvent: @escaping (ConsumerEvent) -> Void = { _ in },
        onHealthChanged: @escaping (String) -> Void = { _ in },
        onCaptureEvent: @escaping (String) -> Void = { _ in },
        now: @escaping () -> Int = MonotonicClock.microseconds
    ) {
        self.link = link
        self.subscription = subscription
        self.nodeID = nodeID
        self.breakers = breakers
        self.onLimitsChanged = onLimitsChanged
        self.onCacheEvent = onCacheEvent
        self.onConsumerEvent = onConsumerEvent
        self.onHealthChanged = onHealthChanged
        self.onCaptureEvent = onCaptureEvent
        self.now = now
        scripts = BreakerScripts(link: link, namespace: namespace)
    }

    /// Runs until it is stopped. On its loop.
    func start() {
        subscription.onMessage = { [self] _, payload in hear(payload) }
        subscription.onSubscribed = { [self] in
            onCacheEvent(nil)
            report(isForced: true)
        }
        link.onChange = { [self] change in
            if change == .connected { report(isForced: true) }
        }
        link.start()
        subscription.start()
        scheduleTick()
    }

    private func scheduleTick() {
        link.eventLoop.assumeIsolated().scheduleTask(in: Self.tick) { [self] in
            guard !isStopped else { return }
            report()
            scheduleTick()
        }
    }

    func stop() {
        isStopped = true
        subscription.onMessage = nil
        subscription.onSubscribed = nil
        subscription.close()
        link.onChange = nil
        link.close()
    }

    /// Reports whatever there is to report.
    /// - Parameter isForced: also asks for the state of those that have nothing to tell.
    func report(isForced: Bool = false) {
        let breakers = breakers()
        // A reload may have removed some.
        if lines.count > breakers.count { lines = lines.filter { breakers[$0.key] != nil } }
        let now = now()
        for (upstream, breaker) in breakers { report(breaker, of: upstream, isForced: isForced, now) }
    }

    private func report(_ breaker: SharedBreaker, of upstream: String, isForced: Bool, _ now: Int) {
        let line = lines[upstream, default: Line()]
        if now - line.answered >= Self.patienceMicroseconds { breaker.leave(now: now) }
        // One question at a time, so that answers come in order and a Redis that hangs is not piled upon.
        guard !line.isWaiting, link.isReady else { return }
        let isDue = isForced || now - line.asked >= Self.rereadMicroseconds
        guard isDue || breaker.hasNews(now: now) else { return }
        lines[upstream, default: line].asked = now
        lines[upstream]?.isWaiting = true
        let (report, settings) = breaker.takeReport(now: now)
        scripts.synchronize(upstream, node: nodeID, report, settings) { [self] reply in
            conclude(reply, upstream, breaker, isAnswer: report.asksForProbe, asked: now)
        }
    }

    private func conclude(
        _ reply: BreakerScripts.Reply?, _ upstream: String, _ breaker: SharedBreaker, isAnswer: Bool, asked: Int
    ) {
        lines[upstream]?.isWaiting = false
        let now = now()
        if let reply {
            lines[upstream]?.answered = now
            breaker.hear(reply.view, isReply: true, now: now)
        }
        if isAnswer { breaker.granted(reply?.number ?? 0, epoch: reply?.view.epoch ?? 0, asked: asked) }
        // What became urgent while this was under way.
        if reply != nil, breaker.hasUrgentNews { report(breaker, of: upstream, isForced: true, now) }
    }

    private func hear(_ payload: [UInt8]) {
        if let event = CacheEvent(payload) { return onCacheEvent(event) }
        if let event = ConsumerEvent(payload) { return onConsumerEvent(event) }
        let text = String(decoding: payload, as: UTF8.self)
        if text.hasPrefix("limits ") { return onLimitsChanged() }
        if text.hasPrefix("capture ") { return onCaptureEvent(String(text.dropFirst(8))) }
        if text.hasPrefix("health ") { return onHealthChanged(String(text.dropFirst(7))) }
        guard let event = ClusterView.parse(event: text) else { return }
        breakers()[event.upstream]?.hear(event.view, isReply: false, now: now())
    }
}

import GatewayCore
import NIOCore
import RedisClient

/// Keeps what this node and the others know of targets' health in step, so that one node of the cluster checks each upstream:
/// whoever holds its lease in Redis. When that node dies, the lease lapses and another takes over.
///
/// Each node asks once an interval, the checking one with its findings; findings that have changed go at once, and the others
/// hear of it through `<namespace>:events`. Without Redis each node checks for itself.
final class HealthSharing {
    static let tick = TimeAmount.milliseconds(100)
    /// Nodes ask at least so often, whatever the interval of the checks.
    static let longestPauseMicroseconds = 2_000_000
    private static let shortestLeaseMicroseconds = 1_000_000

    private struct Line {
        var asked = Int.min / 2
        var answered: Int
        var isWaiting = false
        var told: [String: Bool] = [:]
        var isUrgent = false
    }

    private let link: RedisLink
    private let script: HealthScript
    private let nodeID: String
    private let checks: () -> [String: any ClusterChecks]
    private let now: () -> Int
    private var lines: [String: Line] = [:]
    private var isStopped = false

    init(
        link: RedisLink, namespace: String, nodeID: String, checks: @escaping () -> [String: any ClusterChecks],
        now: @escaping () -> Int = MonotonicClock.microseconds
    ) {
        self.link = link
        self.nodeID = nodeID
        self.checks = checks
        self.now = now
        script = HealthScript(link: link, namespace: namespace)
    }

    /// Runs until it is stopped. On its loop.
    func start() { scheduleTick() }

    private func scheduleTick() {
        link.eventLoop.assumeIsolated().scheduleTask(in: Self.tick) { [self] in
            guard !isStopped else { return }
            share()
            scheduleTick()
        }
    }

    /// Findings of an upstream have changed elsewhere.
    func heard(of upstream: String) {
        lines[upstream]?.isUrgent = true
        share()
    }

    /// Others need not wait for the lease to lapse.
    func stop() {
        isStopped = true
        for (upstream, check) in checks() where check.checksForCluster && link.isReady {
            script.share(upstream, node: nodeID, lease: 0, findings: nil) { _ in }
        }
    }

    private func share() {
        let checks = checks()
        if lines.count > checks.count { lines = lines.filter { checks[$0.key] != nil } }
        let now = now()
        for (upstream, check) in checks { share(upstream, check, now) }
    }

    private func share(_ upstream: String, _ check: any ClusterChecks, _ now: Int) {
        let line = lines[upstream, default: Line(answered: now)]
        lines[upstream] = line
        let pause = min(check.intervalMicroseconds, Self.longestPauseMicroseconds)
        let lease = max(3 * pause, Self.shortestLeaseMicroseconds)
        if now - line.answered > lease { check.check(forCluster: true) }
        guard !line.isWaiting, link.isReady else { return }
        let findings = check.checksForCluster ? check.verdicts : nil
        let hasNews = findings.map { $0 != line.told } ?? false
        guard hasNews || line.isUrgent || now - line.asked >= pause else { return }
        lines[upstream]?.asked = now
        lines[upstream]?.isWaiting = true
        lines[upstream]?.isUrgent = false
        script.share(upstream, node: nodeID, lease: lease, findings: findings) { [self] reply in
            lines[upstream]?.isWaiting = false
            guard let reply, !isStopped else { return }
            lines[upstream]?.answered = self.now()
            if let findings { lines[upstream]?.told = findings }
            check.check(forCluster: reply.isProber)
            if !reply.isProber { check.hear(reply.verdicts) }
        }
    }
}

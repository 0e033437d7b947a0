import Foundation
import Policies
import TestSupport
import Testing
import Verification

/// Three nodes under a load that is more than their policy lets pass, and what of it may be said whatever happened to
/// them: STATE.md, promises 1 and 4.
final class ChaosCluster: Sendable {
    /// Small, so that a test's few seconds see it spent many times; two windows, so that none is decided without the other.
    static let rates = "200/second, 50/100ms"
    static let quotas = [
        Quota(RateWindow(count: 200, periodMicroseconds: 1_000_000)),
        Quota(RateWindow(count: 50, periodMicroseconds: 100_000)),
    ]

    let nodes: [Node]
    let load: VerificationLoad

    /// Starts the nodes and, when all know each other, the load.
    init(redis url: String, seed: UInt64 = 1) async throws {
        var settings = LoadSettings()
        settings.rate = 400
        settings.seed = seed
        load = try await VerificationLoad(settings)
        var nodes: [Node] = []
        for index in 1...3 {
            nodes.append(
                try await Node(
                    """
                    access_log: { path: off }
                    drain: 1s
                    state: { redis: "\(url)" }
                    upstreams: { app: { targets: ["\(load.upstreamURL)"], breaker: off } }
                    routes:
                      - name: all
                        limit: { per: "header:\(LoadSettings.subjectHeader)", rates: [\(Self.rates)] }
                        upstream: app
                    """, name: "node\(index)"))
        }
        self.nodes = nodes
        // A node counts the others once a second; until then it would take more than its share of an outage.
        try await Task.sleep(for: .milliseconds(1200))
        try await load.start(nodes.map { LoadTarget(port: $0.port) }, comparesDirectly: true)
    }

    /// Lets the load go on for a while.
    func go(on milliseconds: Int) async throws { try await Task.sleep(for: .milliseconds(milliseconds)) }

    /// Waits until every node decides with Redis again, without anybody's help.
    func waitForRecovery() async throws {
        let since = VerificationLoad.now
        try await eventually("all nodes decide with Redis again", within: .seconds(30), every: .milliseconds(50)) {
            let recent = try await load.observation.requests.reversed().prefix { $0.sent > since - 500_000 }
            return nodes.indices.allSatisfy { node in
                let own = recent.filter { $0.node == node && $0.ended > since && $0.ending == .answered }
                return own.contains(where: \.isAdmitted) && own.prefix(5).allSatisfy { !$0.isDegraded }
            }
        }
    }

    /// Ends the load and expects what holds whatever happened.
    /// - Parameters:
    ///   - starts: how often each node was started again.
    ///   - losses: how often Redis lost what it knew.
    ///   - stopped: when which node was not running; what it did not answer then is not its fault.
    @discardableResult
    func finish(
        starts: [Int: Int] = [:], losses: Int = 0, stopped: [(node: Int, span: Range<Int>)] = [],
        _ location: SourceLocation = #_sourceLocation
    ) async throws -> Observation {
        let observation = try await load.stop()
        try await load.shutDown()
        let verdict = Verdict(observation, Self.quotas, nodes: nodes.count, starts: starts, losses: losses)
        #expect(verdict.shared.excess == 0, "with Redis: \(verdict.shared)", sourceLocation: location)
        #expect(verdict.alone.excess == 0, "without Redis: \(verdict.alone)", sourceLocation: location)
        let statuses = observation.statuses
        #expect(Set(statuses.keys).isSubset(of: [200, 429]), "\(statuses)", sourceLocation: location)
        let unstopped = observation.requests.filter { request in
            !stopped.contains {
                $0.node == request.node && $0.span.overlaps(request.sent..<max(request.ended, request.sent + 1))
            }
        }
        // The state timeout is 50 ms. How slow the machine is, requests to the upstream alone tell.
        let slowest = unstopped.map(\.duration).max() ?? 0
        let patience = 600_000 + (observation.direct.max() ?? 0)
        #expect(slowest < patience, "\(slowest) µs", sourceLocation: location)
        let unanswered = unstopped.count { $0.ending != .answered }
        #expect(unanswered == 0, "\(observation.endings)", sourceLocation: location)
        let ideal = observation.ideal(Self.quotas)
        #expect(observation.admitted.count > ideal / 2, "\(observation.admitted.count)", sourceLocation: location)
        return observation
    }
}

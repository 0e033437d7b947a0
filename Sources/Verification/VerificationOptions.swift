import Policies

/// What is to be verified, and how.
package struct VerificationOptions: Sendable {
    /// Nodes to start, when no running ones are named.
    package var cluster = VerifiedCluster.Plan()
    /// Running nodes, as the user wrote them; empty: nodes are started.
    package var targets: [LoadTarget] = []
    /// What is asked of running nodes.
    package var path = "/"
    package var headers: [String] = []
    /// The windows of the policy: token buckets.
    package var windows: [RateWindow] = []
    /// Microseconds.
    package var duration = 30_000_000
    package var hasChaos = false
    /// Requests per second; nil: enough to have the policy at its limit all the time.
    package var rate: Double?
    package var subjects = 1
    package var seed: UInt64 = 1

    package init() {}

    package var quotas: [Quota] { windows.map(Quota.init) }

    package var nodeCount: Int { targets.isEmpty ? cluster.nodes : targets.count }

    /// Half as much again as the policy lets pass in this time; at least enough to see something.
    package var effectiveRate: Double {
        if let rate { return rate }
        let seconds = Double(duration) / 1e6
        let allowed = quotas.map { $0.allowed(in: duration) }.min() ?? 0
        return min(max(1.5 * Double(allowed * subjects) / seconds, 50), 20_000)
    }

    var load: LoadSettings {
        var settings = LoadSettings()
        settings.rate = effectiveRate
        settings.subjects = subjects
        settings.seed = seed
        settings.headers = headers
        if !targets.isEmpty {
            settings.path = path
            settings.numbersRequests = false
        }
        return settings
    }
}

/// Whether what was admitted is what the policy promises, also while faults came and went.
///
/// Two bounds, each for every interval. What nodes decided with Redis, or from a lease that Redis gave them, is at most
/// capacity + rate × time of the policy. What a node decided alone, because Redis did not answer (it says so in
/// `Sluice-Degraded`), is at most capacity + rate × time of its share, which is the policy divided by the nodes
/// (STATE.md, promises 1 and 4). No fault loosens either of them, except that a killed node has forgotten what it spent
/// of its share, and that a Redis which lost its data has forgotten what was spent of the bucket.
package struct Verdict: Hashable, Sendable {
    /// Admissions decided with Redis.
    package let shared: BoundCheck
    /// The worst node's admissions decided without.
    package let alone: BoundCheck
    /// All of them in one: more than the policy only when some were decided without Redis.
    package let together: BoundCheck
    package let decidedAlone: Int

    /// Must be 0.
    package var overAdmission: Int { max(shared.excess, alone.excess) }

    /// - Parameters:
    ///   - nodes: how many share the policy.
    ///   - starts: how often each node was started again.
    ///   - losses: how often Redis lost all it knew.
    package init(
        _ observation: Observation, _ quotas: [Quota], nodes: Int, starts: [Int: Int] = [:], losses: Int = 0
    ) {
        let unknown = UnknownDecisions(observation)
        shared = observation.check(quotas.map { $0.refilled(times: losses) }) {
            !$0.isDegraded && !unknown.contains($0)
        }
        var worst = BoundCheck([], Quota(capacity: 0, rate: 0))
        for node in 0..<nodes {
            let shares = quotas.map { $0.share(among: nodes).refilled(times: starts[node] ?? 0) }
            worst = worst.worse(observation.check(shares) { $0.isDegraded && $0.node == node })
        }
        alone = worst
        together = observation.check(quotas)
        decidedAlone = observation.requests.count { $0.isAdmitted && $0.isDegraded }
    }
}

/// Admissions that nobody can tell how they were decided: the upstream had them, but the answer, which would have said
/// so, was lost, and their node decided alone at about that time.
private struct UnknownDecisions {
    private var spans: [Int: Set<Int>] = [:]
    private static let span = 2_000_000

    init(_ observation: Observation) {
        for request in observation.requests where request.isDegraded {
            spans[request.node, default: []].insert(request.sent / Self.span)
        }
    }

    func contains(_ request: Observed) -> Bool {
        guard request.ending != .answered, let spans = spans[request.node] else { return false }
        let span = request.sent / Self.span
        return spans.contains(span - 1) || spans.contains(span) || spans.contains(span + 1)
    }
}

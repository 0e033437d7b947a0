import Policies

/// This node's shares of the limits, made when they are first needed.
struct LimitShares {
    private struct Share {
        /// Keeps the identity that it is found by from being reused.
        let whole: LimitPolicy
        let nodes: Int
        let policy: LimitPolicy
    }

    private var shares: [ObjectIdentifier: Share] = [:]
    /// Policies of earlier configurations would otherwise pile up over reloads.
    private static let most = 10_000

    mutating func share(of policy: LimitPolicy, among nodes: Int) -> LimitPolicy {
        if nodes <= 1 { return policy }
        if let known = shares[ObjectIdentifier(policy)], known.nodes == nodes { return known.policy }
        let share = LimitPolicy(
            name: policy.name, windows: policy.windows.map { $0.share(among: nodes) },
            concurrency: policy.concurrency.map { max(1, $0 / nodes) }, isShadow: policy.isShadow)
        if shares.count >= Self.most { shares.removeAll() }
        shares[ObjectIdentifier(policy)] = Share(whole: policy, nodes: nodes, policy: share)
        return share
    }
}

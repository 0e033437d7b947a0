extension RateWindow {
    /// What one of `nodes` nodes may admit of this window while they can't ask each other: all together, no more than it.
    ///
    /// The period stays, for it names the window; so when the number of live nodes changes, a bucket is rescaled instead
    /// of beginning anew. The rate is divided exactly. Of the tokens at hand (`startingTokens`) a node gets whole ones:
    /// with fewer tokens than nodes it begins with none, and earns one in `nodes` times the time.
    package func share(among nodes: Int) -> RateWindow {
        let nodes = Self.nodeRange.clamping(nodes)
        guard nodes > 1 else { return self }
        let capacity = max(1, capacity / nodes)
        guard kind == .bucket else {
            return RateWindow(
                count: max(1, count / nodes), periodMicroseconds: periodMicroseconds, capacity: capacity, kind: kind)
        }
        return RateWindow(self, capacity: capacity, terms: Terms(count: count, period: periodMicroseconds * nodes))
    }

    /// Whole tokens of a node's share of those that were left.
    package static func startingTokens(of remaining: Int, among nodes: Int) -> Int {
        max(0, remaining) / nodeRange.clamping(nodes)
    }

    private static let nodeRange = 1...10_000
}

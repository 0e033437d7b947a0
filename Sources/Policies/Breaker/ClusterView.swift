/// The state of an upstream's breaker as the cluster has decided it, as a node hears of it: in a reply or an event.
package struct ClusterView: Hashable, Sendable {
    package var state: Breaker.State
    /// Larger with each transition, also across the loss of the key: the fencing token of probes and reports.
    package var epoch: Int
    /// Open: until it may be probed. Half-open: until a probe may be asked for. Closed: until an operator's order to stay
    /// closed ends; 0: there is none.
    package var remainingMicroseconds: Int
    /// Why, for the log.
    package var cause: String

    package init(state: Breaker.State, epoch: Int, remainingMicroseconds: Int, cause: String) {
        self.state = state
        self.epoch = epoch
        self.remainingMicroseconds = remainingMicroseconds
        self.cause = cause
    }

    /// The event `breaker <upstream> <state> <epoch> <remaining µs> <cause>`; nil if it is none.
    package static func parse(event: some StringProtocol) -> (upstream: String, view: ClusterView)? {
        let words = event.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: false)
        guard words.count == 6, words[0] == "breaker", let state = Breaker.State(rawValue: String(words[2])),
            let epoch = Int(words[3]), epoch > 0, let remaining = Int(words[4]), remaining >= 0
        else { return nil }
        let view = ClusterView(
            state: state, epoch: epoch, remainingMicroseconds: min(remaining, TokenBucket.longestWait),
            cause: String(words[5]))
        return (String(words[1]), view)
    }
}

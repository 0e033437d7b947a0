import HTTPWire

/// A node's own memory, as what it falls back on: decides at once.
package protocol LocalRateLimitStore: RateLimitStore {
    /// Lowers the buckets of a policy and subject to at most these tokens, window by window; more they do not get.
    func lower(_ policy: LimitPolicy, subject: Bytes, to tokens: [Int])
}

/// Knows what was left in the shared store when it last answered.
protocol RemainingSource: AnyObject {
    /// Tokens of a window of an entry of the request that asks; nil if it is not known.
    func remaining(entry: Int, window: Int) -> Int?
}

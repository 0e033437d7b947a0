/// How many tokens a key was asked for lately, as the measure of how many it will be asked for soon.
///
/// A level that each request raises by its cost and that fades with time: under a steady demand of r tokens per
/// microsecond it settles at r · `memory`. It fades in straight lines between requests, which needs one division and
/// differs from an exponential only where requests are so rare that no lease is worth it.
package struct Demand: Hashable, Sendable {
    private var level = 0.0
    private var updated = 0
    /// Cost of the latest request. It is paid for; what is expected are those after it.
    private var latest = 0

    /// What is longer ago than this has no weight, in microseconds.
    static let memory = 100_000

    package init() {}

    package mutating func note(_ cost: Int, now: Int) {
        fade(to: now)
        level += Double(cost)
        latest = cost
    }

    /// Whole tokens that the next `microseconds` are likely to ask for.
    package func expected(within microseconds: Int, now: Int) -> Int {
        var faded = self
        faded.fade(to: now)
        let further = faded.level - Double(latest)
        guard further > 0 else { return 0 }
        return Int(min(further, 1e9) * Double(microseconds) / Double(Self.memory))
    }

    private mutating func fade(to now: Int) {
        let elapsed = max(0, now - updated)
        updated = max(updated, now)
        level *= elapsed >= Self.memory ? 0 : 1 - Double(elapsed) / Double(Self.memory)
    }
}

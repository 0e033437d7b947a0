/// How long a node leaves an exhausted bucket alone, so that asking it is worth a command (STATE.md, saturating demand).
///
/// Pacing begins with a refusal, or when a node gets less than it wants of a bucket so empty that a pause brings more than
/// there is; and ends when the node gets all it wants. A slow bucket's last tokens are thus there for whoever asks. In
/// between, tokens come in at the bucket's rate and are shared by nodes that would each ask for every single one. So
/// after each answer that fell short a node refuses by itself for as long as `worthwhile` tokens took to come to it
/// lately, within bounds. Nothing is lost by that: the tokens gather in the bucket, which must only not become full.
package struct Pace: Hashable, Sendable {
    package private(set) var isOn = false
    private var answered = 0

    /// Tokens that are worth a command.
    static let worthwhile = 64
    /// Microseconds that a pause lasts, if the bucket has room: between these, whatever the node's share.
    static let shortest = 5000
    static let longest = 20_000

    package init() {}

    /// Whether the longest pause brings a window at least as much as it has.
    package static func isScarce(_ remaining: Int, _ window: RateWindow) -> Bool {
        if case .calendar = window.kind { return remaining == 0 }
        return Double(remaining) * Double(window.terms.period) <= Double(longest) * Double(window.terms.count)
    }

    /// After an answer that refused or granted too little.
    ///
    /// - Parameters:
    ///   - gained: tokens that came with it.
    ///   - room: microseconds until the bucket would be full.
    /// - Returns: microseconds until asking is worth it.
    package mutating func fellShort(gained: Int, room: Int, now: Int) -> Int {
        let elapsed = now - answered
        answered = now
        isOn = true
        guard gained > 0, elapsed < Self.longest * 8 else { return min(Self.longest, room / 4) }
        let pause = elapsed * Self.worthwhile / gained
        return min(max(Self.shortest, min(pause, Self.longest)), room / 4)
    }

    /// After an answer that gave all that was wanted.
    package mutating func wasGranted(now: Int) {
        answered = now
        isOn = false
    }
}

/// Judges whether the node that tries a configuration fails more of its requests than it should: more than the other nodes do
/// in the same time, and more than it did itself before.
package struct CanaryWatch: Hashable, Sendable {
    package struct Counts: Hashable, Sendable {
        package var answered: Int
        /// With a 5xx status.
        package var failed: Int

        package init(answered: Int = 0, failed: Int = 0) {
            self.answered = max(0, answered)
            self.failed = min(max(0, failed), max(0, answered))
        }

        package static func - (later: Counts, earlier: Counts) -> Counts {
            Counts(answered: later.answered - earlier.answered, failed: later.failed - earlier.failed)
        }

        package static func + (left: Counts, right: Counts) -> Counts {
            Counts(answered: left.answered + right.answered, failed: left.failed + right.failed)
        }

        /// From 0 to 1; 0 without requests.
        package var share: Double { answered == 0 ? 0 : Double(failed) / Double(answered) }
    }

    package enum Verdict: Hashable, Sendable {
        case worse
        case fine
        /// Too few requests to tell; nothing speaks against it either.
        case untried
    }

    /// So few requests prove nothing.
    static let fewest = 20
    /// So few failures neither.
    static let fewestFailures = 5
    /// What a share may exceed its measure by: chance, and the odd request.
    static let tolerance = 0.02

    /// Since it took the configuration.
    package var canary = Counts()
    /// Of all other nodes in the same time.
    package var others = Counts()
    /// Of the canary before.
    package var before = Counts()

    package init() {}

    package var verdict: Verdict {
        if canary.answered >= Self.fewest, canary.failed >= Self.fewestFailures,
            canary.share > 2 * measure + Self.tolerance
        {
            return .worse
        }
        return canary.answered < Self.fewest ? .untried : .fine
    }

    /// What the others fail now, or what it failed itself: an upstream that is down is no fault of the configuration.
    private var measure: Double {
        max(others.answered >= Self.fewest ? others.share : 0, before.answered >= Self.fewest ? before.share : 0)
    }
}

import Policies

/// What Redis holds of one policy and subject, as whoever looks at it now finds it: its windows advanced to the present
/// by the arithmetic of the nodes, the leases that are out, the places in use.
package struct BucketReading: Hashable, Sendable {
    /// When something will be so if nobody takes tokens.
    package enum Instant: Hashable, Sendable {
        case now
        case after(microseconds: Int)
        /// When the calendar's day, week or month is over: only the configuration knows in which zone.
        case end(of: RateWindow.CalendarUnit)
        /// What is stored does not read as a window.
        case unknown

        init(_ microseconds: Int) { self = microseconds <= 0 ? .now : .after(microseconds: microseconds) }
    }

    package struct Window: Hashable, Sendable {
        package let name: String
        /// As configured: `100/minute`.
        package let rate: String
        package let capacity: Int
        /// Whole tokens there are, without those that are leased; negative: a debt.
        package let tokens: Int
        /// When all tokens are back.
        package let full: Instant
        /// When one token is there.
        package let ready: Instant
    }

    /// Tokens that one worker of a node has prepaid, and may have spent already.
    package struct HeldLease: Hashable, Sendable {
        package let holder: String
        package let amount: Int
        package let remainingMicroseconds: Int
    }

    package let policy: String
    /// As in the key: escaped, and cut if it was long.
    package let subject: String
    /// By their names.
    package let windows: [Window]
    /// Those that live, the largest first.
    package let leases: [HeldLease]
    /// Requests under way that count against a bound on concurrency.
    package let placesInUse: Int

    /// - Parameters:
    ///   - fields: of the bucket's hash, as `take.lua` describes them; what does not read as such is passed over.
    ///   - now: microseconds on the clock of Redis.
    package init(policy: String, subject: String, fields: [String: String], placesInUse: Int = 0, now: Int) {
        self.policy = policy
        self.subject = subject
        self.placesInUse = placesInUse
        let stored = StoredLease.all(fields)
        windows = fields.keys.compactMap(Self.windowName).sorted().compactMap {
            StoredWindow($0, fields)?.reading(stored.map(\.tokens), now: now)
        }
        leases = stored.filter { $0.tokens.expiry > now }.map {
            HeldLease(holder: $0.holder, amount: $0.tokens.amount, remainingMicroseconds: $0.tokens.expiry - now)
        }.sorted { ($1.amount, $0.holder) < ($0.amount, $1.holder) }
    }

    /// Tokens that are lent to nodes.
    package var leased: Int { leases.reduce(0) { $0 + $1.amount } }

    /// The share that the scarcest window has left, leases included: 1 is full.
    package var shareLeft: Double {
        windows.map { Double($0.tokens + leased) / Double($0.capacity) }.min() ?? 1
    }

    private static func windowName(_ field: String) -> String? {
        field.hasSuffix(".capacity") ? String(field.dropLast(".capacity".count)) : nil
    }
}

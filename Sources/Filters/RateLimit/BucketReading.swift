import Policies

/// What Redis holds of one policy and subject, as whoever looks at it now finds it: its windows advanced to the present
/// by the arithmetic of the nodes, the leases that are out, the places in use.
package struct BucketReading: Hashable, Sendable {
    package struct Window: Hashable, Sendable {
        package let name: String
        /// As configured: `100/minute`.
        package let rate: String
        package let capacity: Int
        /// Whole tokens there are; negative: a debt.
        package let tokens: Int
        /// Until all tokens are back; nil where the rate can't be read.
        package let fullMicroseconds: Int?
        /// Until one token is there, 0 if there is one now; nil where the rate can't be read.
        package let waitMicroseconds: Int?
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
        let leases = fields.compactMap { StoredLease(field: $0.key, value: $0.value) }
        let leased = leases.map(\.tokens)
        windows = fields.keys.compactMap { Self.windowName($0) }.sorted()
            .compactMap { Self.window($0, fields, leased, now: now) }
            .sorted { ($0.fullMicroseconds ?? .max, $0.name) < ($1.fullMicroseconds ?? .max, $1.name) }
        self.leases = leases.filter { $0.tokens.expiry > now }
            .map {
                HeldLease(
                    holder: $0.holder, amount: $0.tokens.amount, remainingMicroseconds: $0.tokens.expiry - now)
            }
            .sorted { ($1.amount, $0.holder) < ($0.amount, $1.holder) }
    }

    /// Tokens that are lent to nodes.
    package var leased: Int { leases.reduce(0) { $0 + $1.amount } }

    /// The share that the scarcest window has left, leases included: 1 is full.
    package var shareLeft: Double {
        windows.map { Double($0.tokens + leased) / Double($0.capacity) }.min() ?? 1
    }

    /// Until each window has a token; nil where a rate can't be read.
    package var waitMicroseconds: Int? {
        let waits = windows.map(\.waitMicroseconds)
        return waits.contains(nil) ? nil : waits.compactMap(\.self).max() ?? 0
    }

    private static func windowName(_ field: String) -> String? {
        field.hasSuffix(".tokens") ? String(field.dropLast(".tokens".count)) : nil
    }

    private static func window(
        _ name: String, _ fields: [String: String], _ leased: [LeasedTokens], now: Int
    ) -> Window? {
        func number(_ field: String) -> Int? { fields["\(name).\(field)"].flatMap(storedInteger) }
        guard let tokens = number("tokens"), let capacity = number("capacity"), capacity >= 1 else { return nil }
        let rate = fields["\(name).rate"] ?? ""
        guard let updated = number("updated"), let terms = RateWindow(rate: rate, capacity: capacity) else {
            return Window(
                name: name, rate: rate, capacity: capacity, tokens: tokens, fullMicroseconds: nil,
                waitMicroseconds: nil)
        }
        var bucket = TokenBucket(tokens: tokens, fraction: max(0, number("fraction") ?? 0), updated: updated)
        bucket.advance(to: now, terms, leases: leased)
        let live = leased.filter { $0.expiry > now }
        return Window(
            name: name, rate: rate, capacity: capacity, tokens: bucket.tokens,
            fullMicroseconds: bucket.wait(for: capacity, terms, leases: live),
            waitMicroseconds: bucket.wait(for: 1, terms, leases: live))
    }
}

/// The field `lease:<holder>` with its value `<amount> <expiry µs> <sequence>`.
private struct StoredLease {
    let holder: String
    let tokens: LeasedTokens

    init?(field: String, value: String) {
        guard field.hasPrefix("lease:") else { return nil }
        let words = value.split(separator: " ").map { storedInteger($0) }
        guard words.count >= 2, let amount = words[0], RateWindow.countRange.contains(amount), let expiry = words[1]
        else { return nil }
        holder = String(field.dropFirst("lease:".count))
        tokens = LeasedTokens(amount: amount, expiry: expiry)
    }
}

/// A number as scripts write them, within 2⁵³; nothing that is computed from such numbers overflows.
func storedInteger(_ text: some StringProtocol) -> Int? {
    guard let number = Int(text), number.magnitude <= 1 << 53 else { return nil }
    return number
}

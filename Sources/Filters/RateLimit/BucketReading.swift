import Policies

/// A subject's bucket as it stands in Redis, read from the hash that `take.lua` writes: for commands and the admin API.
package struct BucketReading: Encodable, Sendable {
    package struct Window: Encodable, Sendable {
        package let name: String
        package let rate: String
        package let capacity: Int
        /// Tokens there are now; negative while there are debts.
        package let tokens: Int
        /// Until it is full again; nil for calendar windows, whose end only the configuration knows.
        package let fullInMicroseconds: Int?
        /// Until one more request is admitted; 0 if it would be now; nil if that is not known.
        package let waitMicroseconds: Int?
    }

    package struct Lease: Encodable, Sendable {
        package let holder: String
        package let amount: Int
        package let endsInMicroseconds: Int
    }

    package let key: String
    package let policy: String
    /// As it stands in the key: escaped, and cut if it is long.
    package let subject: String
    package let windows: [Window]
    package let leases: [Lease]
    /// Places that are taken under a limit of concurrency.
    package var concurrency: Int?

    /// The share that is left in the tightest window, from 0 to 1.
    package var level: Double {
        windows.map { Double(max(0, $0.tokens)) / Double(max(1, $0.capacity)) }.min() ?? 1
    }

    /// Reads a hash.
    ///
    /// - Parameters:
    ///   - key: `<namespace>:bucket:{<policy>:<subject>}`, or that of its places.
    ///   - now: Redis' time, in microseconds.
    /// - Returns: nil for a key that is not one of those.
    package init?(key: String, fields: [String: String], now: Int) {
        guard let open = key.firstIndex(of: "{"), key.hasSuffix("}") else { return nil }
        let inner = key[key.index(after: open)...].dropLast()
        guard let colon = inner.firstIndex(of: ":") else { return nil }
        self.key = key
        policy = String(inner[..<colon])
        subject = String(inner[inner.index(after: colon)...])
        leases = Self.leases(fields, now)
        let leased = leases.reduce(0) { $0 + $1.amount }
        windows = fields.keys.filter { $0.hasSuffix(".capacity") }.sorted().compactMap { field in
            Self.window(String(field.dropLast(".capacity".count)), fields, leased: leased, now)
        }
    }

    private static func leases(_ fields: [String: String], _ now: Int) -> [Lease] {
        fields.filter { $0.key.hasPrefix("lease:") }.sorted { $0.key < $1.key }.compactMap { field, value in
            let numbers = value.split(separator: " ").compactMap { Int($0) }
            guard numbers.count == 3, numbers[1] > now else { return nil }
            return Lease(
                holder: String(field.dropFirst("lease:".count)), amount: numbers[0],
                endsInMicroseconds: numbers[1] - now)
        }
    }

    private static func window(_ name: String, _ fields: [String: String], leased: Int, _ now: Int) -> Window? {
        guard let capacity = fields["\(name).capacity"].flatMap({ Int($0) }), let rate = fields["\(name).rate"] else {
            return nil
        }
        func number(_ field: String) -> Int? { fields["\(name).\(field)"].flatMap { Int($0) } }
        if let tokens = number("tokens"), let fraction = number("fraction"), let updated = number("updated") {
            return bucket(
                name, rate, capacity, TokenBucket(tokens: tokens, fraction: fraction, updated: updated), leased, now)
        }
        if let slices = fields["\(name).slices"] { return sliding(name, rate, capacity, slices, now) }
        let tokens = capacity - (number("used") ?? 0)
        return Window(
            name: name, rate: rate, capacity: capacity, tokens: tokens,
            fullInMicroseconds: tokens == capacity ? 0 : nil, waitMicroseconds: tokens > 0 ? 0 : nil)
    }

    private static func bucket(
        _ name: String, _ rate: String, _ capacity: Int, _ bucket: TokenBucket, _ leased: Int, _ now: Int
    ) -> Window? {
        guard let window = RateWindow(rate: rate, capacity: capacity) else { return nil }
        var advanced = bucket
        advanced.advance(to: now, window)
        // Refilled only as far as the leases leave room.
        advanced.tokens = min(advanced.tokens, max(bucket.tokens, capacity - leased))
        return Window(
            name: name, rate: rate, capacity: capacity, tokens: advanced.tokens,
            fullInMicroseconds: advanced.timeToFull(window), waitMicroseconds: advanced.wait(for: 1, window))
    }

    /// Slices are 32nds of the period, which the rate tells.
    private static func sliding(
        _ name: String, _ rate: String, _ capacity: Int, _ slices: String, _ now: Int
    ) -> Window? {
        guard let window = RateWindow(rate: rate, capacity: capacity) else { return nil }
        let length = (window.periodMicroseconds + 31) / 32
        let counts: [(ends: Int, taken: Int)] = slices.split(separator: " ").compactMap { slice in
            let numbers = slice.split(separator: ":").compactMap { Int($0) }
            guard numbers.count == 2 else { return nil }
            return ((numbers[0] + 1) * length + window.periodMicroseconds - now, numbers[1])
        }.filter { $0.ends > 0 }
        let tokens = capacity - counts.reduce(0) { $0 + $1.taken }
        return Window(
            name: name, rate: rate, capacity: capacity, tokens: tokens, fullInMicroseconds: counts.last?.ends ?? 0,
            waitMicroseconds: tokens > 0 ? 0 : counts.first?.ends ?? 0)
    }
}

extension RateWindow {
    /// A rate as `text` writes it: `100/minute`, `5/10s`.
    init?(rate: String, capacity: Int) {
        let parts = rate.split(separator: "/")
        guard parts.count == 2, let count = Int(parts[0]), let period = Self.period(String(parts[1])) else {
            return nil
        }
        self.init(count: count, periodMicroseconds: period, capacity: capacity)
    }

    private static func period(_ text: String) -> Int? {
        let units = [
            "second": 1_000_000, "minute": 60_000_000, "hour": 3_600_000_000, "day": 86_400_000_000, "us": 1,
            "ms": 1000,
            "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000,
        ]
        let digits = text.prefix { $0.isNumber }
        guard let unit = units[String(text.dropFirst(digits.count))] else { return nil }
        return digits.isEmpty ? unit : Int(digits).map { $0 * unit }
    }
}

import Policies

/// One window as its fields in Redis tell it, of whichever kind; for those who only look.
struct StoredWindow {
    private let name: String
    private let rate: String
    private let capacity: Int
    private let fields: [String: String]

    /// Nil where there is no capacity.
    init?(_ name: String, _ fields: [String: String]) {
        guard let capacity = fields["\(name).capacity"].flatMap({ Int($0) }), RateWindow.countRange.contains(capacity)
        else { return nil }
        self.name = name
        self.capacity = capacity
        self.fields = fields
        rate = fields["\(name).rate"] ?? ""
    }

    func reading(_ leases: [LeasedTokens], now: Int) -> BucketReading.Window? {
        if let used = number("used") { return calendar(used, now: now) }
        if let slices = fields["\(name).slices"] { return sliding(slices, now: now) }
        return bucket(leases, now: now)
    }

    private func bucket(_ leases: [LeasedTokens], now: Int) -> BucketReading.Window? {
        guard let tokens = number("tokens") else { return nil }
        guard let updated = number("updated"), let window = RateWindow(rate: rate, capacity: capacity) else {
            return window(tokens, full: .unknown, ready: .unknown)
        }
        var bucket = TokenBucket(tokens: tokens, fraction: max(0, number("fraction") ?? 0), updated: updated)
        bucket.advance(to: now, window, leases: leases)
        let live = leases.filter { $0.expiry > now }
        return self.window(
            bucket.tokens, full: .init(bucket.wait(for: capacity, window, leases: live)),
            ready: .init(bucket.wait(for: 1, window, leases: live)))
    }

    /// What is leased counts in its slices.
    private func sliding(_ text: String, now: Int) -> BucketReading.Window? {
        guard let window = RateWindow(rate: rate, capacity: capacity) else { return nil }
        var slices = SlidingSlices(text: text, of: window, now: now)
        slices.advance(to: now, window)
        return self.window(
            capacity - slices.taken, full: .init(slices.wait(for: capacity, window)),
            ready: .init(slices.wait(for: 1, window)))
    }

    /// Redis holds when the calendar's period began, but not when it ends; that depends on the zone.
    private func calendar(_ used: Int, now: Int) -> BucketReading.Window? {
        let unit = RateWindow.CalendarUnit(rawValue: String(name.dropFirst("calendar-".count)))
        guard let unit, let since = number("since") else {
            return window(capacity - used, full: .unknown, ready: .unknown)
        }
        let isOver = now - since >= unit.longestMicroseconds
        let left = isOver ? capacity : capacity - used
        let end = unit.isEven ? .init(since + unit.longestMicroseconds - now) : BucketReading.Instant.end(of: unit)
        return window(left, full: left >= capacity ? .now : end, ready: left > 0 ? .now : end)
    }

    private func window(
        _ tokens: Int, full: BucketReading.Instant, ready: BucketReading.Instant
    ) -> BucketReading.Window {
        BucketReading.Window(name: name, rate: rate, capacity: capacity, tokens: tokens, full: full, ready: ready)
    }

    private func number(_ field: String) -> Int? { fields["\(name).\(field)"].flatMap { storedInteger($0) } }
}

/// The field `lease:<holder>` with its value `<amount> <expiry µs> <sequence>`.
struct StoredLease {
    let holder: String
    let tokens: LeasedTokens

    static func all(_ fields: [String: String]) -> [StoredLease] {
        fields.compactMap { StoredLease(field: $0.key, value: $0.value) }
    }

    private init?(field: String, value: String) {
        guard field.hasPrefix("lease:") else { return nil }
        let words = value.split(separator: " ").map { storedInteger($0) }
        guard words.count >= 2, let amount = words[0], RateWindow.countRange.contains(amount), let expiry = words[1]
        else { return nil }
        holder = String(field.dropFirst("lease:".count))
        tokens = LeasedTokens(amount: amount, expiry: expiry)
    }
}

extension RateWindow.CalendarUnit {
    /// A day, a week and a month may be longer by the hour of a summer time.
    fileprivate var longestMicroseconds: Int {
        let hour = 3_600_000_000
        return switch self {
        case .minute: 60_000_000
        case .hour: hour
        case .day: 25 * hour
        case .week: (7 * 24 + 1) * hour
        case .month: (31 * 24 + 1) * hour
        }
    }

    /// Whether each of them is as long as the others.
    fileprivate var isEven: Bool { self == .minute || self == .hour }
}

/// A number as scripts write them, within 2⁵³; nothing that is computed from such numbers overflows.
func storedInteger(_ text: some StringProtocol) -> Int? {
    guard let number = Int(text), number.magnitude <= 1 << 53 else { return nil }
    return number
}

/// One rate of a limit: `count` tokens every `period`, in a bucket that holds `capacity` of them.
package struct RateWindow: Hashable, Sendable {
    /// When what was taken comes back.
    package enum Kind: Hashable, Sendable {
        /// Steadily, from the first token taken: a token bucket.
        case bucket
        /// Each token `period` after it was taken: no interval of that length ever sees more than `count`.
        case sliding
        /// All at once, when the next day, month… begins in a time zone (IANA name, `UTC`).
        case calendar(CalendarUnit, zone: String)
    }

    package enum CalendarUnit: String, Hashable, Sendable, CaseIterable {
        case minute, hour, day, week, month
    }

    package let kind: Kind
    /// What `count` and `capacity` may be; the configuration refuses anything else.
    package static let countRange = 1...1_000_000_000
    /// What `periodMicroseconds` may be, up to 366 days; the configuration refuses anything else.
    package static let periodRange = 1...31_622_400_000_000

    /// Tokens that come back every `periodMicroseconds`; at least 1.
    package let count: Int
    /// Length of the window in microseconds; at least 1.
    package let periodMicroseconds: Int
    /// The most tokens the bucket holds (`burst`, or else `count`); at least 1.
    package let capacity: Int
    /// The rate that buckets compute with.
    package let terms: Terms

    /// Values outside the ranges above are brought to their nearest end, so that no arithmetic can overflow.
    package init(count: Int, periodMicroseconds: Int, capacity: Int? = nil, kind: Kind = .bucket) {
        self.kind = kind
        self.count = Self.countRange.clamping(count)
        self.periodMicroseconds = Self.periodRange.clamping(periodMicroseconds)
        self.capacity = Self.countRange.clamping(capacity ?? count)
        self.terms = Terms(count: self.count, period: self.periodMicroseconds)
    }

    /// Part of another window: known by the same name, at another rate.
    init(_ whole: RateWindow, capacity: Int, terms: Terms) {
        kind = whole.kind
        count = whole.count
        periodMicroseconds = whole.periodMicroseconds
        self.capacity = capacity
        self.terms = terms
    }

    /// The rate as the fraction `count / period` (tokens per microsecond) in lowest terms.
    ///
    /// Buckets multiply both, in Swift and in a Redis script whose numbers are doubles, so `(count + 1) · period` stays
    /// within 2⁵³. A rate too fine for that is replaced by the nearest smaller one that fits: never faster than
    /// configured, and slower by less than one part in 2²².
    package struct Terms: Hashable, Sendable {
        /// Tokens per `period`.
        package let count: Int
        /// Microseconds; also the unit of a bucket's `fraction`, which counts in 1/period of a token.
        package let period: Int

        init(count: Int, period: Int) {
            let divisor = greatestCommonDivisor(count, period)
            var reduced = (count: count / divisor, period: period / divisor)
            let exact = reduced
            var shrink = 2
            while !Self.isExactInDoubles(reduced.count, reduced.period) {
                let fewer = max(1, exact.count / shrink)
                reduced = (fewer, Self.ceiling(of: fewer, times: exact.period, over: exact.count))
                shrink *= 2
            }
            self.count = reduced.count
            self.period = reduced.period
        }

        private static func isExactInDoubles(_ count: Int, _ period: Int) -> Bool {
            let (product, overflow) = (count + 1).multipliedReportingOverflow(by: period)
            return !overflow && product <= 1 << 53
        }

        /// Rounded up, so that the rate is rounded down; the product may need more than 64 bits.
        private static func ceiling(of factor: Int, times other: Int, over divisor: Int) -> Int {
            let (quotient, remainder) = divisor.dividingFullWidth(factor.multipliedFullWidth(by: other))
            return remainder == 0 ? quotient : quotient + 1
        }
    }
}

private func greatestCommonDivisor(_ first: Int, _ second: Int) -> Int {
    var (first, second) = (first, second)
    while second != 0 { (first, second) = (second, first % second) }
    return first
}

extension ClosedRange {
    /// The value of the range that is nearest to `value`.
    func clamping(_ value: Bound) -> Bound { Swift.min(Swift.max(value, lowerBound), upperBound) }
}

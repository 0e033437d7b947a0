extension RateWindow {
    private static let units = [
        ("second", 1_000_000), ("minute", 60_000_000), ("hour", 3_600_000_000), ("day", 86_400_000_000),
    ]
    private static let suffixes = [
        ("us", 1), ("ms", 1000), ("s", 1_000_000), ("m", 60_000_000), ("h", 3_600_000_000), ("d", 86_400_000_000),
    ]

    /// A window of tokens that come back steadily, from its rate as `text` writes it: `100/minute`, `5/10s`; nil where it
    /// is none, or beyond what a configuration may hold.
    package init?(rate text: String, capacity: Int) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let count = Int(parts[0]), let period = Self.period(parts[1]),
            Self.countRange.contains(count), Self.periodRange.contains(period), Self.countRange.contains(capacity)
        else { return nil }
        self.init(count: count, periodMicroseconds: period, capacity: capacity)
    }

    private static func period(_ text: Substring) -> Int? {
        if let unit = units.first(where: { $0.0 == text }) { return unit.1 }
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int(digits), number <= periodRange.upperBound,
            let suffix = suffixes.first(where: { $0.0 == text[digits.endIndex...] })
        else { return nil }
        let (length, isTooLong) = number.multipliedReportingOverflow(by: suffix.1)
        return isTooLong ? nil : length
    }
}

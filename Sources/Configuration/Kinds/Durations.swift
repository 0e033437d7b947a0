/// Durations `250ms`, `30s`, `5m`, `24h`, `1m30s`; the value is in microseconds.
extension Kind where Value == Int {
    static func duration(_ range: ClosedRange<Int>) -> Kind {
        let noun = "a duration \(rangeText(range, DurationText.write)), such as 250ms, 30s or 5m"
        let schema = JSON.pattern("^([0-9]+(ms|s|m|h|d))+$")
        return .scalar(noun, schema: schema, write: { .string(DurationText.write($0)) }) {
            text throws(ScalarProblem) in
            guard let microseconds = DurationText.read(text.value) else {
                throw .expected(suggestion: DurationText.nearest(text.value))
            }
            guard range.contains(microseconds) else { throw .expected() }
            return microseconds
        }
    }
}

/// The written form of durations.
enum DurationText {
    /// From the longest to the shortest, as they follow each other in `1h30m`.
    static let units = [
        ("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000),
    ]

    static func read(_ text: some StringProtocol) -> Int? {
        var rest = Substring(text)
        var total = 0
        var lastUnit = Int.max
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest[digits.endIndex...]
            let name = rest.prefix { $0.isLetter }
            rest = rest[name.endIndex...]
            guard let unit = units.first(where: { $0.0 == name })?.1, unit < lastUnit,
                let part = Int(digits: digits)?.multiplied(safelyBy: unit)
            else { return nil }
            let (sum, overflow) = total.addingReportingOverflow(part)
            guard !overflow else { return nil }
            total = sum
            lastUnit = unit
        }
        return total
    }

    /// In the largest unit that leaves no remainder.
    static func write(_ microseconds: Int) -> String {
        guard microseconds > 0 else { return "0s" }
        // 24h reads better than 1d, 48h than 2d; whole weeks and more are days.
        let isLong = microseconds >= 7 * units[0].1
        let unit = units.dropFirst(isLong ? 0 : 1).first { microseconds % $0.1 == 0 }
        return unit.map { "\(microseconds / $0.1)\($0.0)" } ?? "\(microseconds)us"
    }

    /// `30`, `30 sec`, `5 Minutes`: what was meant, in the written form.
    static func nearest(_ text: String) -> String? {
        let compact = text.lowercased().filter { !$0.isWhitespace }
        let digits = compact.prefix { $0.isASCII && $0.isNumber }
        let words = [
            "": "s", "sec": "s", "secs": "s", "second": "s", "seconds": "s", "min": "m", "mins": "m", "minute": "m",
            "minutes": "m", "hr": "h", "hrs": "h", "hour": "h", "hours": "h", "day": "d", "days": "d", "msec": "ms",
            "millis": "ms", "millisecond": "ms", "milliseconds": "ms",
        ]
        let candidate = words[String(compact[digits.endIndex...])].map { "\(digits)\($0)" } ?? compact
        return candidate != text && read(candidate) != nil ? candidate : nil
    }
}

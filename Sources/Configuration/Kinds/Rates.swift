import Policies

/// A rate as written, before the limit that it stands in says how its tokens come back.
struct Rate: Hashable, Sendable {
    let text: String
    let count: Int
    let periodMicroseconds: Int
    /// The unit it was written with, if calendars have it.
    let unit: RateWindow.CalendarUnit?
    /// What it says of itself, as a mapping can.
    var shape = WindowShape()
}

/// Rates `100/minute`, `10/second`, `10000/day`, `100000/month`, `5/10s`.
extension Kind where Value == Rate {
    static var rate: Kind {
        let text = rateText
        let full = Kind.section("rate", "a rate such as { rate: 10000/day, window: calendar }") { section in
            let rate = section.required("rate", text, "How many requests, and in which time.")
            let shape = WindowShape.read(section)
            return rate.map { rate in
                var rate = rate
                rate.shape = shape
                return rate
            }
        }
        return Kind(
            noun: text.noun,
            schema: { drawing in ["anyOf": [text.schema(drawing), full.schema(drawing)]] },
            read: { reader, noun in
                if case .mapping = reader.node.content { return full.read(reader) }
                return text.described(as: noun).read(reader)
            })
    }

    private static var rateText: Kind {
        let words = RateText.units.map(\.name).joined(separator: "|")
        let schema = JSON.pattern("^[0-9]+/(\(words)|([0-9]+(ms|s|m|h|d))+)$")
        return .scalar("a rate such as 100/minute, 10/second or 5/10s", schema: schema) { text throws(ScalarProblem) in
            guard let reading = RateText.read(text.value) else {
                throw .expected(suggestion: RateText.nearest(text.value))
            }
            guard RateText.counts.contains(reading.count) else {
                throw .expected("a rate of 1 to 1000000000 requests")
            }
            guard RateText.periods.contains(reading.period) else {
                throw .expected("a rate with a period from 1ms to 366d")
            }
            return Rate(
                text: text.written, count: reading.count, periodMicroseconds: reading.period, unit: reading.unit)
        }
    }
}

/// The written form of rates.
enum RateText {
    static let counts = 1...1_000_000_000
    static let periods = 1_000...366 * 86_400_000_000
    /// Weeks and months are the calendar's alone: their periods here are the longest they can be.
    static let units: [(name: String, period: Int, unit: RateWindow.CalendarUnit?)] = [
        ("second", 1_000_000, nil), ("minute", 60_000_000, .minute), ("hour", 3_600_000_000, .hour),
        ("day", 86_400_000_000, .day), ("week", 7 * 86_400_000_000, .week), ("month", 31 * 86_400_000_000, .month),
    ]

    static func read(_ text: String) -> (count: Int, period: Int, unit: RateWindow.CalendarUnit?)? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let count = Int(digits: parts[0]) else { return nil }
        if let unit = units.first(where: { $0.name == parts[1] }) { return (count, unit.period, unit.unit) }
        return DurationText.read(parts[1]).map { (count, $0, nil) }
    }

    /// `100/minutes`, `100 per minute`, `100r/s`, `100/10 s`: what was meant, in the written form.
    static func nearest(_ text: String) -> String? {
        let compact = text.lowercased().filter { !$0.isWhitespace }
        let digits = compact.prefix { $0.isASCII && $0.isNumber }
        var rest = compact[digits.endIndex...]
        for start in ["requests", "req", "r"] where rest.hasPrefix(start) {
            rest = rest.dropFirst(start.count)
            break
        }
        for start in ["/", "per"] where rest.hasPrefix(start) {
            rest = rest.dropFirst(start.count)
            break
        }
        let candidate = unitWord(rest) ?? DurationText.nearest(String(rest)) ?? String(rest)
        let rate = "\(digits)/\(candidate)"
        return rate != text && read(rate) != nil ? rate : nil
    }

    private static func unitWord(_ text: Substring) -> String? {
        switch text {
        case "s", "sec", "secs", "second", "seconds": "second"
        case "m", "min", "mins", "minute", "minutes": "minute"
        case "h", "hr", "hrs", "hour", "hours": "hour"
        case "d", "day", "days": "day"
        case "w", "wk", "week", "weeks": "week"
        case "mo", "mon", "month", "months": "month"
        default: NearestName.of(String(text), among: units.map(\.name))
        }
    }
}

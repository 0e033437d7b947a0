import Policies

/// A rate as written, before a `burst` gives it its capacity.
struct Rate: Hashable, Sendable {
    let text: String
    let count: Int
    let periodMicroseconds: Int

    func window(burst: Int?) -> RateWindow {
        RateWindow(count: count, periodMicroseconds: periodMicroseconds, capacity: burst)
    }
}

/// Rates `100/minute`, `10/second`, `10000/day`, `5/10s`.
extension Kind where Value == Rate {
    static var rate: Kind {
        let schema = JSON.pattern("^[0-9]+/(second|minute|hour|day|([0-9]+(ms|s|m|h|d))+)$")
        return .scalar("a rate such as 100/minute, 10/second or 5/10s", schema: schema) { text throws(ScalarProblem) in
            guard let (count, period) = RateText.read(text.value) else {
                throw .expected(suggestion: RateText.nearest(text.value))
            }
            guard RateText.counts.contains(count) else { throw .expected("a rate of 1 to 1000000000 requests") }
            guard RateText.periods.contains(period) else { throw .expected("a rate with a period from 1ms to 366d") }
            return Rate(text: text.written, count: count, periodMicroseconds: period)
        }
    }
}

extension Kind where Value == [Rate] {
    /// Several rates that hold together. Two with one period are a mistake: the larger would never matter.
    static var rates: Kind {
        Kind<[Rate]>.list(.rate, noun: "a list of rates such as [10/second, 1000/hour]").map { rates, reader in
            var seen: [Int: Rate] = [:]
            for (index, rate) in rates.enumerated() {
                guard let other = seen.updateValue(rate, forKey: rate.periodMicroseconds) else { continue }
                reader.itemReader(index).report(
                    "\(quoted(rate.text)) and \(quoted(other.text)) have the same period", hint: "keep the smaller one")
            }
            return rates
        }
    }
}

/// The written form of rates.
enum RateText {
    static let counts = 1...1_000_000_000
    static let periods = 1_000...366 * 86_400_000_000
    private static let words = [
        "second": 1_000_000, "minute": 60_000_000, "hour": 3_600_000_000, "day": 86_400_000_000,
    ]

    static func read(_ text: String) -> (count: Int, period: Int)? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let count = Int(digits: parts[0]),
            let period = words[String(parts[1])] ?? DurationText.read(parts[1])
        else { return nil }
        return (count, period)
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
        default: NearestName.of(String(text), among: ["second", "minute", "hour", "day"])
        }
    }
}

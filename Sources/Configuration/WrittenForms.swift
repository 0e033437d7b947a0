import Policies

/// The written forms of the configuration file, for commands that take the same values as options.
package enum WrittenForm {
    /// What was written, what was expected, and what was probably meant.
    package struct Problem: Error, Hashable, CustomStringConvertible {
        package let description: String

        init(_ text: String, expected: String, suggestion: String? = nil) {
            let hint = suggestion.map { "; did you mean \($0)?" } ?? ""
            description = "\(quoted(text)): expected \(expected)\(hint)"
        }
    }

    /// `250ms`, `30s`, `1m30s`: microseconds.
    package static func duration(_ text: String) throws(Problem) -> Int {
        guard let microseconds = DurationText.read(text) else {
            throw Problem(
                text, expected: "a duration such as 250ms, 30s or 5m", suggestion: DurationText.nearest(text))
        }
        return microseconds
    }

    /// `100/minute`, `5/10s`: a token bucket.
    package static func tokenBucket(_ text: String, burst: Int?) throws(Problem) -> RateWindow {
        guard let rate = RateText.read(text) else {
            throw Problem(
                text, expected: "a rate such as 100/minute, 10/second or 5/10s", suggestion: RateText.nearest(text))
        }
        guard RateText.counts.contains(rate.count) else {
            throw Problem(text, expected: "a rate of 1 to 1000000000 requests")
        }
        guard RateText.periods.contains(rate.period), rate.unit != .week, rate.unit != .month else {
            throw Problem(text, expected: "a rate with a period from 1ms to 366d")
        }
        return RateWindow(count: rate.count, periodMicroseconds: rate.period, capacity: burst)
    }
}

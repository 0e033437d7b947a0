import Foundation
import Policies

/// When the periods of calendars begin: minutes, hours, days, weeks (from Monday) and months of a time zone, with its
/// summer times. Asked for each request with a calendar window, computed anew about once a period.
final class CalendarPeriods {
    private struct Key: Hashable {
        let unit: RateWindow.CalendarUnit
        let zone: String
    }

    private struct Known {
        /// Microseconds since 1970, ascending.
        let starts: [Int]
        /// Times for which these starts are good: some lie on either side.
        let range: Range<Int>
    }

    private var known: [Key: Known] = [:]
    /// So many periods before the current one, and as many after it: clocks of nodes may differ by that.
    private static let neighbours = 3

    /// The beginnings of the periods around a time (µs since 1970), and until when they are good.
    func starts(_ unit: RateWindow.CalendarUnit, zone: String, around now: Int) -> (starts: [Int], until: Int) {
        let key = Key(unit: unit, zone: zone)
        if let known = known[key], known.range.contains(now) { return (known.starts, known.range.upperBound) }
        let starts = Self.compute(unit, zone, now)
        let range = starts[Self.neighbours]..<starts[Self.neighbours + 1]
        known[key] = Known(starts: starts, range: range)
        return (starts, range.upperBound)
    }

    /// The period that a time lies in.
    func period(_ unit: RateWindow.CalendarUnit, zone: String, containing now: Int) -> Range<Int> {
        let starts = starts(unit, zone: zone, around: now).starts
        return starts[Self.neighbours]..<starts[Self.neighbours + 1]
    }

    private static func compute(_ unit: RateWindow.CalendarUnit, _ zone: String, _ now: Int) -> [Int] {
        var calendar = Calendar(identifier: .iso8601)
        calendar.timeZone = TimeZone(identifier: zone) ?? .gmt
        let current = interval(unit, calendar, now)
        var starts = [current.lowerBound, current.upperBound]
        for _ in 0..<neighbours {
            starts.insert(interval(unit, calendar, starts[0] - 1).lowerBound, at: 0)
            starts.append(interval(unit, calendar, starts[starts.count - 1]).upperBound)
        }
        return starts
    }

    private static func interval(_ unit: RateWindow.CalendarUnit, _ calendar: Calendar, _ time: Int) -> Range<Int> {
        let date = Date(timeIntervalSince1970: (Double(time) / 1_000_000).rounded(.down))
        guard let interval = calendar.dateInterval(of: unit.component, for: date) else { return time..<time + 1 }
        let start = Int(interval.start.timeIntervalSince1970.rounded()) * 1_000_000
        return start..<max(start + 1, Int(interval.end.timeIntervalSince1970.rounded()) * 1_000_000)
    }
}

extension RateWindow.CalendarUnit {
    fileprivate var component: Calendar.Component {
        switch self {
        case .minute: .minute
        case .hour: .hour
        case .day: .day
        case .week: .weekOfYear
        case .month: .month
        }
    }
}

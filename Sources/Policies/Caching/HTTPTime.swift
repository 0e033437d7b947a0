/// Dates of HTTP: seconds since 1970 from the three forms of RFC 9110 §5.6.7, and back to the one that is written.
package enum HTTPTime {
    /// Nil if it is none of the three forms to the letter, but for case: what a cache can't be sure to read as it is meant
    /// is in the past (RFC 9111 §5.3).
    /// - Parameter now: seconds since 1970, by which a year of two digits is understood.
    package static func parse(_ text: FieldText, now: Int = 1_600_000_000) -> Int? {
        var reader = DateReader(text)
        switch reader.weekday() {
        case .long: return rfc850(&reader, now)
        case .short: return reader.take(UInt8(ascii: ",")) ? fixed(&reader) : asctime(&reader)
        case nil: return nil
        }
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT` after the comma.
    private static func fixed(_ reader: inout DateReader) -> Int? {
        guard reader.blank(), let day = reader.number(2...2), reader.blank(), let month = reader.month(),
            reader.blank(), let year = reader.number(4...4), reader.blank(), let clock = reader.clock(),
            reader.blank(), reader.isZoneAtEnd
        else { return nil }
        return seconds(year: year, month, day, clock)
    }

    /// `Sunday, 06-Nov-94 08:49:37 GMT` after the weekday.
    private static func rfc850(_ reader: inout DateReader, _ now: Int) -> Int? {
        let dash = UInt8(ascii: "-")
        guard reader.take(UInt8(ascii: ",")), reader.blank(), let day = reader.number(2...2), reader.take(dash),
            let month = reader.month(), reader.take(dash), let year = reader.number(2...2), reader.blank(),
            let clock = reader.clock(), reader.blank(), reader.isZoneAtEnd
        else { return nil }
        return seconds(year: fullYear(year, now), month, day, clock)
    }

    /// `Sun Nov  6 08:49:37 1994` after the weekday.
    private static func asctime(_ reader: inout DateReader) -> Int? {
        guard reader.blank(), let month = reader.month(), reader.blank(),
            let day = reader.blank() ? reader.number(1...1) : reader.number(2...2), reader.blank(),
            let clock = reader.clock(), reader.blank(), let year = reader.number(4...4), reader.isAtEnd
        else { return nil }
        return seconds(year: year, month, day, clock)
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT`
    package static func text(_ seconds: Int) -> String {
        let days = seconds.floorDivided(by: 86_400)
        let rest = seconds - days * 86_400
        let date = civil(days)
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let weekday = weekdays[(days + 4).modulo(7)]
        return "\(weekday), \(two(date.day)) \(months[date.month - 1]) \(date.year) "
            + "\(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60)) GMT"
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]

    /// Nil for days that the month doesn't have.
    static func seconds(year: Int, _ month: Int, _ day: Int, _ clock: Int) -> Int? {
        let days = days(year: year, month: month, day: day)
        guard civil(days) == (year, month, day) else { return nil }
        return days * 86_400 + clock
    }

    /// More than 50 years ahead is the same year of the century before (RFC 9110 §5.6.7).
    private static func fullYear(_ year: Int, _ now: Int) -> Int {
        let current = civil(now.floorDivided(by: 86_400)).year
        let candidate = current / 100 * 100 + year
        return candidate > current + 50 ? candidate - 100 : candidate
    }

    /// Days since 1970-01-01 in the Gregorian calendar (H. Hinnant's `days_from_civil`).
    private static func days(year: Int, month: Int, day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let era = year.floorDivided(by: 400)
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// The inverse (`civil_from_days`).
    private static func civil(_ days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = shifted.floorDivided(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}

extension Int {
    fileprivate func floorDivided(by divisor: Int) -> Int {
        self >= 0 ? self / divisor : (self - divisor + 1) / divisor
    }
    fileprivate func modulo(_ divisor: Int) -> Int { (self % divisor + divisor) % divisor }
}

/// Dates of HTTP: seconds since 1970 from the three forms of RFC 9110 §5.6.7, and back to the one that is written.
package enum HTTPTime {
    /// Nil if it is no date.
    /// - Parameter now: seconds since 1970, by which a year of two digits is understood.
    package static func parse(_ text: FieldText, now: Int = 0) -> Int? {
        var words: [Substring.UTF8View] = []
        // A date is short; anything longer is none.
        guard text.count <= 40 else { return nil }
        let string = String(decoding: text, as: UTF8.self)
        words = string.utf8.split { $0 == 0x20 || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ",") }
        switch words.count {
        // Sun, 06 Nov 1994 08:49:37 GMT, and Sunday, 06-Nov-94 08:49:37 GMT
        case 6 where string.utf8.contains(UInt8(ascii: ",")):
            guard isZone(words[5]), isDay(words[0]) else { return nil }
            return seconds(day: words[1], month: words[2], year: words[3], clock: words[4], now)
        // Sun Nov  6 08:49:37 1994
        case 5 where isDay(words[0]) && words[4].count == 4:
            return seconds(day: words[2], month: words[1], year: words[4], clock: words[3], now)
        default: return nil
        }
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

    private static func isZone(_ word: Substring.UTF8View) -> Bool {
        word.elementsEqual("GMT".utf8) || word.elementsEqual("UTC".utf8)
    }

    private static func isDay(_ word: Substring.UTF8View) -> Bool {
        weekdays.contains { word.starts(with: $0.utf8) }
    }

    private static func seconds(
        day: Substring.UTF8View, month: Substring.UTF8View, year: Substring.UTF8View, clock: Substring.UTF8View,
        _ now: Int
    ) -> Int? {
        guard let day = number(day), let year = number(year),
            let month = months.firstIndex(where: { month.elementsEqual($0.utf8) }).map({ $0 + 1 }),
            (1...31).contains(day)
        else { return nil }
        let parts = clock.split(separator: UInt8(ascii: ":")).map(number)
        guard parts.count == 3, let hour = parts[0], let minute = parts[1], let second = parts[2], hour < 24,
            minute < 60, second <= 60, clock.count == 8
        else { return nil }
        return days(year: fullYear(year, now), month: month, day: day) * 86_400 + hour * 3600 + minute * 60 + second
    }

    /// More than 50 years ahead is the same year of the century before (RFC 9110 §5.6.7).
    private static func fullYear(_ year: Int, _ now: Int) -> Int {
        guard year < 100 else { return year }
        let current = civil(now.floorDivided(by: 86_400)).year
        let candidate = current / 100 * 100 + year
        return candidate > current + 50 ? candidate - 100 : candidate
    }

    private static func number(_ digits: Substring.UTF8View) -> Int? {
        guard !digits.isEmpty, digits.count <= 4, digits.allSatisfy({ $0 &- 0x30 < 10 }) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 &- 0x30) }
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

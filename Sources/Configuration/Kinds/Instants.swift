/// Points in time: `2027-01-01` (its first moment in UTC) or `2027-01-01T12:30:00Z`; the value is in seconds since 1970.
extension Kind where Value == Int {
    static var instant: Kind {
        let noun = "a day such as 2027-01-01, or a time such as 2027-01-01T12:30:00Z"
        let schema = JSON.pattern("^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt][0-9:]{8}([Zz]|[+-][0-9]{2}:[0-9]{2}))?$")
        return .scalar(noun, schema: schema, write: { .string(InstantText.write($0)) }) { text throws(ScalarProblem) in
            guard let seconds = InstantText.read(text.value) else { throw .expected() }
            return seconds
        }
    }
}

/// The written form of points in time (RFC 3339), of the years 1970 to 9999.
package enum InstantText {
    package static func read(_ text: String) -> Int? {
        let bytes = Array(text.utf8)
        guard bytes.count == 10 || bytes.count >= 20, let day = day(bytes[..<10]) else { return nil }
        guard bytes.count > 10 else { return day }
        guard bytes[10] | 0x20 == UInt8(ascii: "t"), let time = time(bytes[11..<19]), let offset = offset(bytes[19...])
        else { return nil }
        return day + time - offset
    }

    /// A day where it is the first moment of one.
    package static func write(_ seconds: Int) -> String {
        let (days, rest) = seconds.quotientAndRemainder(dividingBy: 86_400)
        let date = civil(days)
        let day = "\(digits(date.year, 4))-\(digits(date.month, 2))-\(digits(date.day, 2))"
        guard rest != 0 else { return day }
        return "\(day)T\(digits(rest / 3600, 2)):\(digits(rest / 60 % 60, 2)):\(digits(rest % 60, 2))Z"
    }

    private static func digits(_ number: Int, _ count: Int) -> String {
        let text = "\(number)"
        return String(repeating: "0", count: max(0, count - text.count)) + text
    }

    private static func day(_ text: ArraySlice<UInt8>) -> Int? {
        let parts = text.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.map(\.count) == [4, 2, 2], let year = number(parts[0]), let month = number(parts[1]),
            let day = number(parts[2]), (1970...9999).contains(year), (1...12).contains(month), day >= 1
        else { return nil }
        let days = daysSinceEpoch(year: year, month: month, day: day)
        // The 31st of a month of 30 days would be another month's day.
        let date = civil(days)
        return date.month == month && date.day == day ? days * 86_400 : nil
    }

    private static func time(_ text: ArraySlice<UInt8>) -> Int? {
        let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.map(\.count) == [2, 2, 2], let hour = number(parts[0]), let minute = number(parts[1]),
            let second = number(parts[2]), hour < 24, minute < 60, second < 60
        else { return nil }
        return hour * 3600 + minute * 60 + second
    }

    private static func offset(_ text: ArraySlice<UInt8>) -> Int? {
        if text.count == 1, let mark = text.first, mark | 0x20 == UInt8(ascii: "z") { return 0 }
        guard text.count == 6, let sign = text.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else {
            return nil
        }
        let parts = text.dropFirst().split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.map(\.count) == [2, 2], let hour = number(parts[0]), let minute = number(parts[1]), hour < 24,
            minute < 60
        else { return nil }
        return (sign == UInt8(ascii: "+") ? 1 : -1) * (hour * 3600 + minute * 60)
    }

    private static func number(_ text: ArraySlice<UInt8>) -> Int? { Int(digits: String(decoding: text, as: UTF8.self)) }

    /// Days from 1970-01-01 of the Gregorian calendar, in eras of 400 years that begin in March.
    private static func daysSinceEpoch(year: Int, month: Int, day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = (year / 400, year % 400)
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civil(_ days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let (era, dayOfEra) = (shifted / 146_097, shifted % 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (
            yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        )
    }
}

/// RFC 3339 times in UTC with milliseconds, `2026-02-03T04:05:06.789Z`. The part up to the second is kept: a busy
/// worker writes thousands of lines within one.
struct TimestampText {
    private var second = Int.min
    /// `2026-02-03T04:05:06`
    private var prefix = [UInt8](repeating: UInt8(ascii: "0"), count: 19)

    mutating func append(microsecondsSince1970 time: Int, to line: inout LineBytes) {
        let (second, rest) = Self.divide(time, by: 1_000_000)
        if second != self.second { update(second) }
        prefix.withUnsafeBytes { line.append($0) }
        let milliseconds = rest / 1000
        line.append(UInt8(ascii: "."))
        line.append(Self.digit(milliseconds / 100))
        line.append(Self.digit(milliseconds / 10))
        line.append(Self.digit(milliseconds))
        line.append(UInt8(ascii: "Z"))
    }

    private mutating func update(_ second: Int) {
        self.second = second
        let (day, time) = Self.divide(second, by: 86_400)
        let date = Self.date(ofDay: day)
        put(date.year / 100, at: 0)
        put(date.year, at: 2)
        prefix[4] = UInt8(ascii: "-")
        put(date.month, at: 5)
        prefix[7] = UInt8(ascii: "-")
        put(date.day, at: 8)
        prefix[10] = UInt8(ascii: "T")
        put(time / 3600, at: 11)
        prefix[13] = UInt8(ascii: ":")
        put(time / 60 % 60, at: 14)
        prefix[16] = UInt8(ascii: ":")
        put(time % 60, at: 17)
    }

    private mutating func put(_ value: Int, at index: Int) {
        prefix[index] = Self.digit(value / 10)
        prefix[index + 1] = Self.digit(value)
    }

    private static func digit(_ value: Int) -> UInt8 {
        UInt8(ascii: "0") + UInt8(value.magnitude % 10)
    }

    /// The date, and the seconds since its midnight.
    static func parts(ofSecond second: Int) -> (date: (year: Int, month: Int, day: Int), time: Int) {
        let (day, time) = divide(second, by: 86_400)
        return (date(ofDay: day), time)
    }

    private static func divide(_ value: Int, by divisor: Int) -> (quotient: Int, remainder: Int) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    /// The Gregorian date of a day counted from 1970-01-01. Years are counted from March, which puts the leap day
    /// last, in eras of 400 years (146,097 days).
    private static func date(ofDay day: Int) -> (year: Int, month: Int, day: Int) {
        let (era, dayOfEra) = divide(day + 719_468, by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}

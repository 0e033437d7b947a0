/// Seconds and nanoseconds as `Timestamp` and `Duration` hold them.
struct SecondsAndNanos: Hashable {
    var seconds: Int64
    var nanos: Int32

    /// `.5`, `.021` or nothing: no digits, three, six or nine, as the proto3 JSON mapping prints fractions.
    static func fraction(_ nanos: Int32) -> String {
        guard nanos != 0 else { return "" }
        let digits = String(nanos)
        let whole = String(repeating: "0", count: 9 - digits.utf8.count) + digits
        if nanos % 1_000_000 == 0 { return "." + whole.prefix(3) }
        return "." + (nanos % 1000 == 0 ? whole.prefix(6) : whole[...])
    }

    /// Takes `.` and up to nine digits off the front of `text`; nil where a point has none or too many behind it.
    static func takeFraction(_ text: inout Substring.UTF8View) -> Int32? {
        guard text.first == UInt8(ascii: ".") else { return 0 }
        text.removeFirst()
        var nanos: Int32 = 0
        var count = 0
        while let byte = text.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            guard count < 9 else { return nil }
            nanos = nanos * 10 + Int32(byte - UInt8(ascii: "0"))
            count += 1
            text.removeFirst()
        }
        guard count > 0 else { return nil }
        for _ in count..<9 { nanos *= 10 }
        return nanos
    }
}

/// `google.protobuf.Timestamp` as RFC 3339 text, years 1 to 9999.
enum TimestampText {
    static let range: ClosedRange<Int64> = -62_135_596_800...253_402_300_799

    static func parse(_ text: String) -> SecondsAndNanos? {
        var rest = Substring(text).utf8
        guard let year = take(4, &rest), take("-", &rest), let month = take(2, &rest), take("-", &rest),
            let day = take(2, &rest), take("T", &rest), let hour = take(2, &rest), take(":", &rest),
            let minute = take(2, &rest), take(":", &rest), let second = take(2, &rest),
            year >= 1, (1...12).contains(month), day >= 1, day <= days(in: month, of: year),
            hour < 24, minute < 60, second < 60,
            let nanos = SecondsAndNanos.takeFraction(&rest), let offset = takeOffset(&rest), rest.isEmpty
        else { return nil }
        let seconds = (dayNumber(year, month, day) * 24 + hour) * 3600 + minute * 60 + second - offset
        return range.contains(seconds) ? SecondsAndNanos(seconds: seconds, nanos: nanos) : nil
    }

    /// Nil where the value is out of the range that the text can spell.
    static func print(_ time: SecondsAndNanos) -> String? {
        guard range.contains(time.seconds), (0..<1_000_000_000).contains(time.nanos) else { return nil }
        let days = (time.seconds - range.lowerBound) / 86_400
        let inDay = (time.seconds - range.lowerBound) % 86_400
        let (year, month, day) = date(ofDay: days - 719_162)
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))T"
            + "\(padded(inDay / 3600, 2)):\(padded(inDay / 60 % 60, 2)):\(padded(inDay % 60, 2))"
            + SecondsAndNanos.fraction(time.nanos) + "Z"
    }

    private static func padded(_ value: Int64, _ count: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, count - digits.utf8.count)) + digits
    }

    private static func take(_ count: Int, _ text: inout Substring.UTF8View) -> Int64? {
        var value: Int64 = 0
        for _ in 0..<count {
            guard let byte = text.popFirst(), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        return value
    }

    private static func take(_ character: Unicode.Scalar, _ text: inout Substring.UTF8View) -> Bool {
        text.popFirst() == UInt8(ascii: character)
    }

    private static func takeOffset(_ text: inout Substring.UTF8View) -> Int64? {
        switch text.popFirst() {
        case UInt8(ascii: "Z"): return 0
        case UInt8(ascii: "+"): return takeHoursAndMinutes(&text)
        case UInt8(ascii: "-"): return takeHoursAndMinutes(&text).map { -$0 }
        default: return nil
        }
    }

    private static func takeHoursAndMinutes(_ text: inout Substring.UTF8View) -> Int64? {
        guard let hours = take(2, &text), take(":", &text), let minutes = take(2, &text), hours < 24, minutes < 60
        else { return nil }
        return hours * 3600 + minutes * 60
    }

    private static func days(in month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since 1970-01-01 in the Gregorian calendar, counted in eras of 400 years that begin in March, so that the
    /// leap day is the last of its year.
    private static func dayNumber(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let marchYear = month <= 2 ? year - 1 : year
        let era = (marchYear >= 0 ? marchYear : marchYear - 399) / 400
        let yearOfEra = marchYear - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func date(ofDay number: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = number + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }
}

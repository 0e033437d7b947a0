/// `google.protobuf.Duration` as seconds with a fraction and `s`: `-1.5s`, within ±10,000 years.
enum DurationText {
    static let largest: Int64 = 315_576_000_000

    static func parse(_ text: String) -> SecondsAndNanos? {
        var rest = Substring(text).utf8
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative { rest.removeFirst() }
        var seconds: Int64 = 0
        var count = 0
        while let byte = rest.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            seconds = seconds * 10 + Int64(byte - UInt8(ascii: "0"))
            guard seconds <= largest else { return nil }
            count += 1
            rest.removeFirst()
        }
        guard count > 0, let nanos = SecondsAndNanos.takeFraction(&rest), rest.popFirst() == UInt8(ascii: "s"),
            rest.isEmpty, seconds < largest || nanos == 0
        else { return nil }
        return SecondsAndNanos(seconds: isNegative ? -seconds : seconds, nanos: isNegative ? -nanos : nanos)
    }

    /// Nil where the value is out of range, or its parts have different signs.
    static func print(_ time: SecondsAndNanos) -> String? {
        guard (-largest...largest).contains(time.seconds), (-999_999_999...999_999_999).contains(time.nanos),
            time.seconds == 0 || time.nanos == 0 || (time.seconds < 0) == (time.nanos < 0)
        else { return nil }
        let sign = time.seconds < 0 || time.nanos < 0 ? "-" : ""
        return "\(sign)\(time.seconds.magnitude)\(SecondsAndNanos.fraction(Int32(time.nanos.magnitude)))s"
    }
}

/// The `grpc-timeout` field: up to eight digits and a unit (gRPC over HTTP/2, "Requests").
package enum GRPCTimeout {
    /// Nil where the field is malformed. Values beyond what `Duration` holds can't occur: 99,999,999 hours.
    package static func parse(_ field: some BidirectionalCollection<UInt8>) -> Duration? {
        let digits = field.dropLast()
        guard let unit = field.last, (1...8).contains(digits.count) else { return nil }
        var value: Int64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            value = value * 10 + Int64(digit - UInt8(ascii: "0"))
        }
        switch unit {
        case UInt8(ascii: "H"): return .seconds(value * 3600)
        case UInt8(ascii: "M"): return .seconds(value * 60)
        case UInt8(ascii: "S"): return .seconds(value)
        case UInt8(ascii: "m"): return .milliseconds(value)
        case UInt8(ascii: "u"): return .microseconds(value)
        case UInt8(ascii: "n"): return .nanoseconds(value)
        default: return nil
        }
    }

    /// The smallest unit whose eight digits hold the time, rounded down: a deadline passed on is never later than the
    /// one that was set.
    package static func text(_ timeout: Duration) -> [UInt8] {
        let (seconds, attoseconds) = timeout.components
        guard seconds >= 0, attoseconds >= 0 else { return Array("0n".utf8) }
        let largest: Int64 = 99_999_999
        if seconds == 0, attoseconds / 1_000_000_000 <= largest { return text(attoseconds / 1_000_000_000, "n") }
        if seconds < 100 { return text(seconds * 1_000_000 + attoseconds / 1_000_000_000_000, "u") }
        if seconds < 100_000 { return text(seconds * 1000 + attoseconds / 1_000_000_000_000_000, "m") }
        if seconds <= largest { return text(seconds, "S") }
        if seconds / 60 <= largest { return text(seconds / 60, "M") }
        return text(min(seconds / 3600, largest), "H")
    }

    private static func text(_ value: Int64, _ unit: String) -> [UInt8] { Array((String(value) + unit).utf8) }
}

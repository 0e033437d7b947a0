extension RateWindow {
    /// What the window is called in Redis and in response fields: by its period, so that an edited rate keeps its bucket.
    /// `second`, `minute`, `hour`, `day`, or like `10s`, `5m`, `250ms`.
    /// Windows of other kinds say so: `minute-sliding`, `calendar-day`.
    package var name: String {
        switch kind {
        case .bucket: periodName
        case .sliding: "\(periodName)-sliding"
        case .calendar(let unit, _): "calendar-\(unit.rawValue)"
        }
    }

    private var periodName: String {
        switch periodMicroseconds {
        case 1_000_000: "second"
        case 60_000_000: "minute"
        case 3_600_000_000: "hour"
        case 86_400_000_000: "day"
        default: Self.shortest(periodMicroseconds)
        }
    }

    private static func shortest(_ microseconds: Int) -> String {
        let units = [(86_400_000_000, "d"), (3_600_000_000, "h"), (60_000_000, "m"), (1_000_000, "s"), (1000, "ms")]
        for (length, suffix) in units where microseconds.isMultiple(of: length) {
            return "\(microseconds / length)\(suffix)"
        }
        return "\(microseconds)us"
    }

    /// The rate as one would configure it: `100/minute`, `5/10s`.
    package var text: String {
        if case .calendar(let unit, _) = kind { return "\(count)/\(unit.rawValue)" }
        return "\(count)/\(periodName)"
    }
}

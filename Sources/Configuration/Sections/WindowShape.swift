import Policies

/// How the tokens of rates come back: `window`, `zone` and `burst`, of a limit, of a plan, or of a single rate in it.
struct WindowShape: Hashable, Sendable {
    enum Style: Hashable, Sendable { case bucket, sliding, calendar }

    var style: Style?
    var zone: String?
    var burst: Int?

    static func read(_ section: SectionReader) -> WindowShape {
        var shape = WindowShape()
        shape.style = section.optional(
            "window", .choice(["bucket": .bucket, "sliding": .sliding, "calendar": .calendar]),
            "How tokens come back: steadily (bucket), each a period after it was taken (sliding), or all at once when "
                + "the next minute, hour, day, week or month begins (calendar); absent: bucket, and calendar for weeks "
                + "and months.")
        shape.zone = section.optional(
            "zone", .timeZone, "Whose days, weeks and months a calendar window follows; absent: UTC.")
        shape.burst = section.optional(
            "burst", .integer(RateWindow.countRange),
            "How many requests may come at once to a bucket; absent: as many as the rate.")
        return shape
    }

    /// The windows of a limit's rates; what does not fit together is reported.
    ///
    /// - Parameter key: where the rates are in the section.
    func windows(of rates: [Rate], _ key: String, in section: SectionReader) -> [RateWindow] {
        let list = section.place(of: key)
        var seen: [Identity: Rate] = [:]
        var windows: [RateWindow] = []
        for (index, rate) in rates.enumerated() {
            let place = list.itemReader(index)
            guard let window = window(of: rate, place) else { continue }
            windows.append(window)
            guard let other = seen.updateValue(rate, forKey: Identity(window)) else { continue }
            place.report(
                "\(quoted(rate.text)) and \(quoted(other.text)) have the same period", hint: "keep the smaller one")
        }
        if windows.count == rates.count { reportUseless(rates, section) }
        return windows
    }

    /// Two windows of one period and kind are a mistake: the larger would never matter.
    private struct Identity: Hashable {
        let period: Int
        let style: Style

        init(_ window: RateWindow) {
            period = window.periodMicroseconds
            style =
                switch window.kind {
                case .bucket: .bucket
                case .sliding: .sliding
                case .calendar: .calendar
                }
        }
    }

    private func style(of rate: Rate) -> Style {
        rate.shape.style ?? style ?? (rate.isOnlyOfCalendars ? .calendar : .bucket)
    }

    private func window(of rate: Rate, _ place: NodeReader) -> RateWindow? {
        let style = style(of: rate)
        if rate.shape.zone != nil, style != .calendar {
            place.report("a zone is for calendar windows", hint: "add window: calendar, or remove the zone")
            return nil
        }
        if rate.shape.burst != nil, style != .bucket {
            place.report("a burst is for token buckets; this window holds what its rate says", hint: "remove it")
            return nil
        }
        switch style {
        case .calendar: return calendarWindow(of: rate, place)
        case .bucket, .sliding:
            guard !rate.isOnlyOfCalendars else {
                place.report(
                    "\(quoted(rate.text)): weeks and months are counted by calendar windows only",
                    hint: "write { rate: \(rate.text), window: calendar }, or a period such as 30d")
                return nil
            }
            return RateWindow(
                count: rate.count, periodMicroseconds: rate.periodMicroseconds,
                capacity: style == .bucket ? rate.shape.burst ?? burst : nil,
                kind: style == .bucket ? .bucket : .sliding)
        }
    }

    private func calendarWindow(of rate: Rate, _ place: NodeReader) -> RateWindow? {
        guard let unit = rate.unit else {
            let near = RateText.units.first { $0.unit != nil && $0.period == rate.periodMicroseconds }
            place.report(
                "\(quoted(rate.text)): expected a rate per minute, hour, day, week or month, as calendars have them",
                hint: near.map { "did you mean \(quoted("\(rate.text.prefix { $0 != "/" })/\($0.name)"))?" }
                    ?? "or use window: sliding")
            return nil
        }
        return RateWindow(
            count: rate.count, periodMicroseconds: rate.periodMicroseconds,
            kind: .calendar(unit, zone: rate.shape.zone ?? zone ?? "UTC"))
    }

    /// Keys of the limit that none of its rates makes use of.
    private func reportUseless(_ rates: [Rate], _ section: SectionReader) {
        guard !rates.isEmpty else { return }
        if zone != nil, !rates.contains(where: { style(of: $0) == .calendar && $0.shape.zone == nil }) {
            section.place(of: "zone").report(
                "a zone is for calendar windows, and no rate here needs it", hint: "add window: calendar, or remove it")
        }
        if burst != nil, !rates.contains(where: { style(of: $0) == .bucket && $0.shape.burst == nil }) {
            section.place(of: "burst").report(
                "a burst is for token buckets, and no rate here needs it", hint: "remove it, or use window: bucket")
        }
    }
}

extension Rate {
    /// Weeks and months have no place in a bucket: they begin when the calendar says, and months differ in length.
    fileprivate var isOnlyOfCalendars: Bool { unit == .week || unit == .month }
}

import HTTPWire
import Policies
import RedisClient

/// A named limit with all its windows, which are decided together.
///
/// The name is part of the bucket's key in Redis, so it must follow from the configuration alone: nodes with the same
/// configuration share the bucket.
package final class LimitPolicy: Sendable {
    package let name: String
    /// No two with the same period and kind; may be empty if there is a bound on concurrency.
    package let windows: [RateWindow]
    /// Requests that may be under way at once; nil: any number.
    package let concurrency: Int?
    /// Counts and reports, but never refuses.
    package let isShadow: Bool
    /// `<policy>:`, as keys begin with it.
    let keyStart: [UInt8]
    /// The windows as arguments of `take.lua`, encoded once as most never change; nil if there are calendar windows.
    let arguments: RedisCommandWriter.Encoded?

    package init(name: String, windows: [RateWindow], concurrency: Int? = nil, isShadow: Bool = false) {
        self.name = name
        self.windows = windows
        self.concurrency = concurrency
        self.isShadow = isShadow
        keyStart = SubjectKey.escaped(policy: name) + [0x3A]
        arguments = windows.contains(where: \.isOfCalendar) ? nil : Self.encode(windows) { _, _ in "" }
    }

    /// - Parameter starts: when the periods of a calendar begin, as the script reads them.
    static func encode(
        _ windows: [RateWindow], starts: (RateWindow.CalendarUnit, String) -> String
    ) -> RedisCommandWriter.Encoded {
        RedisCommandWriter.encoding(
            ["\(windows.count)"]
                + windows.flatMap { window in
                    let (count, period) =
                        switch window.kind {
                        case .bucket: ("\(window.terms.count)", "\(window.terms.period)")
                        case .sliding: ("0", "\(window.periodMicroseconds)")
                        case .calendar(let unit, let zone): ("-1", starts(unit, zone))
                        }
                    return [window.name, window.text, "\(window.capacity)", count, period]
                })
    }
}

extension RateWindow {
    fileprivate var isOfCalendar: Bool {
        if case .calendar = kind { true } else { false }
    }
}

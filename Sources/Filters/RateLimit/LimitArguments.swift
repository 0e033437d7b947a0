import Glibc
import Policies
import RedisClient

/// The windows of policies as `take.lua` reads them. Most never change; those with calendar windows do with each period.
final class LimitArguments {
    private struct Dated {
        /// Keeps the identity that it is found by from being reused.
        let policy: LimitPolicy
        let words: RedisCommandWriter.Encoded
        let until: Int
    }

    private let periods = CalendarPeriods()
    private var dated: [ObjectIdentifier: Dated] = [:]
    /// Policies of earlier configurations would otherwise pile up over reloads.
    private static let most = 10_000
    /// How far Redis' clock is from this machine's, once that has mattered; microseconds.
    private var offset = 0
    private let wallClock: () -> Int

    init(wallClock: @escaping () -> Int = CalendarPeriods.wallClock) { self.wallClock = wallClock }

    /// The calendar's periods are those around Redis' time (STATE.md, promise 5).
    func noteServerTime(_ microseconds: Int) {
        offset = microseconds - wallClock()
        dated.removeAll()
    }

    func words(of policy: LimitPolicy) -> RedisCommandWriter.Encoded {
        if let words = policy.arguments { return words }
        let now = wallClock() + offset
        if let known = dated[ObjectIdentifier(policy)], now < known.until { return known.words }
        var until = Int.max
        let words = LimitPolicy.encode(policy.windows) { unit, zone in
            let (starts, end) = periods.starts(unit, zone: zone, around: now)
            until = min(until, end)
            return starts.map(String.init).joined(separator: " ")
        }
        if dated.count >= Self.most { dated.removeAll() }
        dated[ObjectIdentifier(policy)] = Dated(policy: policy, words: words, until: until)
        return words
    }
}

extension CalendarPeriods {
    /// Microseconds since 1970.
    static func wallClock() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return time.tv_sec &* 1_000_000 &+ time.tv_nsec / 1000
    }
}

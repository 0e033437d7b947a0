import HTTPWire

#if canImport(Glibc)
    import Glibc
#endif

/// Time that never jumps, for durations and deadlines within this process. Nothing shared is ever decided by it.
package enum MonotonicClock {
    /// Microseconds since an arbitrary start.
    @inline(__always)
    package static func microseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec &* 1_000_000 &+ time.tv_nsec / 1000
    }

    /// The same, but it also counts while the machine sleeps: for what ends elsewhere meanwhile, like a lease.
    @inline(__always)
    package static func microsecondsWithSleep() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return time.tv_sec &* 1_000_000 &+ time.tv_nsec / 1000
    }
}

/// The time of day, which jumps when it is set: only for what other hosts have stamped, such as `Date`.
package enum WallClock {
    /// Seconds since 1970.
    package static func seconds() -> Int {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return now.tv_sec
    }
}

/// The wall clock as HTTP wants it: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7), formatted once a second.
package final class HTTPDate {
    private var second = -1
    private var text: [UInt8] = Array(repeating: 0x20, count: 29)

    package init() {}

    package func withBytes<Result>(_ body: (Bytes) -> Result) -> Result {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME_COARSE, &now)
        if now.tv_sec != second { format(now.tv_sec) }
        return text.withUnsafeBufferPointer(body)
    }

    private func format(_ now: Int) {
        second = now
        var time = time_t(now)
        var parts = tm()
        gmtime_r(&time, &parts)
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let day = "\(days[Int(parts.tm_wday)]), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon)])"
        let clock = "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
        text = Array("\(day) \(Int(parts.tm_year) + 1900) \(clock) GMT".utf8)
    }
}

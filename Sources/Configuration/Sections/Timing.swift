/// `timing`, at the top and of a route: which fields tell clients what their requests took.
package struct TimingSettings: Hashable, Sendable {
    /// `X-Response-Time`.
    package var hasResponseTime = false
    /// `Server-Timing`.
    package var hasServerTiming = false

    package init(hasResponseTime: Bool = false, hasServerTiming: Bool = false) {
        self.hasResponseTime = hasResponseTime
        self.hasServerTiming = hasServerTiming
    }

    static let kind = Kind<TimingSettings>.word(
        "off", TimingSettings(),
        or: .word(
            "on", TimingSettings(hasResponseTime: true, hasServerTiming: true),
            or: .section("timing", "a mapping such as { response_time: true, server_timing: true }") { section in
                var timing = TimingSettings()
                timing.hasResponseTime = section.value(
                    "response_time", .boolean, default: false, "Whether responses carry X-Response-Time.")
                timing.hasServerTiming = section.value(
                    "server_timing", .boolean, default: false,
                    "Whether responses carry Server-Timing: the gateway's part and the upstream's.")
                return timing
            }))
}

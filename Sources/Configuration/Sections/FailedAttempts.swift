import Policies

/// `authentication`: what holds for all ways to authenticate.
package struct AuthenticationSettings: Hashable, Sendable {
    /// How often an address may fail; nil: as often as it likes.
    package var failures: AttemptLimit? = AttemptLimit(count: 60, periodMicroseconds: 60_000_000)
    /// Whether `failures` is written; by default clients on the host itself are not counted.
    package var areFailuresWritten = false

    package init() {}

    static let kind = Kind<AuthenticationSettings>.section(
        "authentication", "a mapping such as { failures: 10/minute }"
    ) { section in
        var settings = AuthenticationSettings()
        settings.failures = section.value(
            "failures", .word("off", nil, or: .attemptLimit), default: settings.failures,
            "How often an address (IPv6: a network of 64 bits) may come with a bad credential before it gets 429; absent: "
                + "60/minute, but not for the host's own addresses; off: no limit.")
        settings.areFailuresWritten = section.has("failures")
        return settings
    }
}

extension Kind where Value == AttemptLimit? {
    fileprivate static var attemptLimit: Kind {
        let noun = "a rate such as 10/minute"
        return .scalar(
            noun, schema: .pattern("^[0-9]+/[a-z0-9]+$"),
            write: { $0.map { .string("\($0.count)/\(DurationText.write($0.periodMicroseconds))") } ?? .string("off") }
        ) { text throws(ScalarProblem) in
            guard let rate = RateText.read(text.value) else {
                throw .expected(suggestion: RateText.nearest(text.value))
            }
            guard (1...1_000_000).contains(rate.count), (1_000_000...86_400_000_000).contains(rate.period) else {
                throw .expected("a rate of 1 to 1000000 attempts in 1s to 1d")
            }
            return AttemptLimit(count: rate.count, periodMicroseconds: rate.period)
        }
    }
}

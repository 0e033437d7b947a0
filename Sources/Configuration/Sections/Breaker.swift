import Policies

/// `breaker` of an upstream.
extension Kind where Value == BreakerSettings? {
    static var breaker: Kind {
        .section("breaker", "a mapping such as { failures: 5, open: 30s }") { section in
            var breaker = BreakerSettings()
            breaker.failures = section.value(
                "failures", .integer(0...1_000_000), default: breaker.failures,
                "Consecutive failures that trip it, as a quorum of the nodes sees them; 0: this rule is off.")
            breaker.errorRate = section.value(
                "error_rate", .percent, default: breaker.errorRate,
                "Share of failed calls in the window that trips it; 0%: this rule is off.")
            breaker.minimum = section.value(
                "minimum", .integer(1...1_000_000), default: breaker.minimum,
                "Calls that the window must hold before error_rate is judged.")
            breaker.windowMicroseconds = section.value(
                "window", .duration(1_000_000...600_000_000), default: breaker.windowMicroseconds,
                "Length of the sliding window.")
            breaker.openMicroseconds = section.value(
                "open", .duration(100_000...3_600_000_000), default: breaker.openMicroseconds,
                "How long it refuses before it probes.")
            breaker.probes = section.value(
                "probes", .integer(BreakerSettings.probesRange), default: breaker.probes,
                "Probes of the whole cluster while half-open, each of which must succeed to close it.")
            breaker.slowCallMicroseconds = section.optional(
                "slow_call", .duration(1_000...3_600_000_000),
                "A call that takes at least this long counts as failed; absent: slowness is not judged.")
            return .some(breaker)
        }
    }
}

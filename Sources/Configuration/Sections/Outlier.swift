import Policies

/// `outlier` of an upstream.
extension Kind where Value == OutlierSettings? {
    static var outlier: Kind {
        .section("outlier", "a mapping such as { failures: 5, eject: 30s, max_ejected: 50% }") { section in
            var outlier = OutlierSettings()
            outlier.failures = section.value(
                "failures", .integer(1...1_000_000), default: outlier.failures,
                "A target's failures in a row, seen by one node, after which that node asks it nothing for a while.")
            outlier.ejectMicroseconds = section.value(
                "eject", .duration(100_000...3_600_000_000), default: outlier.ejectMicroseconds,
                "How long; if it fails again soon after, twice as long, up to ten times.")
            outlier.maxEjected = section.value(
                "max_ejected", .percent, default: outlier.maxEjected,
                "Share of the targets that may be out at once, rounded down.")
            return .some(outlier)
        }
    }
}

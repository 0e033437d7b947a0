import Policies

/// `adaptive` of an upstream.
extension Kind where Value == ConcurrencyLimit.Settings? {
    static var adaptive: Kind {
        .section("adaptive", "a mapping such as { minimum: 8, maximum: 1000, tolerance: 150% }") { section in
            var adaptive = ConcurrencyLimit.Settings()
            adaptive.minimum = section.value(
                "minimum", .integer(1...100_000), default: adaptive.minimum,
                "Requests of one node that are let through at once in any case.")
            adaptive.maximum = section.value(
                "maximum", .integer(1...1_000_000), default: adaptive.maximum,
                "Requests of one node at once that are never exceeded.")
            adaptive.tolerance = section.value(
                "tolerance", .percentage(100...1_000, such: "150%"), default: adaptive.tolerance,
                "Latency up to this part of the usual one is no reason to let fewer through.")
            guard adaptive.minimum <= adaptive.maximum else {
                section.place(of: "minimum").report(
                    "it is more than maximum, which is \(adaptive.maximum)", hint: "lower it, or raise maximum")
                return nil
            }
            return .some(adaptive)
        }
    }
}

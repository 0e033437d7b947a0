import Policies

/// `hedge` of an upstream.
extension Kind where Value == HedgeSettings? {
    static var hedge: Kind {
        .section("hedge", "a mapping such as { after: 100ms, budget: 5% }") { section in
            var hedge = HedgeSettings()
            hedge.after = section.value(
                "after", .hedgeDelay, default: hedge.after,
                "After what time without an answer a second attempt is made; p95: when 95 of 100 have been answered.")
            hedge.budget = section.value(
                "budget", .percent, default: hedge.budget, "Share of the requests that second attempts may add.")
            return .some(hedge)
        }
    }
}

extension Kind where Value == HedgeSettings.Delay {
    fileprivate static var hedgeDelay: Kind {
        let time = Kind<Int>.duration(1_000...60_000_000)
        let noun = "a duration such as 100ms, or a percentile such as p95"
        return Kind(
            noun: noun, schema: { _ in .pattern("^(p[1-9][0-9]?|[0-9]+(ms|s|m))$") }
        ) { reader, noun in
            guard let text = reader.text(expected: noun) else { return nil }
            if text.value.hasPrefix("p"), let percent = Int(text.value.dropFirst()), (50...99).contains(percent) {
                return .percentile(percent)
            }
            guard !text.value.hasPrefix("p") else {
                reader.report("expected \(noun)", hint: "from p50 to p99")
                return nil
            }
            return time.read(reader).map(HedgeSettings.Delay.microseconds)
        }
    }
}

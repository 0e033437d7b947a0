import Policies

/// What a limit and a plan have in common: how much may be used, and what a request uses of it.
package struct LimitTerms: Hashable, Sendable {
    /// No two with the same period and kind; all hold at once.
    package var rates: [RateWindow] = []
    /// Requests that may be under way at once; nil: any number.
    package var concurrency: Int?
    package var cost = LimitCost.fixed(1)
    /// Counts and reports, but never refuses.
    package var isShadow = false

    package init(
        rates: [RateWindow] = [], concurrency: Int? = nil, cost: LimitCost = .fixed(1), isShadow: Bool = false
    ) {
        self.rates = rates
        self.concurrency = concurrency
        self.cost = cost
        self.isShadow = isShadow
    }

    /// Whether there is anything to count.
    package var isEmpty: Bool { rates.isEmpty && concurrency == nil }

    /// - Parameter key: what the rates are called in the section.
    static func read(_ section: SectionReader, rates key: String, _ doc: String) -> LimitTerms {
        let rates = section.optional(
            key, .nonEmpty(.list(.rate, noun: "a list of rates such as [10/second, 1000/hour]")), doc)
        let shape = WindowShape.read(section)
        let concurrency = section.optional(
            "concurrency", .integer(1...1_000_000), "How many requests may be under way at once; absent: any number.")
        let cost = section.optional(
            "cost", LimitCost.kind, "How many tokens a request takes from each rate; absent: 1.")
        let isShadow = section.value(
            "shadow", .boolean, default: false, "Count and report what would be refused, but refuse nothing.")
        var terms = LimitTerms(concurrency: concurrency, isShadow: isShadow)
        terms.rates = rates.map { shape.windows(of: $0, key, in: section) } ?? []
        if !section.has(key) { reportWithoutRates(section, key) }
        if let cost { terms.cost = cost.fitting(terms.rates, section.place(of: "cost")) }
        return terms
    }

    private static func reportWithoutRates(_ section: SectionReader, _ key: String) {
        for name in ["window", "zone", "burst", "cost"] where section.has(name) {
            section.place(of: name).report(
                "\(name) says something of rates, and there are none", hint: "add \(key): [100/minute], or remove it")
        }
    }
}

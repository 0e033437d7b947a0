import Policies

/// One entry of `limit` of a route: rates, and what they are counted per.
package struct LimitSettings: Hashable, Sendable {
    package enum Subject: Hashable, Sendable {
        case consumer
        /// One bucket for the whole route.
        case route
        case ip
        /// The name as configured; header names compare without regard to case.
        case header(String)
        case claim(String)
    }

    package var per: Subject
    /// At least one, no two with the same period; all hold at once.
    package var rates: [RateWindow]

    static let kind = Kind<LimitSettings>.section("limit", "a limit such as { per: consumer, rates: [100/minute] }") {
        section in
        let per = section.required(
            "per", .limitSubject, "What requests are counted per: consumer, route, ip, header:NAME or claim:NAME.")
        let rates = section.required("rates", .nonEmpty(.rates), "All of them hold at once.")
        let burst = section.optional(
            "burst", .integer(RateWindow.countRange), "How many requests may come at once; absent: as many as the rate."
        )
        section.later("cost")
        guard let per, let rates, !rates.isEmpty else { return nil }
        return LimitSettings(per: per, rates: rates.map { $0.window(burst: burst) })
    }
}

extension Kind where Value == LimitSettings.Subject {
    fileprivate static var limitSubject: Kind {
        subject(
            ["consumer": .consumer, "route": .route, "ip": .ip],
            named: ["header": { isToken($0) ? .header($0) : nil }, "claim": { $0.isEmpty ? nil : .claim($0) }])
    }
}

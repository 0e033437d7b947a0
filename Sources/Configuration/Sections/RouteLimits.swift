import Policies

/// One entry of `limit` of a route: what requests are counted per, and how many there may be.
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
    /// With rates, or a bound on concurrency, or both.
    package var terms: LimitTerms

    static let kind = Kind<LimitSettings>.section("limit", "a limit such as { per: consumer, rates: [100/minute] }") {
        section in
        let per = section.required(
            "per", .limitSubject, "What requests are counted per: consumer, route, ip, header:NAME or claim:NAME.")
        let terms = LimitTerms.read(section, rates: "rates", "All of them hold at once.")
        if !section.has("rates"), !section.has("concurrency") {
            section.reader.report("a limit needs rates or concurrency", hint: "add rates: [100/minute]")
        }
        return per.map { LimitSettings(per: $0, terms: terms) }
    }
}

extension Kind where Value == LimitSettings.Subject {
    fileprivate static var limitSubject: Kind {
        subject(
            ["consumer": .consumer, "route": .route, "ip": .ip],
            named: ["header": { isToken($0) ? .header($0) : nil }, "claim": { $0.isEmpty ? nil : .claim($0) }])
    }
}

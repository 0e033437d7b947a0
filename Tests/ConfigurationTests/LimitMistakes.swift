/// Mistakes in limits and plans, with what is said about each.
let limitMistakes: [Mistake] = terms + windows + costs

private let terms: [Mistake] = [
    .limit("{ per: ip }", "31: routes[1].limit: a limit needs rates or concurrency; add rates: [100/minute]"),
    .limit(
        "{ per: ip, rates: [] }",
        "49: routes[1].limit.rates: expected a list of rates such as [10/second, 1000/hour], found an empty list"),
    .limit(
        "{ per: ip, concurrency: 0 }",
        "55: routes[1].limit.concurrency: \"0\": expected a whole number from 1 to 1000000"),
    .limit(
        "{ per: ip, concurrency: 5, shadow: yes }",
        "66: routes[1].limit.shadow: \"yes\": expected true or false; did you mean \"true\"?"),
    .limit(
        "{ per: ip, concurrency: 5, burst: 9, cost: 2 }",
        "65: routes[1].limit.burst: burst says something of rates, and there are none; add rates: [100/minute], or remove it",
        "74: routes[1].limit.cost: cost says something of rates, and there are none; add rates: [100/minute], or remove it"
    ),
    .limit(
        "{ per: ip, concurency: 5, rates: [1/second] }",
        "42: routes[1].limit: unknown key \"concurency\"; did you mean \"concurrency\"?"),
    .limit(
        "{ per: ip, rates: [1/second], burst: 0 }",
        "68: routes[1].limit.burst: \"0\": expected a whole number from 1 to 1000000000"),
    .line(
        "plans: { gold: { limits: [10/second], concurency: 20 } }",
        "39: plans.gold: unknown key \"concurency\"; did you mean \"concurrency\"?"),
    .line(
        "plans: { gold: { cost: 3, zone: UTC } }",
        "24: plans.gold.cost: cost says something of rates, and there are none; add limits: [100/minute], or remove it",
        "33: plans.gold.zone: zone says something of rates, and there are none; add limits: [100/minute], or remove it"),
]

private let windows: [Mistake] = [
    .limit(
        "{ per: ip, rates: [1/second], window: rolling }",
        "69: routes[1].limit.window: \"rolling\": expected one of bucket, sliding, calendar"),
    .limit(
        "{ per: ip, rates: [1/second], window: slidng }",
        "69: routes[1].limit.window: \"slidng\": expected one of bucket, sliding, calendar; did you mean \"sliding\"?"),
    .limit(
        "{ per: ip, rates: [5/second], window: calendar }",
        "50: routes[1].limit.rates[0]: \"5/second\": expected a rate per minute, hour, day, week or month, as calendars have them; or use window: sliding"
    ),
    .limit(
        "{ per: ip, rates: [5/24h], window: calendar }",
        "50: routes[1].limit.rates[0]: \"5/24h\": expected a rate per minute, hour, day, week or month, as calendars have them; did you mean \"5/day\"?"
    ),
    .limit(
        "{ per: ip, rates: [5/month], window: sliding }",
        "50: routes[1].limit.rates[0]: \"5/month\": weeks and months are counted by calendar windows only; write { rate: 5/month, window: calendar }, or a period such as 30d"
    ),
    .limit(
        "{ per: ip, rates: [{ rate: 5/week, window: bucket }] }",
        "50: routes[1].limit.rates[0]: \"5/week\": weeks and months are counted by calendar windows only; write { rate: 5/week, window: calendar }, or a period such as 30d"
    ),
    .limit(
        "{ per: ip, rates: [5/fortnight] }",
        "50: routes[1].limit.rates[0]: \"5/fortnight\": expected a rate such as 100/minute, 10/second or 5/10s"),
    .limit(
        "{ per: ip, rates: [{ window: calendar }] }",
        "50: routes[1].limit.rates[0]: the key \"rate\" is missing; it holds a rate such as 100/minute, 10/second or 5/10s"
    ),
    .limit(
        "{ per: ip, rates: [{ rate: 5/day, zon: UTC }] }",
        "65: routes[1].limit.rates[0]: unknown key \"zon\"; did you mean \"zone\"?"),
    .limit(
        "{ per: ip, rates: [5/month], zone: Europe/Berln }",
        "66: routes[1].limit.zone: \"Europe/Berln\": expected UTC or the name of a time zone such as Europe/Berlin; did you mean \"Europe/Berlin\"?"
    ),
    .limit(
        "{ per: ip, rates: [5/month], zone: tokyo }",
        "66: routes[1].limit.zone: \"tokyo\": expected UTC or the name of a time zone such as Europe/Berlin; did you mean \"Asia/Tokyo\"?"
    ),
    .limit(
        "{ per: ip, rates: [5/month], zone: GMT+3 }",
        "66: routes[1].limit.zone: \"GMT+3\": expected UTC or the name of a time zone such as Europe/Berlin"),
    .limit(
        "{ per: ip, rates: [5/day], zone: UTC }",
        "64: routes[1].limit.zone: a zone is for calendar windows, and no rate here needs it; add window: calendar, or remove it"
    ),
    .limit(
        "{ per: ip, rates: [{ rate: 5/day, zone: UTC }] }",
        "50: routes[1].limit.rates[0]: a zone is for calendar windows; add window: calendar, or remove the zone"),
    .limit(
        "{ per: ip, rates: [{ rate: 5/day, window: calendar, burst: 7 }] }",
        "50: routes[1].limit.rates[0]: a burst is for token buckets; this window holds what its rate says; remove it"),
    .limit(
        "{ per: ip, rates: [5/day], window: sliding, burst: 7 }",
        "82: routes[1].limit.burst: a burst is for token buckets, and no rate here needs it; remove it, or use window: bucket"
    ),
    .line(
        "plans: { gold: { limits: [5/month, { rate: 7/month, zone: Europe/Berlin }] } }",
        "36: plans.gold.limits[1]: \"7/month\" and \"5/month\" have the same period; keep the smaller one"),
    .line(
        "plans: { gold: { limits: [5/second, 7/s] } }",
        "37: plans.gold.limits[1]: \"7/s\": expected a rate such as 100/minute, 10/second or 5/10s; did you mean \"7/second\"?"
    ),
]

private let costs: [Mistake] = [
    .limit(
        "{ per: ip, rates: [10/second, 50/minute], cost: 20 }",
        "79: routes[1].limit.cost: a request that costs 20 would never be admitted: 10/second holds 10 tokens; lower the cost, or raise the rate"
    ),
    .limit(
        "{ per: ip, rates: [10/second], cost: { header: X-Cost, max: 11 } }",
        "68: routes[1].limit.cost: a request that costs 11 would never be admitted: 10/second holds 10 tokens; lower the cost, or raise the rate"
    ),
    .limit(
        "{ per: ip, rates: [10/second], cost: { header: X-Cost, default: 12 } }",
        "68: routes[1].limit.cost: a request that costs 12 would never be admitted: 10/second holds 10 tokens; lower the cost, or raise the rate"
    ),
    .limit(
        "{ per: ip, rates: [10/second], cost: { header: X-Cost, default: 7, max: 5 } }",
        "95: routes[1].limit.cost.default: the default is more than max; raise max"),
    .limit(
        "{ per: ip, rates: [10/second], cost: { header: \"X Cost\" } }",
        "78: routes[1].limit.cost.header: \"X Cost\": expected the name of a header field"),
    .limit(
        "{ per: ip, rates: [10/second], cost: { headr: X-Cost } }",
        "68: routes[1].limit.cost: the key \"header\" is missing; it holds the name of a header field",
        "70: routes[1].limit.cost: unknown key \"headr\"; did you mean \"header\"?"),
    .limit(
        "{ per: ip, rates: [10/second], cost: 0 }",
        "68: routes[1].limit.cost: \"0\": expected a whole number from 1 to 1000000000, or { header: NAME }"),
    .limit(
        "{ per: ip, rates: [10/second], cost: [1] }",
        "68: routes[1].limit.cost: expected a whole number from 1 to 1000000000, or { header: NAME }, found a list"),
]

extension Mistake {
    /// A limit of a route beside the smallest file's; it starts in column 31.
    fileprivate static func limit(_ limit: String, _ told: String...) -> Mistake {
        Mistake(
            text: smallest + "  - { upstream: users, limit: \(limit) }\n", told: told.map { "gateway.yaml:5:" + $0 })
    }
}

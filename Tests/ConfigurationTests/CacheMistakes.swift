/// Mistakes in what is cached, with what is said about each.
let cacheMistakes: [Mistake] = [
    .cache("{ tll: 5m }", "65: routes[1].cache: unknown key \"tll\"; did you mean \"ttl\"?"),
    .cache("on", "63: routes[1].cache: expected off or a mapping such as { ttl: 5m }, found a single value"),
    .cache(
        "{ ttl: 5m, force_ttl: 1h }",
        "70: routes[1].cache.ttl: force_ttl leaves nothing for ttl to decide; remove one of them"),
    .cache(
        "{ ttl: 5 }",
        "70: routes[1].cache.ttl: \"5\": expected a duration from 0s to 365d, such as 250ms, 30s or 5m; did you mean \"5s\"?"
    ),
    .cache(
        "{ vary: [\"*\"] }",
        "72: routes[1].cache.vary[0]: nothing could be served again that differs by more than the request shows; name the request headers that matter, or remove it"
    ),
    .cache(
        "{ vary: [\"Accept Language\"] }",
        "72: routes[1].cache.vary[0]: \"Accept Language\": expected the name of a request header"),
    .cache(
        "{ methods: [GET, POST] }",
        "80: routes[1].cache.methods[1]: \"POST\": expected GET or HEAD; responses to other methods are about what the request sent, so they are never kept"
    ),
    .cache(
        "{ methods: head }",
        "74: routes[1].cache.methods: \"head\": expected GET or HEAD; responses to other methods are about what the request sent, so they are never kept; did you mean \"HEAD\"?"
    ),
    .cache(
        "{ statuses: [200, 206] }",
        "81: routes[1].cache.statuses[1]: responses of status 206 are never kept by themselves; remove it"),
    .cache("{ statuses: [100] }", "76: routes[1].cache.statuses[0]: \"100\": expected a whole number from 200 to 599"),
    .cache(
        "{ max_object: 65MiB }",
        "77: routes[1].cache.max_object: \"65MiB\": expected a size from 1 to 64MiB, such as 64KiB or 10MiB"),
    .cache(
        "{ tags: [\"user-{uid}\"] }",
        "63: routes[1].cache: the tag \"user-{uid}\" names {uid}, which the path doesn't have; its parameters are {id}"),
    .cache(
        "{ tags: [\"user-{id | shout}\"] }",
        "72: routes[1].cache.tags[0]: \"user-{id | shout}\", character 11: unknown filter \"shout\"; filters: default, lower, upper, trim, urlencode, base64, base64url"
    ),
    .cache(
        "{ tags: [\"my users\"] }",
        "72: routes[1].cache.tags[0]: \"my users\": expected a tag such as user-{id}: 1 to 200 visible ASCII characters without \" , = |"
    ),
    .cache(
        "{ tags: [\"user-{id\"] }",
        "72: routes[1].cache.tags[0]: \"user-{id\": expected a tag such as user-{id}: 1 to 200 visible ASCII characters without \" , = |"
    ),
    .cache(
        "{ tags: [\"user-{}\"] }",
        "72: routes[1].cache.tags[0]: \"user-{}\": expected a tag such as user-{id}: 1 to 200 visible ASCII characters without \" , = |"
    ),
    .cache(
        "{ key: { query: { keep: [a], ignore: [b] } } }",
        "79: routes[1].cache.key.query: query takes either keep or ignore; write one of them"),
    .cache(
        "{ key: { query: sorted } }",
        "79: routes[1].cache.key.query: expected all or none or { keep: [names] } or { ignore: [names] }, found a single value"
    ),
    .cache(
        "{ key: { sort: yes } }",
        "78: routes[1].cache.key.sort: \"yes\": expected true or false; did you mean \"true\"?"),
    .cache(
        "{ key: { claims: [tenant] } }",
        "63: routes[1].cache: claims are in the cache key, but the route is open to all; add auth"),
    .cache("{ bypass: {} }", "73: routes[1].cache.bypass: no request would match; add headers, query or cookies"),
    .cache(
        "{ bypass: { headers: { X-A: \"~[\" } } }",
        "91: routes[1].cache.bypass.headers.X-A: the regular expression \"[\" cannot be used: there is a \"[\" without its \"]\""
    ),
    .route(
        "{ upstream: users, match: { methods: [POST] }, cache: {} }",
        "59: routes[1].cache: nothing of this route can be cached: it takes neither GET nor HEAD; remove cache"),
    .line(
        "cache: { memory: 1KiB }",
        "18: cache.memory: \"1KiB\": expected a size from 1MiB to 64GiB, such as 64KiB or 10MiB"),
    .line("cache: { lag: 0s }", "15: cache.lag: \"0s\": expected a duration from 50ms to 1m, such as 250ms, 30s or 5m"),
    .line("cache: { ttl: 5m }", "10: cache: unknown key \"ttl\"; known keys: memory, lag, compress"),
]

extension Mistake {
    /// A cache of a route beside the smallest file's, with the parameter `id`.
    fileprivate static func cache(_ cache: String, _ told: String...) -> Mistake {
        Mistake(
            text: smallest + "  - { upstream: users, match: { path: \"/users/{id}\" }, cache: \(cache) }\n",
            told: told.map { "gateway.yaml:5:" + $0 })
    }
}

/// Mistakes in what is cached, with what is said about each.
let cacheMistakes: [Mistake] = [
    .cache("{ tll: 5m }", "X"),
    .cache("on", "X"),
    .cache("{ ttl: 5m, force_ttl: 1h }", "X"),
    .cache("{ ttl: 5 }", "X"),
    .cache("{ vary: [\"*\"] }", "X"),
    .cache("{ vary: [\"Accept Language\"] }", "X"),
    .cache("{ methods: [GET, POST] }", "X"),
    .cache("{ methods: head }", "X"),
    .cache("{ statuses: [200, 206] }", "X"),
    .cache("{ statuses: [100] }", "X"),
    .cache("{ max_object: 65MiB }", "X"),
    .cache("{ tags: [\"user-{uid}\"] }", "X"),
    .cache("{ tags: [\"my users\"] }", "X"),
    .cache("{ tags: [\"user-{id\"] }", "X"),
    .cache("{ tags: [\"user-{}\"] }", "X"),
    .cache("{ key: { query: { keep: [a], ignore: [b] } } }", "X"),
    .cache("{ key: { query: sorted } }", "X"),
    .cache("{ key: { sort: yes } }", "X"),
    .cache("{ key: { claims: [tenant] } }", "X"),
    .cache("{ bypass: {} }", "X"),
    .cache("{ bypass: { headers: { X-A: \"~[\" } } }", "X"),
    .route("{ upstream: users, match: { methods: [POST] }, cache: {} }", "X"),
    .line("cache: { memory: 1KiB }", "X"),
    .line("cache: { lag: 0s }", "X"),
    .line("cache: { ttl: 5m }", "X"),
]

extension Mistake {
    /// A cache of a route beside the smallest file's, with the parameter `id`.
    fileprivate static func cache(_ cache: String, _ told: String...) -> Mistake {
        Mistake(
            text: smallest + "  - { upstream: users, match: { path: \"/users/{id}\" }, cache: \(cache) }\n",
            told: told.map { "gateway.yaml:5:" + $0 })
    }
}

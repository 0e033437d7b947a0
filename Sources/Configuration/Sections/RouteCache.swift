import Policies

/// `cache` of a route: what of its responses is kept, under which key, and for how long.
package struct RouteCacheSettings: Hashable, Sendable {
    package enum Query: Hashable, Sendable {
        case all, none
        /// Names; one that ends in `*` stands for all that begin so.
        case keep([String]), ignore([String])
    }

    /// Freshness of responses that say nothing of it; nil: none.
    package var ttlMicroseconds: Int?
    /// Freshness whatever the origin says.
    package var forceTTLMicroseconds: Int?
    package var staleWhileRevalidateMicroseconds = 0
    package var staleIfErrorMicroseconds = 0
    /// Request fields, in lower case, by which responses differ besides those of their `Vary`.
    package var vary: [String] = []
    package var query = Query.all
    package var sortsQuery = false
    /// Request fields in the key, in lower case.
    package var keyHeaders: [String] = []
    /// Claims in the key: each caller's entries are its own.
    package var keyClaims: [String] = []
    /// GET, HEAD or both.
    package var methods = ["GET", "HEAD"]
    /// Statuses for which `ttl` and `force_ttl` hold; nil: those that may be kept without being told to (RFC 9110 §15.1).
    package var statuses: [Int]?
    package var maximumObjectBytes = 1 << 20
    /// Texts with parameters of the path in braces.
    package var tags: [String] = []
    package var bypassHeaders: [FieldCondition] = []
    package var bypassQuery: [FieldCondition] = []
    package var bypassCookies: [String] = []

    private static let year = 31_536_000_000_000

    static let kind = Kind<RouteCacheSettings?>.word(
        "off", nil,
        or: .section("cache", "a mapping such as { ttl: 5m }") { section in
            var cache = RouteCacheSettings()
            cache.readTimes(section)
            cache.vary = section.value(
                "vary", .oneOrMany(.varyingField), default: [],
                "Request headers by which responses differ, besides those that they name in Vary.")
            if let key = section.optional("key", .cacheKey, "What tells requests apart, besides host and path.") {
                cache.query = key.query
                cache.sortsQuery = key.sortsQuery
                cache.keyHeaders = key.headers
                cache.keyClaims = key.claims
            }
            cache.methods = section.value(
                "methods", .oneOrMany(.cachedMethod), default: cache.methods,
                "GET and HEAD; no other method's responses can be kept.")
            cache.statuses = section.optional(
                "statuses", .nonEmpty(.list(.cachedStatus)),
                "Statuses for which ttl and force_ttl hold; absent: 200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501."
            )
            cache.maximumObjectBytes = section.value(
                "max_object", .size(1...(64 << 20)), default: cache.maximumObjectBytes,
                "Larger bodies are passed on and not kept.")
            cache.tags = section.value(
                "tags", .oneOrMany(.tagTemplate), default: [],
                "Names by which responses are purged together; {name} is a parameter of the path.")
            cache.readBypass(section)
            return .some(cache)
        })

    private mutating func readTimes(_ section: SectionReader) {
        ttlMicroseconds = section.optional(
            "ttl", .duration(0...Self.year), "How long a response is fresh that says nothing of it.")
        forceTTLMicroseconds = section.optional(
            "force_ttl", .duration(0...Self.year),
            "How long a response is fresh whatever it says; no-store, private and cookies still forbid to keep it.")
        staleWhileRevalidateMicroseconds = section.value(
            "stale_while_revalidate", .duration(0...Self.year), default: 0,
            "After that, how long it is served at once while it is refreshed (RFC 5861), unless it says so itself.")
        staleIfErrorMicroseconds = section.value(
            "stale_if_error", .duration(0...Self.year), default: 0,
            "How long it is served when the upstream fails or its breaker is open, unless it says so itself.")
        if section.has("ttl"), section.has("force_ttl") {
            section.place(of: "ttl").report("force_ttl leaves nothing for ttl to decide", hint: "remove one of them")
        }
    }

    private mutating func readBypass(_ section: SectionReader) {
        let bypass = section.optional(
            "bypass",
            Kind<RouteCacheSettings>.section(
                "bypass", "a mapping such as { headers: { X-Preview: \"~.\" }, cookies: [session] }"
            ) { section in
                var bypass = RouteCacheSettings()
                bypass.bypassHeaders = section.value(
                    "headers", .conditions(.token("the name of a header field")), default: [],
                    "Header fields and their values; ~ starts a regular expression.")
                bypass.bypassQuery = section.value(
                    "query", .conditions(.text("the name of a query parameter")), default: [],
                    "Query parameters and their values; ~ starts a regular expression.")
                bypass.bypassCookies = section.value(
                    "cookies", .oneOrMany(.token("the name of a cookie")), default: [], "Cookies, whatever their value."
                )
                if !section.has("headers"), !section.has("query"), !section.has("cookies") {
                    section.reader.report("no request would match", hint: "add headers, query or cookies")
                }
                return bypass
            }, "Requests that the cache has no part in: one match is enough.")
        guard let bypass else { return }
        bypassHeaders = bypass.bypassHeaders
        bypassQuery = bypass.bypassQuery
        bypassCookies = bypass.bypassCookies
    }

    /// What can only be judged beside the rest of the route.
    static func check(
        _ cache: RouteCacheSettings, _ path: PathPattern, methods: [String], isOpen: Bool, _ place: NodeReader
    ) {
        if !methods.isEmpty, !methods.contains("GET"), !methods.contains("HEAD") {
            place.report("nothing of this route can be cached: it takes neither GET nor HEAD", hint: "remove cache")
        }
        if isOpen, !cache.keyClaims.isEmpty {
            place.report("claims are in the cache key, but the route is open to all", hint: "add auth")
        }
        for tag in cache.tags {
            do throws(TemplateProblem) {
                _ = try TagTemplate(tag, of: path)
            } catch {
                place.report("the tag \(quoted(tag)) \(error.reason)", hint: error.hint)
            }
        }
    }
}

private struct CacheKeySettings: Sendable {
    var query = RouteCacheSettings.Query.all
    var sortsQuery = false
    var headers: [String] = []
    var claims: [String] = []
}

extension Kind where Value == CacheKeySettings {
    fileprivate static var cacheKey: Kind {
        .section("key", "a mapping such as { query: { ignore: [utm_*] }, headers: [X-Tenant] }") { section in
            var key = CacheKeySettings()
            key.query = section.value(
                "query", .cacheQuery, default: .all, "all, none, { keep: [names] } or { ignore: [names] }.")
            key.sortsQuery = section.value(
                "sort", .boolean, default: false, "Whether the order of query parameters means nothing.")
            key.headers = section.value(
                "headers", .oneOrMany(.lowerCaseToken("the name of a request header")), default: [],
                "Request headers whose values are part of the key.")
            key.claims = section.value(
                "claims", .oneOrMany(.text("the name of a claim")), default: [],
                "Claims of the caller's token whose values are part of the key.")
            return key
        }
    }
}

extension Kind where Value == RouteCacheSettings.Query {
    fileprivate static var cacheQuery: Kind {
        let names = Kind<[String]>.nonEmpty(.list(.text("the name of a query parameter, or a beginning such as utm_*")))
        return .word(
            "all", .all,
            or: .word(
                "none", .none,
                or: .section("query", "{ keep: [names] } or { ignore: [names] }") { section in
                    let keep = section.optional("keep", names, "The only parameters that count.")
                    let ignore = section.optional("ignore", names, "All parameters but these count.")
                    if section.has("keep") == section.has("ignore") {
                        section.reader.report("query takes either keep or ignore", hint: "write one of them")
                    }
                    return keep.map { .keep($0) } ?? ignore.map { .ignore($0) } ?? .all
                }))
    }
}

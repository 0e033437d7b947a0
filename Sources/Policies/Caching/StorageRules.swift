/// Which responses a route's cache keeps, and for how long (RFC 9111 §3 and §4.2). Microseconds.
package struct StorageRules: Hashable, Sendable {
    /// Freshness of responses that say nothing of it.
    package var ttl: Int?
    /// Freshness whatever the origin says, unless it forbids to store at all.
    package var forceTTL: Int?
    /// For which `ttl` and `forceTTL` hold.
    package var statuses: Set<Int> = StorageRules.heuristicallyCacheable
    package var staleWhileRevalidate = 0
    package var staleIfError = 0
    /// Entries belong to one identity, so that `Authorization` needs no permission to be shared.
    package var isPerIdentity = false

    package init() {}

    /// RFC 9110 §15.1, without 206: parts are not stored.
    package static let heuristicallyCacheable: Set<Int> = [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501]

    package enum Decision: Hashable, Sendable {
        case store(CacheLifetime)
        case refuse(Refusal)
    }

    /// Why a response is not kept; the text is shown in `Cache-Status`.
    package enum Refusal: String, Hashable, Sendable {
        case requestNoStore = "request-no-store"
        case noStore = "no-store"
        case isPrivate = "private"
        case authorization
        case varyStar = "vary-star"
        case setCookie = "set-cookie"
        case status
        case partial
        case noFreshness = "no-freshness"
        case tooLarge = "too-large"
        case unknownLength = "no-end"
        case eventStream = "event-stream"
        /// While it was fetched.
        case purged
    }

    /// What the rules need to know of the request.
    package struct Request: Hashable, Sendable {
        package var forbidsStoring: Bool
        package var hasAuthorization: Bool

        package init(forbidsStoring: Bool, hasAuthorization: Bool) {
            self.forbidsStoring = forbidsStoring
            self.hasAuthorization = hasAuthorization
        }
    }

    package func decide(_ request: Request, _ response: CacheResponseFacts, now: Int) -> Decision {
        let (directives, isTargeted) = response.effective
        if let refusal = refusal(request, response, directives, isTargeted) { return .refuse(refusal) }
        var lifetime = CacheLifetime(fresh: freshness(of: response, directives, isTargeted, now: now))
        let isForced = forceTTL != nil && statuses.contains(response.status)
        lifetime.alwaysValidates = directives.noCache && !isForced
        lifetime.forbidsStale =
            directives.mustRevalidate || directives.proxyRevalidate || lifetime.alwaysValidates
        lifetime.hasValidator = response.hasValidator
        // RFC 9111 §5.2.2.10: s-maxage forbids to serve stale, unless the origin itself says how long.
        let forbidsDefaults = directives.sharedMaxAge != nil && !isForced
        lifetime.staleWhileRevalidate =
            Self.seconds(directives.staleWhileRevalidate) ?? (forbidsDefaults ? 0 : staleWhileRevalidate)
        lifetime.staleIfError = Self.seconds(directives.staleIfError) ?? (forbidsDefaults ? 0 : staleIfError)
        if forbidsDefaults, directives.staleWhileRevalidate == nil, directives.staleIfError == nil {
            lifetime.forbidsStale = true
        }
        lifetime.ignoresMaxStale = forbidsDefaults
        let isOfUse =
            lifetime.fresh > 0 || lifetime.hasValidator
            || !lifetime.forbidsStale && max(lifetime.staleWhileRevalidate, lifetime.staleIfError) > 0
        return isOfUse ? .store(lifetime) : .refuse(.noFreshness)
    }

    private func refusal(
        _ request: Request, _ response: CacheResponseFacts, _ directives: CacheDirectives, _ isTargeted: Bool
    ) -> Refusal? {
        if request.forbidsStoring { return .requestNoStore }
        if response.status == 206 { return .partial }
        guard response.status >= 200, response.status != 304 else { return .status }
        // RFC 9111 §5.2.2.3: who understands the status may leave no-store aside.
        if directives.mustUnderstand {
            guard Self.understood.contains(response.status) else { return .status }
        } else if directives.noStore {
            return .noStore
        }
        if directives.isPrivate { return .isPrivate }
        guard allowsStoring(response, directives, isTargeted) else { return .noFreshness }
        // A route's defaults are not meant for what has no end; its clients would wait for each other.
        let isShared = directives.isPublic || directives.sharedMaxAge != nil
        if response.isEventStream, !isShared, !hasOwnFreshness(response, directives) { return .eventStream }
        if response.vary.isUnknown { return .varyStar }
        if request.hasAuthorization, !isPerIdentity, !isShared, !directives.mustRevalidate { return .authorization }
        let keepsCookies =
            isShared || isTargeted || directives.withheldFields.contains("set-cookie")
            || hasOwnFreshness(response, directives)
        return response.setsCookie && !keepsCookies ? .setCookie : nil
    }

    /// RFC 9111 §7.3: a cookie does not make private what its origin itself calls fresh. But it is most often meant for one
    /// client, so that neither the route's defaults nor a heuristic may make others share it.
    private func hasOwnFreshness(_ response: CacheResponseFacts, _ directives: CacheDirectives) -> Bool {
        if let maxAge = directives.maxAge { return maxAge > 0 }
        return response.expires.map { $0 > response.date ?? $0 } ?? false
    }

    /// RFC 9111 §3, last list: what neither says that it may be stored nor has a status for which that goes without saying
    /// is not, however useful it would be; an error without a word must not become what is served while stale.
    private func allowsStoring(
        _ response: CacheResponseFacts, _ directives: CacheDirectives, _ isTargeted: Bool
    ) -> Bool {
        directives.isPublic || directives.maxAge != nil || directives.sharedMaxAge != nil
            || !isTargeted && response.expires != nil || Self.heuristicallyCacheable.contains(response.status)
            || (ttl != nil || forceTTL != nil) && statuses.contains(response.status)
    }

    /// RFC 9111 §4.2.1 and §4.2.2, with the route's own wishes.
    private func freshness(
        of response: CacheResponseFacts, _ directives: CacheDirectives, _ isTargeted: Bool, now: Int
    ) -> Int {
        let isListed = statuses.contains(response.status)
        if let forceTTL, isListed { return forceTTL }
        if let seconds = directives.sharedMaxAge ?? directives.maxAge { return seconds * 1_000_000 }
        if !isTargeted, let expires = response.expires {
            guard expires != .min else { return 0 }
            return min(max(0, expires - (response.date ?? now)), 1 << 31) * 1_000_000
        }
        if let ttl, isListed { return ttl }
        guard directives.isPublic || Self.heuristicallyCacheable.contains(response.status),
            let modified = response.lastModified
        else { return 0 }
        let sinceModified = max(0, (response.date ?? now) - modified) * 1_000_000
        return min(sinceModified / 10, CacheLifetime.day)
    }

    /// Statuses whose caching requirements are known here (RFC 9110 §15).
    private static let understood: Set<Int> = [
        200, 201, 202, 203, 204, 205, 300, 301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409,
        410, 411, 412, 413, 414, 415, 416, 417, 421, 422, 426, 429, 451, 500, 501, 502, 503, 504, 505,
    ]

    private static func seconds(_ value: Int?) -> Int? { value.map { $0 * 1_000_000 } }
}

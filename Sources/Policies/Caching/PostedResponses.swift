/// Responses to POST that may serve later GETs (RFC 9110 §9.3.3).
extension StorageRules {
    /// Kept only if the origin itself calls them fresh: neither a heuristic nor the route's `ttl` speaks for a POST. What sets a
    /// cookie is for its one client.
    /// - Parameter isAtTarget: whether `Content-Location` names the URL that was posted to.
    /// - Returns: nil if it is not for others.
    package func decidePosted(
        _ request: Request, _ response: CacheResponseFacts, isAtTarget: Bool, now: Int
    ) -> CacheLifetime? {
        let (directives, isTargeted) = response.effective
        var isExplicit = false
        if let seconds = directives.sharedMaxAge ?? directives.maxAge {
            isExplicit = seconds > 0
        } else if !isTargeted, let expires = response.expires {
            isExplicit = expires > response.date ?? now
        }
        guard response.status == 200, isAtTarget, isExplicit, !response.setsCookie,
            case .store(let lifetime) = decide(request, response, now: now)
        else { return nil }
        return lifetime
    }
}

import GatewayCore
import Policies

/// A stored response with the fields of one that says it still is good: a 304 (RFC 9111 §4.3.4), or a 200 to HEAD (§4.3.5).
struct Renewal {
    private let old: CachedResponse
    private let lines: [UInt8]
    let facts: CacheResponseFacts
    private let lifetime: CacheLifetime
    private let initialAge: Int
    private let receivedAt: Int
    /// False: it serves whoever asked for it, and is stored no more.
    let mayBeStored: Bool
    /// Those of the old response, unless newer generations are known.
    var tags: [CacheTag]

    /// - Parameters:
    ///   - fresh: the field lines that have come.
    ///   - sentAt: when they were asked for, by the monotonic clock.
    init(of old: CachedResponse, by fresh: [UInt8], _ route: CacheRoute, _ hasAuthorization: Bool, sentAt: Int) {
        self.old = old
        receivedAt = MonotonicClock.microsecondsWithSleep()
        let wall = WallClock.seconds()
        let renewed = StoredFields.renewed(old.lines, by: fresh)
        var facts = StoredFields.facts(renewed, status: old.status, now: wall)
        // The age that it came with counts, but is not a stored field.
        lines = StoredFields.without(facts.directives.withheldFields.union(["age"]), renewed)
        for name in route.vary.names { facts.addVary(name) }
        self.facts = facts
        let request = StorageRules.Request(forbidsStoring: false, hasAuthorization: hasAuthorization)
        switch route.rules.decide(request, facts, now: wall) {
        case .store(let decided): (lifetime, mayBeStored) = (decided, true)
        case .refuse: (lifetime, mayBeStored) = (CacheLifetime(fresh: 0), false)
        }
        initialAge = facts.initialAge(delay: receivedAt - sentAt)
        tags = old.tags
    }

    var response: CachedResponse {
        CachedResponse(
            status: old.status, lines: lines, body: old.body, facts: facts, vary: facts.vary, lifetime: lifetime,
            variant: old.variant, tags: tags, version: old.version, initialAge: initialAge, receivedAt: receivedAt)
    }
}

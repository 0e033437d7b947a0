import GatewayCore
import HTTPWire
import NIOCore
import Policies

/// What a fetch does with the stale entry it set out to refresh: the origin says that it is good, or fails.
extension Fetch {
    /// RFC 9111 §4.3.4: what is stored is good, with the fields of the 304.
    func validated(_ head: ResponseHead, _ stale: NearSlot) {
        let old = stale.response
        var fresh: [UInt8] = []
        head.appendStorableLines(to: &fresh)
        let now = MonotonicClock.microsecondsWithSleep()
        let wall = WallClock.seconds()
        let renewed = StoredFields.renewed(old.lines, by: fresh)
        var facts = StoredFields.facts(renewed, status: old.status, now: wall)
        // The age of the 304 counts, but is not a stored field.
        let lines = StoredFields.without(facts.directives.withheldFields.union(["age"]), renewed)
        for name in service.route.vary.names { facts.addVary(name) }
        let rules = service.route.rules
        let decision = rules.decide(
            StorageRules.Request(forbidsStoring: false, hasAuthorization: request.hasAuthorization), facts, now: wall)
        var lifetime = CacheLifetime(fresh: 0)
        if case .store(let decided) = decision { lifetime = decided }
        let response = CachedResponse(
            status: old.status, lines: lines, body: old.body, facts: facts, vary: facts.vary, lifetime: lifetime,
            variant: old.variant,
            tags: tags(facts), version: old.version, initialAge: facts.initialAge(delay: now - sentAt),
            receivedAt: now)
        if case .store = decision, mayKeep(response.tags) {
            keep(response, isRenewal: true)
        } else {
            cache.near.remove(key)
        }
        account()
        let waiting = followers
        followers = []
        finish()
        for follower in waiting {
            guard follower.selects(response.variant, by: response.vary), let exchange = follower.leave() else {
                follower.goAlone(.varyMiss)
                continue
            }
            exchange.record.cache = .revalidated
            CacheStatusField.appendValidated(response.lifetime, age: response.age(at: now), to: exchange.responseLines)
            StoredAnswer.send(response, follower.facts, to: exchange)
        }
    }

    /// The origin fails: those who may be are served what is stored (RFC 5861 §4), and it is left in peace for a while.
    /// - Returns: whether what is stored may stand in for its failure at all.
    func serveStale() -> Bool {
        guard let stale else { return false }
        let now = MonotonicClock.microsecondsWithSleep()
        let response = stale.response
        let age = response.age(at: now)
        var served: [CacheFollower] = []
        for follower in followers {
            let reuse = Reuse.decide(
                response.lifetime, age: age, request: follower.facts.directives, isPurgedSoftly: stale.isSoft)
            if reuse == .validate(servesOnError: true), follower.selects(response.variant, by: response.vary) {
                served.append(follower)
            }
        }
        let allowsAnyone = Reuse.decide(
            response.lifetime, age: age, request: CacheDirectives(), isPurgedSoftly: stale.isSoft)
        let standsIn = allowsAnyone == .validate(servesOnError: true) || allowsAnyone == .staleWhileRevalidating
        if standsIn {
            stale.hold(until: now + FillTimes.hold * 1000)
            outcome = .held
        }
        if !served.isEmpty { account() }
        followers.removeAll { follower in served.contains { $0 === follower } }
        for follower in served {
            guard let exchange = follower.leave() else { continue }
            service.reply(exchange, response, follower.facts, age: age, isStale: true, detail: "stale-if-error")
        }
        return standsIn || !served.isEmpty
    }
}

import GatewayCore
import HTTPWire
import NIOCore
import Policies

/// What a fetch does with the stale entry it set out to refresh: the origin says that it is good, or fails.
extension Fetch {
    /// RFC 9111 §4.3.4: what is stored is good, with the fields of the 304.
    func validated(_ head: ResponseHead, _ stale: NearSlot) {
        var fresh: [UInt8] = []
        head.appendStorableLines(to: &fresh)
        var renewal = Renewal(of: stale.response, by: fresh, service.route, request.hasAuthorization, sentAt: sentAt)
        renewal.tags = tags(renewal.facts)
        let response = renewal.response
        if renewal.mayBeStored, mayKeep(response.tags) {
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
            CacheStatusField.appendValidated(
                forward, response.lifetime, age: response.initialAge, to: exchange.responseLines)
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

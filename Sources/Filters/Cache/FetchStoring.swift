import GatewayCore
import HTTPWire
import Policies

/// Keeps what a fetch has brought, unless a purge has come in between.
extension Fetch {
    func store(_ draft: ResponseDraft) {
        if mayKeep(draft.tags) { keep(draft.response, isRenewal: false) }
    }

    func keep(_ response: CachedResponse, isRenewal: Bool) {
        cache.near.keep(response, under: key, confirmedAt: MonotonicClock.microsecondsWithSleep())
        guard let shared = cache.shared else { return }
        guard let fill else {
            return LateStoring(response, under: key, of: exchange, service, purgeCount: purgeCount).start()
        }
        isCommitted = true
        shared.commit(response, fill, isRenewal: isRenewal)
    }

    func mayKeep(_ tags: [CacheTag]) -> Bool {
        !isOvertaken && !cache.fills.isVoid(key) && cache.near.mayKeep(tags: tags, since: purgeCount)
    }

    /// Those of the configuration with the generations they had when the fill began; the origin's own.
    func tags(_ facts: CacheResponseFacts) -> [CacheTag] {
        let tags =
            fill?.tags
            ?? request.path.utf8.withContiguousStorageIfAvailable { service.tags($0).map { CacheTag(name: $0) } } ?? []
        return tags.adding(facts.tags)
    }
}

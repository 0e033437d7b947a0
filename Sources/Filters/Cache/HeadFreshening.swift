import GatewayCore
import HTTPWire
import Policies

/// Sees what the origin answers to a HEAD request that was passed on although its GET response is stored, and has that
/// renewed or made stale (RFC 9111 §4.3.5).
final class HeadFreshening: ResponseObserver {
    private let service: CacheService
    private let key: [UInt8]
    private let slot: NearSlot
    private let hasAuthorization: Bool
    private let sentAt = MonotonicClock.microsecondsWithSleep()

    init(_ service: CacheService, key: [UInt8], slot: NearSlot, hasAuthorization: Bool) {
        self.service = service
        self.key = key
        self.slot = slot
        self.hasAuthorization = hasAuthorization
    }

    func responseStarted(_ head: ResponseHead, for exchange: Exchange) {
        guard head.status == 200 else { return }
        let stored = slot.response
        let wall = WallClock.seconds()
        var lines: [UInt8] = []
        head.appendStorableLines(to: &lines)
        let told = head.fields.first(.contentLength).flatMap { Decimal.parse($0) }
        let update = HeadUpdate.decide(
            stored: StoredFields.facts(stored.lines, status: stored.status, now: wall), length: stored.body.count,
            head: StoredFields.facts(lines, status: 200, now: wall), told: told)
        // Whoever fetches meanwhile brings something newer.
        guard service.cache.fills.takeIfFree(key) else { return }
        switch update {
        case .outdates:
            service.cache.purge(key, isSoft: true)
            service.cache.fills.end(key)
        case .renews: renew(Renewal(of: stored, by: lines, service.route, hasAuthorization, sentAt: sentAt), exchange)
        }
    }

    /// The key has been taken. The cluster's right to store is asked for only now: nobody had to wait for this HEAD.
    private func renew(_ renewal: Renewal, _ exchange: Exchange) {
        guard renewal.mayBeStored else { return service.cache.fills.end(key) }
        guard let shared = service.cache.shared else {
            // A purge may have come in between.
            let entry = key.withUnsafeBufferPointer { service.cache.near.look($0) }
            if entry?.slots.contains(where: { $0 === slot }) ?? false { keep(renewal.response) }
            return service.cache.fills.end(key)
        }
        let question = SharedLook(
            key: key, fields: service.candidates(exchange, slot.response.vary), intent: .validate,
            known: slot.response, tags: service.tags(exchange.request.path))
        shared.look(question) { [self] answer in
            switch answer {
            case .same(_, _, let fill?, _):
                var renewal = renewal
                renewal.tags = fill.tags + renewal.tags.filter { tag in !fill.tags.contains { $0.name == tag.name } }
                keep(renewal.response)
                shared.commit(renewal.response, fill, isRenewal: true)
            // It is not what was compared any more.
            case .found(_, _, let fill?, _), .missing(let fill): shared.end(fill, .failed)
            case .same, .found, .filling, .pass, .unavailable: break
            }
            service.cache.fills.end(key)
        }
    }

    private func keep(_ response: CachedResponse) {
        service.cache.near.keep(response, under: key, confirmedAt: MonotonicClock.microsecondsWithSleep())
    }
}

import GatewayCore
import HTTPWire
import NIOCore
import Policies

/// Answers a route's requests from its cache where RFC 9111 allows it, and has the inner service fetch what is missing.
///
/// A hit in the node's memory is answered at once. Everything else becomes a `CacheFollower`, which asks the shared store
/// and waits for whoever fetches.
package final class CacheService: ExchangeService {
    let route: CacheRoute
    let cache: ResponseCache
    let inner: any ExchangeService
    let keyWriter: CacheKeyWriter
    private let keyWriters: [CacheKeyWriter]

    package init(route: CacheRoute, cache: ResponseCache, inner: any ExchangeService) {
        self.route = route
        self.cache = cache
        self.inner = inner
        keyWriter = CacheKeyWriter(route.key)
        keyWriters = CacheKeyWriter.all(route.key)
    }

    package func serve(_ exchange: Exchange) {
        let early = exchange.anticipated as? EarlyLook
        defer { early?.abandonUnlessClaimed() }
        let request = exchange.request
        guard isRead(exchange) else { return passOther(exchange) }
        if route.bypass.matches(request) { return pass(exchange, .bypass, detail: "route") }
        let facts = Self.facts(of: request)
        if facts.conditions.isForOrigin {
            return facts.directives.onlyIfCached ? StoredAnswer.refuse(exchange) : pass(exchange, .request)
        }
        cache.key.removeAll()
        keyWriter.write(exchange, to: cache.key)
        let now = MonotonicClock.microsecondsWithSleep()
        let entry = cache.near.look(cache.key.bytes)
        if let entry, let slot = select(entry, exchange), answer(exchange, slot, facts, now) { return }
        let known = entry.flatMap { select($0, exchange) }
        if let entry, entry.passUntil > now, known == nil, !facts.directives.onlyIfCached {
            return pass(exchange, .miss, detail: "hit-for-miss")
        }
        let follower = CacheFollower(exchange, facts, key: Array(cache.key.bytes), of: self)
        if let early { follower.follow(early) } else { follower.look() }
    }

    /// STATE.md, promise 3: what memory can't answer is looked for in the round trip that decides the limits.
    package func anticipate(_ exchange: Exchange) {
        guard let shared = cache.shared, shared.isReady, isRead(exchange), !route.bypass.matches(exchange.request)
        else {
            return
        }
        let facts = Self.facts(of: exchange.request)
        guard !facts.conditions.isForOrigin else { return }
        cache.key.removeAll()
        keyWriter.write(exchange, to: cache.key)
        let now = MonotonicClock.microsecondsWithSleep()
        let entry = cache.near.look(cache.key.bytes)
        let known = entry.flatMap { select($0, exchange) }
        if let known, mayAnswer(known, facts, now) { return }
        if let entry, entry.passUntil > now, known == nil { return }
        let early = EarlyLook(exchange, facts, key: Array(cache.key.bytes), entry: entry, known: known, of: self)
        if let early {
            exchange.anticipated = early
            exchange.hold(early, token: 0)
        }
    }

    private func isRead(_ exchange: Exchange) -> Bool {
        let request = exchange.request
        guard request.body == .none, exchange.tunnel == nil else { return false }
        return request.isHEAD ? route.usesHEAD : route.usesGET && request.method.equals("GET")
    }

    static func facts(of request: RequestHead) -> CacheRequestFacts {
        var facts = CacheRequestFacts()
        for index in 0..<request.fields.count {
            facts.add(name: request.fields.name(index), value: request.fields.value(index))
        }
        facts.conclude()
        return facts
    }

    // MARK: From memory

    func select(_ entry: NearEntry, _ exchange: Exchange) -> NearSlot? {
        if entry.vary.names.isEmpty { return entry.slots.first }
        let variant = VariantKey.of(entry.vary, exchange.request.fields)
        return entry.slots.first { $0.response.variant == variant }
    }

    /// Answers from memory if that may be; false if somebody has to be asked first.
    private func answer(_ exchange: Exchange, _ slot: NearSlot, _ facts: CacheRequestFacts, _ now: Int) -> Bool {
        let response = slot.response
        let age = response.age(at: now)
        let reuse = Reuse.decide(
            response.lifetime, age: age, request: facts.directives, isPurgedSoftly: slot.isSoft)
        switch reuse {
        case .fresh:
            guard isConfirmed(slot, now, exchange, facts) else { return false }
            reply(exchange, response, facts, age: age, isStale: false)
        case .staleWhileRevalidating:
            if slot.heldUntil < now { refresh(slot, exchange, facts) }
            reply(exchange, response, facts, age: age, isStale: true, detail: "stale-while-revalidate")
        case .staleByRequest:
            reply(exchange, response, facts, age: age, isStale: true, detail: "max-stale")
        case .validate(servesOnError: true) where slot.heldUntil > now:
            reply(exchange, response, facts, age: age, isStale: true, detail: "stale-if-error")
        case .validate: return false
        }
        return true
    }

    /// Whether `answer` would answer.
    private func mayAnswer(_ slot: NearSlot, _ facts: CacheRequestFacts, _ now: Int) -> Bool {
        switch Reuse.decide(
            slot.response.lifetime, age: slot.response.age(at: now), request: facts.directives,
            isPurgedSoftly: slot.isSoft)
        {
        case .fresh: now - slot.confirmedAt < cache.lag
        case .staleWhileRevalidating, .staleByRequest: true
        case .validate(let servesOnError): servesOnError && slot.heldUntil > now
        }
    }

    /// Whether the entry may serve as it is: what is shared may have been replaced elsewhere. Asks ahead of the need.
    private func isConfirmed(_ slot: NearSlot, _ now: Int, _ exchange: Exchange, _ facts: CacheRequestFacts) -> Bool {
        guard let shared = cache.shared else { return true }
        let silence = now - slot.confirmedAt
        guard silence >= cache.lag / 2 else { return true }
        // Without Redis what is here serves on.
        guard shared.isReady else { return true }
        guard silence < cache.lag else { return false }
        if slot.beginAsking() { confirm(slot, shared, Array(cache.key.bytes), exchange, now) }
        return true
    }

    private func confirm(
        _ slot: NearSlot, _ shared: any SharedResponses, _ key: [UInt8], _ exchange: Exchange, _ now: Int
    ) {
        let question = SharedLook(
            key: key, fields: candidates(exchange, slot.response.vary), intent: .read, known: slot.response, tags: [])
        shared.look(question) { [self] answer in
            slot.endAsking()
            switch answer {
            case .same(_, let isSoft, _, _):
                if isSoft { slot.soften() }
                slot.confirm(at: now)
            case .found(let response, let isSoft, _, _):
                cache.near.keep(response, under: key, confirmedAt: now, isSoft: isSoft)
            case .missing, .filling, .pass: cache.near.remove(key)
            case .unavailable: break
            }
        }
    }

    /// Has a stale entry refreshed, while it serves.
    private func refresh(_ slot: NearSlot, _ exchange: Exchange, _ facts: CacheRequestFacts) {
        let key = Array(cache.key.bytes)
        guard cache.fills.takeIfFree(key) else { return }
        let request = FetchRequest(exchange, facts: facts)
        guard let shared = cache.shared else { return fetch(key, request, validating: slot, fill: nil) }
        let question = SharedLook(
            key: key, fields: candidates(exchange, slot.response.vary), intent: .fill, known: slot.response,
            tags: tags(exchange.request.path))
        let now = MonotonicClock.microsecondsWithSleep()
        shared.look(question) { [self] answer in
            switch answer {
            case .same(_, _, let fill?, _): return fetch(key, request, validating: slot, fill: fill)
            // Somebody has purged it: the origin must not be asked whether it still is good.
            case .missing(let fill): return fetch(key, request, validating: nil, fill: fill)
            case .found(let response, let isSoft, let fill, _):
                let newer = cache.near.keep(response, under: key, confirmedAt: now, isSoft: isSoft)
                if let fill { return fetch(key, request, validating: newer, fill: fill) }
            case .unavailable: return fetch(key, request, validating: slot, fill: nil)
            case .same(_, _, nil, .held): slot.hold(until: now + FillTimes.hold * 1000)
            case .same, .filling, .pass: break
            }
            cache.fills.end(key)
        }
    }

    /// Begins a fetch for nobody in particular; the key has been taken.
    private func fetch(_ key: [UInt8], _ request: FetchRequest, validating slot: NearSlot?, fill: SharedFill?) {
        Fetch(self, key: key, request, variant: slot?.response.variant, validating: slot, fill: fill, hasKey: true)
            .start()
    }

    // MARK: To the origin

    /// Passes the request on as it is, its answer untouched by the cache.
    func pass(
        _ exchange: Exchange, _ forward: CacheStatusField.Forward, isCollapsed: Bool = false, detail: String? = nil
    ) {
        exchange.record.cache = forward == .bypass || forward == .method ? .bypass : .miss
        CacheStatusField.appendForward(forward, isCollapsed: isCollapsed, detail: detail, to: exchange.responseLines)
        inner.serve(exchange)
    }

    /// Of no interest to the cache, unless it changes something.
    private func passOther(_ exchange: Exchange) {
        if InvalidationTargets.isUnsafe(exchange.request.method) {
            let invalidation = Invalidation(cache: cache, keys: keyWriters)
            let mayServeReads = route.usesGET && exchange.request.method.equals("POST")
            exchange.responseObserver = mayServeReads ? PostedResponse(self, invalidation) : invalidation
        }
        pass(exchange, .method)
    }

    // MARK: What both ways need

    /// Names and values by which a response may be selected: those of `names`, or all that a store could ask for.
    func candidates(_ exchange: Exchange, _ names: VaryNames?) -> [(name: String, value: [UInt8])] {
        let fields = exchange.request.fields
        guard let names else { return VariantKey.candidates(fields) }
        return names.names.map { ($0, VariantKey.value(of: $0, fields)) }
    }

    func tags(_ path: Bytes) -> [String] {
        [CacheRoute.tag(ofRoute: route.name)] + route.tags.map { $0.render(path) }
    }

    func reply(
        _ exchange: Exchange, _ response: CachedResponse, _ facts: CacheRequestFacts, age: Int, isStale: Bool,
        isValidated: Bool = false, detail: String? = nil
    ) {
        exchange.record.cache = isStale ? .stale : isValidated ? .revalidated : .hit
        CacheStatusField.appendHit(
            response.lifetime, age: age, isStale: isStale, detail: detail, to: exchange.responseLines)
        StoredAnswer.send(response, facts, to: exchange)
    }
}

/// Removes what a successful unsafe request has changed (RFC 9111 §4.4), before its client is told of the success.
final class Invalidation: ResponseObserver {
    private let cache: ResponseCache
    private let keys: [CacheKeyWriter]

    init(cache: ResponseCache, keys: [CacheKeyWriter]) {
        self.cache = cache
        self.keys = keys
    }

    func responseStarted(_ head: ResponseHead, for exchange: Exchange) {
        guard InvalidationTargets.isChange(status: head.status) else { return }
        let request = exchange.request
        purge(exchange, request.pathAndQuery)
        for name in ["location", "content-location"] as [StaticString] {
            guard let value = head.fields.first(name) else { continue }
            let target = InvalidationTargets.resolve(
                value.text, scheme: CacheKeyWriter.scheme(of: exchange).text, host: request.host.text,
                path: request.path.text)
            if var target { target.withUTF8 { purge(exchange, $0) } }
        }
    }

    private func purge(_ exchange: Exchange, _ target: Bytes) {
        for writer in keys {
            cache.key.removeAll()
            writer.write(exchange, target: target, to: cache.key)
            cache.purge(Array(cache.key.bytes))
        }
    }
}

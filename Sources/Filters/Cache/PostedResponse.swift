import GatewayCore
import HTTPWire
import NIOCore
import Policies

/// Keeps the answer to a POST that says that it is what a GET of the URL would get, and for how long (RFC 9110 §9.3.3). All
/// others only make void what is stored, as any unsafe request does.
final class PostedResponse: ResponseObserver {
    private enum Right {
        case asked
        /// Nil: nothing is to be stored in Redis.
        case answered(SharedFill?)
    }

    private let service: CacheService
    private let invalidation: Invalidation
    private let sentAt = MonotonicClock.microsecondsWithSleep()
    private var key: [UInt8] = []
    private var right = Right.answered(nil)
    /// Whole, and waits for the right to be stored.
    private var response: CachedResponse?
    private var draft: ResponseDraft? {
        didSet { cache.memory.add((draft?.body.storageCapacity ?? 0) - (oldValue?.body.storageCapacity ?? 0)) }
    }

    private var cache: ResponseCache { service.cache }

    init(_ service: CacheService, _ invalidation: Invalidation) {
        self.service = service
        self.invalidation = invalidation
    }

    deinit {
        if let draft { cache.memory.add(-draft.body.storageCapacity) }
        if response == nil, case .answered(let fill?) = right { cache.shared?.end(fill, .failed) }
    }

    func responseStarted(_ head: ResponseHead, for exchange: Exchange) {
        invalidation.responseStarted(head, for: exchange)
        guard head.fields.first("content-location") != nil, !service.route.bypass.matches(exchange.request) else {
            return
        }
        guard service.route.refusal(of: head.body) == nil else { return }
        draft = makeDraft(head, exchange)
        guard let draft, cache.shared?.isReady == true else { return }
        // In the same stream of commands as the purge just sent, so that it comes after that.
        right = .asked
        let fields = service.candidates(exchange, draft.facts.vary)
        service.takeFill(key, fields: fields, tags: draft.tags.map(\.name)) { [self] fill in
            right = .answered(fill)
            store()
        }
    }

    private func makeDraft(_ head: ResponseHead, _ exchange: Exchange) -> ResponseDraft? {
        let now = MonotonicClock.microsecondsWithSleep()
        let facts = service.route.facts(of: head)
        let asked = CacheService.facts(of: exchange.request)
        let request = StorageRules.Request(
            forbidsStoring: asked.directives.noStore, hasAuthorization: asked.hasAuthorization)
        let lifetime = service.route.rules.decidePosted(
            request, facts, isAtTarget: isAtTarget(facts, exchange), now: WallClock.seconds())
        guard let lifetime else { return nil }
        cache.key.removeAll()
        service.keyWriter.write(exchange, to: cache.key)
        key = Array(cache.key.bytes)
        let tags = service.tags(exchange.request.path).map { CacheTag(name: $0) }.adding(facts.tags)
        return ResponseDraft(
            of: head, ResponseDraft.lines(of: head, facts), facts, lifetime, tags: tags, to: exchange.request,
            sentAt: sentAt, receivedAt: now)
    }

    private func isAtTarget(_ facts: CacheResponseFacts, _ exchange: Exchange) -> Bool {
        let request = exchange.request
        let target = InvalidationTargets.resolve(
            String(decoding: facts.contentLocation, as: UTF8.self), scheme: CacheKeyWriter.scheme(of: exchange).text,
            host: request.host.text, path: request.path.text)
        return target == request.pathAndQuery.text
    }

    func responseContinued(_ bytes: ByteBuffer) {
        guard var draft else { return }
        self.draft = nil
        guard draft.body.readableBytes + bytes.readableBytes <= service.route.maximumObject else { return }
        draft.body.writeImmutableBuffer(bytes)
        self.draft = draft
    }

    func responseEnded() {
        guard let draft else { return }
        self.draft = nil
        if case .exactly(let length) = draft.length, draft.body.readableBytes != length { return }
        response = draft.response
        store()
    }

    private func store() {
        guard let response, case .answered(let fill) = right else { return }
        right = .answered(nil)
        if let fill, let shared = cache.shared {
            let tagged = response.tagged(by: fill)
            cache.near.keep(tagged, under: key, confirmedAt: MonotonicClock.microsecondsWithSleep())
            shared.commit(tagged, fill, isRenewal: false)
        } else if cache.shared == nil {
            cache.near.keep(response, under: key, confirmedAt: MonotonicClock.microsecondsWithSleep())
        }
    }
}

import GatewayCore
import HTTPWire
import NIOCore
import Policies

/// One request to the origin on the cache's own account: fills a missing entry or validates a stale one, and streams what
/// comes to all who wait for it.
///
/// It has an exchange of its own, so that it goes on when the client who caused it leaves, and so that its request can
/// differ from the client's. While its response may be stored it is kept, up to the route's `max_object`; what may not be
/// stored is for the first follower alone, who holds the origin back if it is slow.
final class Fetch {
    private enum State {
        /// Nothing has come of the final response.
        case asked
        /// It is kept for the store as far as it has come.
        case collecting
        /// It is only passed on.
        case passing
        case ended
    }

    /// The response that is being collected.
    private struct Draft {
        var status: Int
        var lines: [UInt8]
        var facts: CacheResponseFacts
        var lifetime: CacheLifetime
        var variant: [UInt8]
        var tags: [CacheTag]
        var length: BodyLength
        var initialAge: Int
        var receivedAt: Int
        var body: ByteBuffer
    }

    private let service: CacheService
    private let key: [UInt8]
    private let request: FetchRequest
    /// What its request selects by the names known when it was sent; nil if none were known.
    private let variant: [UInt8]?
    private let stale: NearSlot?
    private let fill: SharedFill?
    /// It has taken the key for the node, and gives it back.
    private let hasKey: Bool
    private let purgeCount: Int
    private var exchange: Exchange!
    private var state = State.asked
    private var draft: Draft?
    private var followers: [CacheFollower] = []
    private var producer: (any ResponseProducer)?
    private var renewal: RepeatedTask?
    private var sentAt = 0
    private var isHeldBack = false
    private var mayStore = true
    private var isAccounted = false
    private var outcome = FillOutcome.failed

    private var cache: ResponseCache { service.cache }

    /// - Parameters:
    ///   - stale: what is stored and has to be validated, if anything is.
    ///   - fill: the cluster's right to fetch; nil without a shared store.
    init(
        _ service: CacheService, key: [UInt8], _ request: FetchRequest, variant: [UInt8]?, validating stale: NearSlot?,
        fill: SharedFill?, hasKey: Bool
    ) {
        self.service = service
        self.key = key
        self.request = request
        self.variant = variant
        self.stale = stale
        self.fill = fill
        self.hasKey = hasKey
        purgeCount = service.cache.near.purgeCount
    }

    func start(for follower: CacheFollower? = nil) {
        if let follower { followers.append(follower) }
        // Held by the table until it ends.
        cache.fetches[key] = self
        exchange = request.makeExchange(for: self)
        guard request.begin(exchange, validating: stale?.response) else {
            return send(.badGateway("The request could not be prepared."), for: exchange)
        }
        if let fill, let shared = cache.shared {
            let pause = TimeAmount.milliseconds(Int64(FillTimes.renewal))
            let bound = NIOLoopBound(shared, eventLoop: cache.loop)
            renewal = cache.loop.scheduleRepeatedTask(initialDelay: pause, delay: pause) { _ in bound.value.renew(fill)
            }
        }
        sentAt = MonotonicClock.microsecondsWithSleep()
        service.inner.serve(exchange)
    }

    // MARK: Followers

    /// False if it is too late, or this is for another variant: the follower then has to see to itself.
    func add(_ follower: CacheFollower) -> Bool {
        switch state {
        case .asked:
            if let variant, let entry = key.withUnsafeBufferPointer({ cache.near.look($0) }),
                !follower.selects(variant, by: entry.vary)
            {
                return false
            }
            followers.append(follower)
            return true
        case .collecting:
            guard let draft, draft.lifetime.fresh > draft.initialAge,
                follower.selects(draft.variant, by: draft.facts.vary)
            else { return false }
            followers.append(follower)
            begin(follower, draft, lines: draft.lines, isFirst: false)
            return true
        case .passing, .ended: return false
        }
    }

    /// Its client has left.
    func remove(_ follower: CacheFollower) {
        followers.removeAll { $0 === follower }
        if case .passing = state, followers.isEmpty { cancel() } else { flowChanged() }
    }

    /// While the response is kept anyway there is nothing to gain by holding the origin back.
    func flowChanged() {
        guard case .passing = state else { return }
        let isBehind = followers.contains { !$0.isWritable }
        guard isBehind != isHeldBack else { return }
        isHeldBack = isBehind
        producer?.clientWritabilityChanged(isWritable: !isBehind)
    }

    /// What comes was made before a purge.
    func forbidStoring() { mayStore = false }

    // MARK: The response

    private func started(_ head: ResponseHead, _ body: ByteBuffer?, isComplete: Bool) {
        if head.status == 304, let stale { return validated(head, stale) }
        if [500, 502, 503, 504].contains(head.status), serveStale(), followers.isEmpty { return cancel() }
        let now = MonotonicClock.microsecondsWithSleep()
        var facts = CacheResponseFacts(status: head.status, now: WallClock.seconds())
        for index in 0..<head.fields.count { facts.add(name: head.fields.name(index), value: head.fields.value(index)) }
        switch decide(facts, head) {
        case .store(let lifetime): collect(head, facts, lifetime, now)
        case .refuse(let refusal): return passOn(head, body, isComplete: isComplete, refusal)
        }
        if let body { received(body) }
        if isComplete { completed(trailers: []) }
    }

    private func decide(_ facts: CacheResponseFacts, _ head: ResponseHead) -> StorageRules.Decision {
        var facts = facts
        for name in service.route.vary.names { facts.addVary(name) }
        if !mayStore { return .refuse(.noStore) }
        switch head.body {
        // Its end can't be told from the origin's.
        case .untilClose: return .refuse(.unknownLength)
        case .exactly(let length) where length > service.route.maximumObject: return .refuse(.tooLarge)
        case .none, .exactly, .chunked: break
        }
        return service.route.rules.decide(
            StorageRules.Request(forbidsStoring: false, hasAuthorization: request.hasAuthorization), facts,
            now: WallClock.seconds())
    }

    private func collect(_ head: ResponseHead, _ facts: CacheResponseFacts, _ lifetime: CacheLifetime, _ now: Int) {
        var facts = facts
        for name in service.route.vary.names { facts.addVary(name) }
        var live: [UInt8] = []
        head.appendStorableLines(to: &live)
        live = StoredFields.without(["age"], live)
        // RFC 9110 §6.6.1: what is kept has to say of when it is.
        if facts.date == nil { live.append(contentsOf: "Date: \(HTTPTime.text(WallClock.seconds()))\r\n".utf8) }
        let withheld = facts.directives.withheldFields
        state = .collecting
        var body = ByteBuffer()
        if case .exactly(let length) = head.body { body.reserveCapacity(length) }
        let draft = Draft(
            status: head.status, lines: withheld.isEmpty ? live : StoredFields.without(withheld, live), facts: facts,
            lifetime: lifetime, variant: VariantKey.of(facts.vary, exchange.request.fields), tags: tags(facts),
            length: head.body, initialAge: facts.initialAge(delay: now - sentAt), receivedAt: now, body: body)
        self.draft = draft
        account()
        shareOut(draft, live)
    }

    /// The first follower gets all that the origin said; others what is stored, if it may serve them.
    private func shareOut(_ draft: Draft, _ live: [UInt8]) {
        let waiting = followers
        followers = []
        for (index, follower) in waiting.enumerated() {
            if index == 0 {
                followers.append(follower)
                begin(follower, draft, lines: live, isFirst: true)
            } else if draft.lifetime.fresh > draft.initialAge, follower.selects(draft.variant, by: draft.facts.vary) {
                followers.append(follower)
                begin(follower, draft, lines: draft.lines, isFirst: false)
            } else {
                follower.goAlone(draft.lifetime.fresh > draft.initialAge ? .varyMiss : .miss)
            }
        }
    }

    private func begin(_ follower: CacheFollower, _ draft: Draft, lines: [UInt8], isFirst: Bool) {
        guard let exchange = follower.exchange else { return }
        exchange.record.cache = .miss
        if draft.initialAge >= 1_000_000 {
            exchange.responseLines.append("Age: ")
            exchange.responseLines.append(decimal: draft.initialAge / 1_000_000)
            exchange.responseLines.append("\r\n")
        }
        CacheStatusField.appendForward(
            stale == nil ? .uriMiss : .stale, status: draft.status, isStored: true, isCollapsed: !isFirst,
            to: exchange.responseLines)
        if !follower.facts.conditions.isEmpty, (200..<300).contains(draft.status) {
            let modified = draft.facts.lastModified ?? draft.facts.date
            switch follower.facts.conditions.evaluate(etag: draft.facts.etag, lastModified: modified) {
            case .proceed: break
            case .notModified: return answered(follower) { StoredAnswer.sendNotModified(lines, to: $0) }
            case .failed: return answered(follower) { $0.answer(StoredAnswer.preconditionFailed) }
            }
        }
        let soFar = draft.body.readableBytes > 0 ? StoredBody.memory(draft.body) : nil
        lines.withUnsafeBufferPointer {
            exchange.downstream.respond(
                StoredHead(status: draft.status, lines: $0, length: draft.length), body: soFar, isComplete: false)
        }
    }

    /// It needs no more than what it is sent now.
    private func answered(_ follower: CacheFollower, _ send: (Exchange) -> Void) {
        followers.removeAll { $0 === follower }
        if let exchange = follower.leave() { send(exchange) }
    }

    private func passOn(
        _ head: ResponseHead, _ body: ByteBuffer?, isComplete: Bool, _ refusal: StorageRules.Refusal
    ) {
        state = .passing
        outcome = head.status >= 500 ? .failed : .pass(Self.passMicroseconds)
        if case .pass = outcome, refusal != .requestNoStore {
            cache.near.pass(key, until: MonotonicClock.microsecondsWithSleep() + Self.passMicroseconds)
        }
        let waiting = followers
        followers = Array(waiting.prefix(1))
        account()
        let first = waiting.first
        if isComplete { finish() }
        for other in waiting.dropFirst() { other.goAlone(.miss, detail: refusal.rawValue) }
        guard let first, let exchange = first.exchange else {
            if !isComplete { cancel() }
            return
        }
        exchange.record.cache = .miss
        CacheStatusField.appendForward(
            stale == nil ? .uriMiss : .stale, status: head.status, detail: refusal.rawValue, to: exchange.responseLines)
        if isComplete { first.leave() }
        exchange.downstream.respond(head, body: body, isComplete: isComplete)
        if !isComplete { flowChanged() }
    }

    /// How long nobody waits for a response that is not going to be stored.
    private static let passMicroseconds = 10_000_000

    private func received(_ bytes: ByteBuffer) {
        if case .collecting = state, var draft {
            self.draft = nil
            if draft.body.readableBytes + bytes.readableBytes > service.route.maximumObject {
                tooLarge()
            } else {
                draft.body.writeImmutableBuffer(bytes)
                // Before the client has all of it: its next request, on whatever worker, finds it.
                if draft.length == .exactly(draft.body.readableBytes) { store(draft) } else { self.draft = draft }
            }
        }
        for follower in followers { follower.write(bytes) }
    }

    /// The entry is given up; the stream goes on to those who follow it.
    private func tooLarge() {
        state = .passing
        outcome = .pass(Self.passMicroseconds)
        cache.near.pass(key, until: MonotonicClock.microsecondsWithSleep() + Self.passMicroseconds)
        if followers.isEmpty { cancel() } else { flowChanged() }
    }

    private func completed(trailers: [UInt8]) {
        let following = followers
        followers = []
        if let draft, case .collecting = state { store(draft) }
        finish()
        for follower in following { follower.end(trailers: trailers) }
    }

    private func store(_ draft: Draft) {
        guard mayKeep(draft.tags) else { return }
        keep(
            CachedResponse(
                status: draft.status, lines: draft.lines, body: StoredBody(draft.body), facts: draft.facts,
                vary: draft.facts.vary, lifetime: draft.lifetime, variant: draft.variant, tags: draft.tags,
                version: Self.newVersion(),
                initialAge: draft.initialAge, receivedAt: draft.receivedAt), isRenewal: false)
    }

    private func keep(_ response: CachedResponse, isRenewal: Bool) {
        cache.near.keep(response, under: key, confirmedAt: MonotonicClock.microsecondsWithSleep())
        guard let fill, let shared = cache.shared else { return }
        isCommitted = true
        shared.commit(response, fill, isRenewal: isRenewal)
    }

    private var isCommitted = false

    private func mayKeep(_ tags: [CacheTag]) -> Bool { mayStore && cache.near.mayKeep(tags: tags, since: purgeCount) }

    private static func newVersion() -> String { String(UInt64.random(in: .min ... .max), radix: 36) }

    /// Those of the configuration with the generations they had when the fill began; the origin's own.
    private func tags(_ facts: CacheResponseFacts) -> [CacheTag] {
        var tags =
            fill?.tags
            ?? request.path.utf8.withContiguousStorageIfAvailable { service.tags($0).map { CacheTag(name: $0) } } ?? []
        for name in facts.tags where !tags.contains(where: { $0.name == name }) { tags.append(CacheTag(name: name)) }
        return tags
    }

    // MARK: Validation

    /// RFC 9111 §4.3.4: what is stored is good, with the fields of the 304.
    private func validated(_ head: ResponseHead, _ stale: NearSlot) {
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
    private func serveStale() -> Bool {
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

    // MARK: The end

    /// Nobody wants the rest.
    private func cancel() {
        let producer = self.producer
        self.producer = nil
        finish()
        producer?.clientLost()
    }

    private func finish() {
        guard !isEnded else { return }
        state = .ended
        producer = nil
        draft = nil
        renewal?.cancel()
        if let fill, !isCommitted { cache.shared?.end(fill, outcome) }
        if cache.fetches[key] === self { cache.fetches[key] = nil }
        stale?.endAsking()
        account()
        if hasKey { cache.fills.end(key) }
    }

    private var isEnded: Bool { if case .ended = state { true } else { false } }

    /// What asking the origin came to is told once: by the first follower's exchange, or apart if there is none.
    private func account() {
        guard !isAccounted else { return }
        isAccounted = true
        let record = exchange.record
        guard let first = followers.first?.exchange else { return cache.account(record) }
        first.record.upstreamIndex = record.upstreamIndex
        first.record.upstreamMicroseconds = record.upstreamMicroseconds
        first.record.attempts = record.attempts
        first.record.failure = record.failure
    }
}

extension Fetch: Downstream {
    func respond(_ head: ResponseHead, body: ByteBuffer?, isComplete: Bool) {
        if isComplete { producer = nil }
        started(head, body, isComplete: isComplete)
        // Served otherwise: the rest of what comes is of no interest.
        if isEnded { cancelRest() }
    }

    func respond(_ head: StoredHead, body: StoredBody?, isComplete: Bool) {}

    func write(_ body: ByteBuffer) { if !isEnded { received(body) } }

    func end(trailers: [UInt8]) {
        producer = nil
        if !isEnded { completed(trailers: trailers) }
    }

    func abort(_ failure: Failure) {
        producer = nil
        guard !isEnded else { return }
        let following = followers
        followers = []
        finish()
        for follower in following { follower.abort(failure) }
    }

    /// The gateway itself answers: the origin could not be asked, or did not answer.
    func send(_ reply: Reply, for exchange: Exchange) {
        producer = nil
        guard !isEnded else { return }
        _ = serveStale()
        account()
        let waiting = followers
        followers = []
        finish()
        for follower in waiting {
            guard let own = follower.leave() else { continue }
            own.record.cache = .miss
            own.record.failure = exchange.record.failure
            own.responseLines.append(exchange.responseLines.bytes)
            CacheStatusField.appendForward(stale == nil ? .uriMiss : .stale, to: own.responseLines)
            own.answer(reply)
        }
    }

    /// RFC 9110 §15.2: passed on to whoever caused the request.
    func interim(_ head: ResponseHead) { followers.first?.exchange?.downstream.interim(head) }

    func attach(_ producer: any ResponseProducer) { self.producer = producer }

    var isWritable: Bool { !isHeldBack }

    func pauseBody() {}
    func resumeBody() {}
    func abandonedExchangeEnded(_ exchange: Exchange) {}

    private func cancelRest() {
        let producer = self.producer
        self.producer = nil
        producer?.clientLost()
    }
}

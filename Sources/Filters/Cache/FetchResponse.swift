import GatewayCore
import HTTPWire
import NIOCore
import Policies

/// What a fetch makes of the origin's response: kept for the store while it streams, or only passed on.
extension Fetch {
    func started(_ head: ResponseHead, _ body: ByteBuffer?, isComplete: Bool) {
        if head.status == 304, let stale { return validated(head, stale) }
        if [500, 502, 503, 504].contains(head.status), serveStale(), !hasFollowers { return cancel() }
        let now = MonotonicClock.microsecondsWithSleep()
        var facts = CacheResponseFacts(status: head.status, now: WallClock.seconds())
        for index in 0..<head.fields.count { facts.add(name: head.fields.name(index), value: head.fields.value(index)) }
        switch decide(facts, head) {
        case .store(let lifetime): collect(head, facts, lifetime, now)
        case .refuse(let refusal): return passOn(head, body, isComplete: isComplete, refusal)
        }
        if let body { received(body) }
        if isComplete { completed(trailers: []) } else { offer() }
    }

    func decide(_ facts: CacheResponseFacts, _ head: ResponseHead) -> StorageRules.Decision {
        var facts = facts
        for name in service.route.vary.names { facts.addVary(name) }
        if isOvertaken || cache.fills.isVoid(key) { return .refuse(.purged) }
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

    func collect(_ head: ResponseHead, _ facts: CacheResponseFacts, _ lifetime: CacheLifetime, _ now: Int) {
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
        let draft = ResponseDraft(
            status: head.status, lines: withheld.isEmpty ? live : StoredFields.without(withheld, live), facts: facts,
            lifetime: lifetime, variant: VariantKey.of(facts.vary, exchange.request.fields), tags: tags(facts),
            length: head.body, initialAge: facts.initialAge(delay: now - sentAt), receivedAt: now, body: body)
        self.draft = draft
        account()
        shareOut(draft, live)
    }

    func passOn(
        _ head: ResponseHead, _ body: ByteBuffer?, isComplete: Bool, _ refusal: StorageRules.Refusal
    ) {
        state = .passing
        outcome = head.status >= 500 || refusal == .purged ? .failed : .pass(Self.passMicroseconds)
        if case .pass = outcome, refusal != .requestNoStore {
            cache.near.pass(key, until: MonotonicClock.microsecondsWithSleep() + Self.passMicroseconds)
        }
        let waiting = followers
        followers = Array(waiting.prefix(1))
        account()
        let first = waiting.first
        if isComplete { finish() } else { release() }
        for other in waiting.dropFirst() { other.goAlone(.miss, detail: refusal.rawValue) }
        guard let first, let exchange = first.exchange else {
            if !isComplete { cancel() }
            return
        }
        exchange.record.cache = .miss
        CacheStatusField.appendForward(
            forward, status: head.status, detail: refusal.rawValue, to: exchange.responseLines)
        // RFC 9110 §6.6.1.
        if head.fields.first(.date) == nil {
            exchange.responseLines.append("Date: \(HTTPTime.text(WallClock.seconds()))\r\n")
        }
        if isComplete { first.leave() }
        exchange.downstream.respond(head, body: body, isComplete: isComplete)
        if !isComplete { flowChanged() }
    }

    /// How long nobody waits for a response that is not going to be stored.
    static let passMicroseconds = 10_000_000

    func received(_ bytes: ByteBuffer) {
        flow?.write(bytes)
        if case .collecting = state, var draft {
            self.draft = nil
            if draft.body.readableBytes + bytes.readableBytes > service.route.maximumObject {
                tooLarge()
            } else {
                draft.body.writeImmutableBuffer(bytes)
                // Before the client has all of it: its next request, on whatever worker, finds it.
                if draft.isWhole { store(draft) } else { self.draft = draft }
            }
        }
        writeToFollowers(bytes)
    }

    /// The entry is given up; the stream goes on to those who follow it.
    func tooLarge() {
        state = .passing
        outcome = .pass(Self.passMicroseconds)
        cache.near.pass(key, until: MonotonicClock.microsecondsWithSleep() + Self.passMicroseconds)
        release()
        followerLeft()
    }

    func completed(trailers: [UInt8]) {
        if let draft, case .collecting = state { store(draft) }
        flow?.end(isWhole: true)
        flow = nil
        endFollowers(trailers: trailers)
    }
}

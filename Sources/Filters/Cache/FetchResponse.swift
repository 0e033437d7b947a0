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
        let facts = service.route.facts(of: head)
        switch decide(facts, head) {
        case .store(let lifetime): collect(head, facts, lifetime, now)
        case .refuse(let refusal): return passOn(head, body, isComplete: isComplete, refusal)
        }
        if let body { received(body) }
        if isComplete { completed(trailers: []) } else { offer() }
    }

    func decide(_ facts: CacheResponseFacts, _ head: ResponseHead) -> StorageRules.Decision {
        if isOvertaken || cache.fills.isVoid(key) { return .refuse(.purged) }
        if let refusal = service.route.refusal(of: head.body) { return .refuse(refusal) }
        return service.route.rules.decide(
            StorageRules.Request(forbidsStoring: false, hasAuthorization: request.hasAuthorization), facts,
            now: WallClock.seconds())
    }

    func collect(_ head: ResponseHead, _ facts: CacheResponseFacts, _ lifetime: CacheLifetime, _ now: Int) {
        state = .collecting
        let live = ResponseDraft.lines(of: head, facts)
        var draft = ResponseDraft(
            of: head, live, facts, lifetime, tags: tags(facts), to: exchange.request, sentAt: sentAt, receivedAt: now)
        if case .exactly(let length) = head.body { draft.body.reserveCapacity(length) }
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

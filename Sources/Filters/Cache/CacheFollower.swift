import GatewayCore
import HTTPWire
import NIOCore
import Policies

/// What a follower waits for, on the follower's loop.
protocol Followed: AnyObject {
    /// It has gone.
    func remove(_ follower: CacheFollower)
    /// It takes no more bytes for now, or takes them again.
    func flowChanged()
}

/// A client's exchange while the cache has no answer at hand: asks the shared store, fetches, or follows somebody's fetch.
///
/// It is kept alive by whomever it waits for, and lets go of its exchange when that is answered or its client leaves.
final class CacheFollower: ResponseProducer {
    /// Nobody waits for others longer than so many looks.
    private static let mostLooks = 40

    let service: CacheService
    let key: [UInt8]
    let facts: CacheRequestFacts
    let request: FetchRequest
    /// Nil once it is answered or gone.
    private(set) var exchange: Exchange?
    private weak var followed: (any Followed)?
    private(set) var isWritable = true
    private var looks = 0
    /// It has the node's right to look after the key.
    private var hasKey = false
    private let onlyReads: Bool

    private var cache: ResponseCache { service.cache }

    init(_ exchange: Exchange, _ facts: CacheRequestFacts, key: [UInt8], of service: CacheService) {
        self.exchange = exchange
        self.facts = facts
        self.key = key
        self.service = service
        request = FetchRequest(exchange, facts: facts)
        // What a part or a head is worth to others is not known before it is here: neither begins a fetch.
        onlyReads = facts.onlyReads(exchange.request)
        exchange.downstream.attach(self)
    }

    // MARK: Looking

    /// The question is out already, with the limits'.
    func follow(_ early: EarlyLook) {
        looks = 1
        hasKey = early.claim { [self] answer in decide(answer, early.known, early.askedAt) }
    }

    func look() {
        guard let exchange else { return leaveKey() }
        looks += 1
        guard looks <= Self.mostLooks else { return goAlone(.miss, detail: "crowded") }
        if !onlyReads, !hasKey {
            if let fetch = cache.fetches[key], join(fetch) { return }
            hasKey = cache.fills.take(key, on: cache.loop) { [self] in follow($0) }
            guard hasKey else { return }
        }
        guard let shared = cache.shared else { return decideAlone(exchange) }
        let entry = key.withUnsafeBufferPointer { cache.near.look($0) }
        let known = entry.flatMap { service.select($0, exchange) }
        let question = service.question(exchange, facts, key: key, entry: entry, known: known)
        let now = MonotonicClock.microsecondsWithSleep()
        shared.look(question) { [self] answer in decide(answer, known, now) }
    }

    /// Somebody has finished: what was missing may be in memory now.
    func lookAgain() {
        guard let exchange else { return }
        let now = MonotonicClock.microsecondsWithSleep()
        if let entry = key.withUnsafeBufferPointer({ cache.near.look($0) }) {
            if let slot = service.select(entry, exchange), use(slot, now) { return }
            if entry.passUntil > now { return goAlone(.miss, detail: "hit-for-miss") }
        }
        look()
    }

    // MARK: Deciding

    /// Without a shared store.
    private func decideAlone(_ exchange: Exchange) {
        let now = MonotonicClock.microsecondsWithSleep()
        let slot = key.withUnsafeBufferPointer { cache.near.look($0) }.flatMap { service.select($0, exchange) }
        // It may have come while the key was being taken.
        if let slot, use(slot, now) { return }
        if facts.directives.onlyIfCached { return refuse() }
        if onlyReads { return slot.map(pass) ?? goAlone(.uriMiss) }
        startFetch(validating: slot, fill: nil)
    }

    private func decide(_ answer: SharedAnswer, _ known: NearSlot?, _ asked: Int) {
        guard exchange != nil else { return abandon(answer) }
        let now = MonotonicClock.microsecondsWithSleep()
        switch answer {
        case .found(let response, let isSoft, let fill, let filling):
            let slot = cache.near.keep(response, under: key, confirmedAt: asked, isSoft: isSoft)
            decide(slot, fill, filling, now)
        case .same(_, let isSoft, let fill, let filling):
            guard let known else { return goAlone(.miss) }
            known.confirm(at: asked)
            if isSoft { known.soften() }
            decide(known, fill, filling, now)
        case .missing(let fill): startFetch(validating: nil, fill: fill)
        case .filling(let flow):
            if facts.directives.onlyIfCached { return refuse() }
            if onlyReads { return goAlone(.uriMiss) }
            waitForOthers(flow)
        case .pass(let remaining):
            cache.near.pass(key, until: now + remaining)
            goAlone(.miss, detail: "hit-for-miss")
        case .unavailable: decideWithoutShared(known, now)
        }
    }

    private func decide(_ slot: NearSlot, _ fill: SharedFill?, _ filling: SharedFilling, _ now: Int) {
        if use(slot, now) {
            guard let fill else { return leaveKey() }
            // A stale answer was enough for this client; the right to refresh it is used for the next ones.
            let isStale = slot.isSoft || slot.response.age(at: now) >= slot.response.lifetime.fresh
            if isStale { return refreshInBackground(slot, fill) }
            cache.shared?.end(fill, .failed)
            return leaveKey()
        }
        if let fill { return startFetch(validating: slot, fill: fill) }
        if facts.directives.onlyIfCached { return refuse() }
        // What has to be validated for each request is not worth waiting for, nor is an origin that just failed.
        guard !onlyReads, slot.response.lifetime.fresh > 0, case .busy(let flow) = filling else { return pass(slot) }
        waitForOthers(flow)
    }

    private func decideWithoutShared(_ known: NearSlot?, _ now: Int) {
        if let known, use(known, now) { return leaveKey() }
        if facts.directives.onlyIfCached { return refuse() }
        if onlyReads { return known.map(pass) ?? goAlone(.uriMiss) }
        startFetch(validating: known, fill: nil)
    }

    /// Answers with what is stored, if it may be used without asking the origin.
    private func use(_ slot: NearSlot, _ now: Int) -> Bool {
        guard let exchange else { return true }
        let age = slot.response.age(at: now)
        let isStale: Bool
        switch Reuse.decide(
            slot.response.lifetime, age: age, request: facts.directives, isPurgedSoftly: slot.isSoft)
        {
        case .fresh: isStale = false
        case .staleWhileRevalidating, .staleByRequest: isStale = true
        case .validate(servesOnError: true) where slot.heldUntil > now: isStale = true
        case .validate: return false
        }
        leave()
        service.reply(exchange, slot.response, facts, age: age, isStale: isStale)
        return true
    }

    /// - Parameter flow: what another node's fetch has brought so far, if that can be followed.
    private func waitForOthers(_ flow: SharedFlow?) {
        if let flow, let shared = cache.shared, let exchange, hasKey {
            hasKey = false
            return Relay(flow, for: self, shared, tags: service.tags(exchange.request.path)).read()
        }
        // Others of this node wait for this one, which keeps the key.
        cache.shared?.whenFilled(key) { [self] in
            if exchange == nil { leaveKey() } else { look() }
        }
    }

    private func refuse() {
        leaveKey()
        if let exchange = leave() { StoredAnswer.refuse(exchange) }
    }

    /// The client has left; what was taken for it is given back.
    private func abandon(_ answer: SharedAnswer) {
        switch answer {
        case .found(_, _, let fill?, _), .same(_, _, let fill?, _), .missing(let fill): cache.shared?.end(fill, .failed)
        default: break
        }
        leaveKey()
    }

    private func leaveKey() {
        guard hasKey else { return }
        hasKey = false
        cache.fills.end(key)
    }

    // MARK: Fetching

    private func startFetch(validating slot: NearSlot?, fill: SharedFill?) {
        guard let exchange else { return }
        let entry = key.withUnsafeBufferPointer { cache.near.look($0) }
        let variant = entry.map { VariantKey.of($0.vary, exchange.request.fields) }
        let fetch = Fetch(service, key: key, request, variant: variant, validating: slot, fill: fill, hasKey: hasKey)
        // It gives the key back when it ends.
        hasKey = false
        followed = fetch
        fetch.start(for: self)
    }

    private func refreshInBackground(_ slot: NearSlot, _ fill: SharedFill) {
        let fetch = Fetch(
            service, key: key, request, variant: slot.response.variant, validating: slot, fill: fill, hasKey: hasKey)
        hasKey = false
        fetch.start()
    }

    private func join(_ fetch: Fetch) -> Bool {
        guard fetch.add(self) else { return false }
        followed = fetch
        return true
    }

    /// Whether its request selects the same response, by the names that the response gives.
    func selects(_ variant: [UInt8], by vary: VaryNames) -> Bool {
        guard let exchange else { return false }
        return VariantKey.of(vary, exchange.request.fields) == variant
    }

    /// Nobody's answer can serve this client: its request goes to the origin as it is.
    func goAlone(_ forward: CacheStatusField.Forward, isCollapsed: Bool = false, detail: String? = nil) {
        leaveKey()
        guard let exchange else { return }
        leave()
        service.pass(exchange, forward, isCollapsed: isCollapsed, detail: detail)
    }

    /// The same although something is stored; what the origin says to a HEAD request tells whether that is good.
    private func pass(_ slot: NearSlot) {
        if let exchange, exchange.request.isHEAD {
            exchange.responseObserver = HeadFreshening(
                service, key: key, slot: slot, hasAuthorization: facts.hasAuthorization)
        }
        goAlone(.stale)
    }

    // MARK: Following a fetch

    /// Another worker has the key, and is collecting a response or has given up.
    func follow(_ live: LiveFill?) {
        guard let live else { return lookAgain() }
        guard exchange != nil else { return }
        guard selects(live.variant, by: live.vary) else { return goAlone(.varyMiss) }
        let distant = DistantFollower(self, of: live, on: cache.loop)
        followed = distant
        live.join(distant)
    }

    /// The head of what it follows, with as much of the body as there is.
    /// - Parameter lines: the first follower gets all that the origin said; others what is stored.
    /// - Returns: whether it wants the rest of the body.
    func begin(
        _ draft: ResponseDraft, _ forward: CacheStatusField.Forward, lines: [UInt8]? = nil, isFirst: Bool = false
    ) -> Bool {
        guard let exchange else { return false }
        let lines = lines ?? draft.lines
        exchange.record.cache = .miss
        let age = draft.age(at: MonotonicClock.microsecondsWithSleep()) / 1_000_000
        if age > 0 {
            exchange.responseLines.append("Age: ")
            exchange.responseLines.append(decimal: age)
            exchange.responseLines.append("\r\n")
        }
        CacheStatusField.appendForward(
            forward, status: draft.status, isStored: true, isCollapsed: !isFirst, to: exchange.responseLines)
        if draft.isKnown(to: facts) {
            leave()
            StoredAnswer.sendNotModified(lines, to: exchange)
            return false
        }
        let soFar = draft.body.readableBytes > 0 ? StoredBody.memory(draft.body) : nil
        lines.withUnsafeBufferPointer {
            exchange.downstream.respond(
                StoredHead(status: draft.status, lines: $0, length: draft.length), body: soFar, isComplete: false)
        }
        return true
    }

    /// Lets go of the exchange, which then is somebody else's to answer.
    @discardableResult
    func leave() -> Exchange? {
        defer {
            exchange = nil
            followed = nil
        }
        return exchange
    }

    func write(_ bytes: ByteBuffer) { exchange?.downstream.write(bytes) }

    func end(trailers: [UInt8]) { leave()?.downstream.end(trailers: trailers) }

    func abort(_ failure: Failure) { leave()?.downstream.abort(failure) }

    // MARK: ResponseProducer

    func receiveBody(_ bytes: ByteBuffer, isEnd: Bool, trailers: [UInt8]) {}

    func clientLost() {
        let followed = self.followed
        leave()
        followed?.remove(self)
    }

    func clientWritabilityChanged(isWritable: Bool) {
        self.isWritable = isWritable
        followed?.flowChanged()
    }
}

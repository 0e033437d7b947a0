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
final class Fetch: Followed {
    enum State {
        /// Nothing has come of the final response.
        case asked
        /// It is kept for the store as far as it has come.
        case collecting
        /// It is only passed on.
        case passing
        case ended
    }

    let service: CacheService
    let key: [UInt8]
    let request: FetchRequest
    /// What its request selects by the names known when it was sent; nil if none were known.
    let variant: [UInt8]?
    let stale: NearSlot?
    let fill: SharedFill?
    /// It has taken the key for the node, and gives it back.
    private var hasKey: Bool
    let purgeCount: Int
    var exchange: Exchange!
    var state = State.asked
    var draft: ResponseDraft? {
        didSet { cache.memory.add((draft?.body.storageCapacity ?? 0) - (oldValue?.body.storageCapacity ?? 0)) }
    }
    var followers: [CacheFollower] = []
    /// Those on other workers, who came when it was collecting.
    var distant: [DistantFollower] = []
    var producer: (any ResponseProducer)?
    private var renewal: RepeatedTask?
    /// What comes is shared with other nodes.
    var flow: FlowWriter?
    var sentAt = 0
    var isHeldBack = false
    private var isAccounted = false
    /// The fill is ended, or what it has brought is with the shared store, which ends it.
    var isCommitted = false
    var outcome = FillOutcome.failed
    /// A purge came while the origin was asked.
    private(set) var isOvertaken = false

    var cache: ResponseCache { service.cache }

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
        if fill != nil {
            let pause = TimeAmount.milliseconds(Int64(FillTimes.renewal))
            let bound = NIOLoopBound(self, eventLoop: cache.loop)
            renewal = cache.loop.scheduleRepeatedTask(initialDelay: pause, delay: pause) { _ in bound.value.checkFill()
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
            guard let draft, mayShare(draft), follower.selects(draft.variant, by: draft.facts.vary) else {
                return false
            }
            if follower.begin(draft, forward) { followers.append(follower) }
            return true
        case .passing, .ended: return false
        }
    }

    /// Its client has left.
    func remove(_ follower: CacheFollower) {
        followers.removeAll { $0 === follower }
        followerLeft()
    }

    func followerLeft() {
        if case .passing = state, !hasFollowers { cancel() } else { flowChanged() }
    }

    /// While the response is kept anyway there is nothing to gain by holding the origin back.
    func flowChanged() {
        guard case .passing = state else { return }
        let isBehind = followers.contains { !$0.isWritable } || distant.contains { !$0.isWritable }
        guard isBehind != isHeldBack else { return }
        isHeldBack = isBehind
        producer?.clientWritabilityChanged(isWritable: !isBehind)
    }

    // MARK: The end

    /// Nobody wants the rest.
    func cancel() {
        let producer = self.producer
        self.producer = nil
        finish()
        producer?.clientLost()
    }

    func finish() {
        guard !isEnded else { return }
        state = .ended
        producer = nil
        draft = nil
        release()
        renewal?.cancel()
        flow?.end(isWhole: false)
        flow = nil
        cache.passing[ObjectIdentifier(self)] = nil
        stale?.endAsking()
        account()
    }

    /// Renews the fill, and hears of a purge, which has taken it away, and of followers on other nodes.
    func checkFill() {
        flow?.keepAlive()
        guard let fill, !isCommitted, let shared = cache.shared else { return }
        shared.renew(fill) { [self] state in
            guard !isCommitted else { return }
            switch state {
            case .lost: overtaken()
            case .held: break
            case .awaited:
                if flow == nil, let draft, mayShare(draft) { flow = FlowWriter(draft, fill, shared, on: cache.loop) }
            }
        }
    }

    func overtaken() {
        isOvertaken = true
        guard case .collecting = state else { return }
        state = .passing
        draft = nil
        release()
        followerLeft()
    }

    /// What comes is not for others: they need not wait for its end.
    func release() {
        if let fill, !isCommitted { cache.shared?.end(fill, outcome) }
        isCommitted = true
        if cache.fetches[key] === self {
            cache.fetches[key] = nil
            cache.passing[ObjectIdentifier(self)] = self
        }
        if hasKey { cache.fills.end(key) }
        hasKey = false
    }

    var isEnded: Bool { if case .ended = state { true } else { false } }

    /// What asking the origin came to is told once: by the first follower's exchange, or apart if there is none.
    func account() {
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

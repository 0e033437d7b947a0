import HTTPWire
import Policies

/// One request and its response, from the complete head to the last byte.
///
/// Confined to the event loop of its connection, which reuses it from request to request, so that a request allocates
/// nothing here. It is not `Sendable`, and so the compiler proves that it never leaves its loop.
package final class Exchange {
    package let request = RequestHead()
    package unowned let downstream: any Downstream
    package let peer: Peer
    /// What is held of bodies counts here; nil: it is not counted.
    private let memory: BufferMemory?
    private var bufferedBytes = 0

    /// The route this exchange takes; nil until it is matched.
    package private(set) var plan: RoutePlan?
    /// The authenticated caller; nil for anonymous ones.
    package var identity: Identity?
    /// The client's address as text: the peer's, or what a trusted proxy said it was.
    package let clientAddress = ByteBuilder(capacity: 48)
    package let requestID = ByteBuilder(capacity: 64)
    /// Field lines added to the forwarded request.
    package let requestLines = ByteBuilder(capacity: 512)
    /// Field lines added to the response, whoever makes it.
    package let responseLines = ByteBuilder(capacity: 256)
    /// The route answers for CORS: fields of the service's response about it are dropped.
    package var replacesCORS = false
    /// Set if the client may change to another protocol, and the upstream is asked to.
    package var tunnel: TunnelTerms?
    /// Bytes of request body that are accepted: the listener's bound, or the route's.
    package var bodyLimit = Int.max
    /// Time that the client leaves for the whole answer, in microseconds, besides what the upstream's settings say; nil:
    /// any.
    package var timeLimitMicroseconds: Int?
    /// Its client's address has failed to authenticate too often: its credentials are judged only by what is remembered,
    /// without asking anyone and without costly work.
    package var isSuspect = false
    /// The trace it is a part of, where traces are recorded.
    package var trace: TraceContext?
    /// Which fields about time the response carries; mostly none.
    package var timing: TimingFields = []
    /// Of its route.
    package var priority = Priority.normal
    /// What metrics and the access log will say.
    package var record = ExchangeRecord()

    /// The version of its route's API that it is about; nil: not decided, or there is one only.
    package var version: RouteVersion?
    /// Which arm of its route's split it takes; nil: not decided, or there is none.
    package var arm: Int?
    /// Told of the request body on its way to the upstream; mostly nobody.
    package var bodyObserver: (any BodyObserver)?
    /// Told of the upstream's response; mostly nobody.
    package var responseObserver: (any ResponseObserver)?
    /// What the response goes through before the client gets it: the one pushed last comes first.
    package private(set) var shapers: [any ResponseShaper] = []
    /// Compresses the response; mostly nobody. `encoding` is the one at work.
    package var compressor: (any ResponseCompressor)?
    var encoding: (any BodyEncoding)?
    /// Segments of the path in front of those of the route's pattern, such as a version's.
    package var leadingSegments = 0
    /// Sees what passes; mostly nobody.
    package var tap: (any ExchangeTap)?
    /// Judges the request body on its way; mostly nobody.
    package var bodyCheck: (any BodyCheck)?
    /// What the service has asked already, while a filter waits; mostly nothing.
    package var anticipated: AnyObject?
    /// What is given back when the exchange ends; mostly nothing.
    private var held: [(holder: any ExchangeHolder, token: Int)] = []

    private enum Progress { case idle, filtering(next: Int), waiting(next: Int), serving, abandoned }
    private var progress = Progress.idle

    package init(downstream: any Downstream, peer: Peer, memory: BufferMemory? = nil) {
        self.memory = memory
        self.downstream = downstream
        self.peer = peer
    }

    /// Makes the exchange ready for the head that has just been parsed into `request`.
    package func begin(atMicroseconds now: Int) {
        plan = nil
        identity = nil
        clientAddress.removeAll()
        requestID.removeAll()
        requestLines.removeAll()
        responseLines.removeAll()
        tunnel = nil
        timeLimitMicroseconds = nil
        replacesCORS = false
        isSuspect = false
        timing = []
        leadingSegments = 0
        if compressor != nil { compressor = nil }
        if encoding != nil { encoding = nil }
        if !shapers.isEmpty { shapers.removeAll(keepingCapacity: true) }
        priority = .normal
        trace = nil
        record = ExchangeRecord(arrivedMicroseconds: now)
        arm = nil
        if version != nil { version = nil }
        if bodyObserver != nil { bodyObserver = nil }
        if responseObserver != nil { responseObserver = nil }
        if anticipated != nil { anticipated = nil }
        if bodyCheck != nil { bodyCheck = nil }
        if tap != nil { tap = nil }
        progress = .idle
    }

    /// Takes the route: runs its filters, then its service.
    package func follow(_ plan: RoutePlan) {
        self.plan = plan
        timing = plan.timing
        priority = plan.priority
        run(from: 0)
    }

    /// The request can't be let onto the route that it matches.
    package func refuse(_ reply: Reply, on plan: RoutePlan) {
        self.plan = plan
        answer(reply)
    }

    package func push(_ shaper: any ResponseShaper) { shapers.append(shaper) }

    /// The answer to a filter's `.wait`.
    package func resume(with verdict: Verdict) {
        let next: Int
        switch progress {
        case .waiting(let step): next = step
        // From within `apply`, which will return `.wait` and find that the exchange has moved on.
        case .filtering(let step): next = step
        // The client went away while the filter waited: now the connection may let go of the exchange.
        case .abandoned: return finishAbandoned()
        case .idle, .serving: return
        }
        switch verdict {
        case .proceed: run(from: next)
        case .reply(let reply): answer(reply)
        case .wait: break
        }
    }

    /// A filter waits for Redis, and has sent its question in this turn of the loop.
    package func anticipateService() { plan?.service.anticipate(self) }

    /// Ends the exchange with a reply of the gateway's own.
    package func answer(_ reply: Reply) {
        progress = .serving
        record.isOwnReply = true
        addDefaults()
        downstream.send(reply, for: self)
    }

    /// The head of the response is about to be written.
    func beginResponse() {
        record.answeredMicroseconds = MonotonicClock.microseconds()
        if !timing.isEmpty { timing.append(record, to: responseLines) }
    }

    /// Whether a filter still waits for an answer, so that the exchange must not be reused yet.
    package var isWaiting: Bool {
        if case .waiting = progress { return true }
        return false
    }

    /// Has `holder` told once the exchange has ended, however it ends: at once if its client is gone already.
    package func hold(_ holder: any ExchangeHolder, token: Int) {
        if case .abandoned = progress { return holder.exchangeEnded(token: token) }
        held.append((holder, token))
    }

    /// So many more bytes of a body are held until the exchange has ended, or fewer if negative: whoever gathers a body has
    /// to say so, since `limits.memory` bounds what all exchanges hold.
    package func buffered(_ bytes: Int) {
        bufferedBytes += bytes
        memory?.add(bytes)
    }

    /// The exchange is over: gives back what was held for it. Called by the entry's `finish`.
    package func giveBack() {
        if bufferedBytes != 0 { buffered(-bufferedBytes) }
        guard !held.isEmpty else { return }
        for (holder, token) in held { holder.exchangeEnded(token: token) }
        held.removeAll(keepingCapacity: true)
    }

    /// The client is gone while a filter waits; `resume(with:)` will find nothing left to do.
    package func abandon() { progress = .abandoned }

    private func run(from first: Int) {
        guard let plan else { return }
        var index = first
        while index < plan.filters.count {
            progress = .filtering(next: index + 1)
            switch plan.filters[index].apply(self) {
            case .proceed: index += 1
            case .reply(let reply): return answer(reply)
            case .wait:
                // A filter that answers from within `apply` has already moved on.
                if case .filtering(let next) = progress { progress = .waiting(next: next) }
                return
            }
        }
        progress = .serving
        plan.service.serve(self)
    }

    private func finishAbandoned() {
        progress = .idle
        downstream.abandonedExchangeEnded(self)
    }
}

/// Who holds something for an exchange that must be given back when it ends, such as a place among concurrent requests.
package protocol ExchangeHolder: AnyObject {
    /// Called exactly once for each `Exchange.hold`, on its worker: when the last byte was handed to the socket, or when
    /// the client is gone. Must not touch the exchange.
    func exchangeEnded(token: Int)
}

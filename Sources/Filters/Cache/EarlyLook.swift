import GatewayCore
import HTTPWire
import NIOCore
import Policies

/// A question to the shared store that went out with the limits', before it is known whether the exchange may be served:
/// together they cost one round trip (STATE.md, promise 3). What it takes for an exchange that then is refused is given back.
final class EarlyLook: ExchangeHolder {
    private enum State {
        case asked
        case answered(SharedAnswer)
        /// A follower waits for the answer.
        case claimed((SharedAnswer) -> Void)
        /// Nobody will.
        case abandoned
        case done
    }

    let known: NearSlot?
    let askedAt: Int
    private let key: [UInt8]
    private let cache: ResponseCache
    /// It has the node's right to look after the key.
    private var hasKey: Bool
    private var state = State.asked

    /// Asks; nil if there is nothing to ask, since somebody of this node looks after the key already.
    init?(
        _ exchange: Exchange, _ facts: CacheRequestFacts, key: [UInt8], entry: NearEntry?, known: NearSlot?,
        of service: CacheService
    ) {
        let cache = service.cache
        let onlyReads = facts.onlyReads(exchange.request)
        guard let shared = cache.shared, onlyReads || cache.fills.takeIfFree(key) else { return nil }
        self.key = key
        self.cache = cache
        self.known = known
        hasKey = !onlyReads
        askedAt = MonotonicClock.microsecondsWithSleep()
        shared.look(service.question(exchange, facts, key: key, entry: entry, known: known)) { [self] in hear($0) }
    }

    /// The exchange is served, and has to look.
    /// - Returns: whether the node's right to look after the key goes over to the caller.
    func claim(_ completion: @escaping (SharedAnswer) -> Void) -> Bool {
        defer { hasKey = false }
        let hadKey = hasKey
        switch state {
        case .asked: state = .claimed(completion)
        case .answered(let answer):
            state = .done
            // Behind this call: the caller has to know first what is its.
            cache.loop.assumeIsolated().execute { completion(answer) }
        case .claimed, .abandoned, .done: break
        }
        return hadKey
    }

    func abandonUnlessClaimed() {
        switch state {
        case .asked: state = .abandoned
        case .answered(let answer):
            state = .done
            giveBack(answer)
        case .claimed, .abandoned, .done: break
        }
    }

    func exchangeEnded(token: Int) { abandonUnlessClaimed() }

    private func hear(_ answer: SharedAnswer) {
        switch state {
        case .asked: state = .answered(answer)
        case .claimed(let completion):
            state = .done
            completion(answer)
        case .abandoned:
            state = .done
            giveBack(answer)
        case .answered, .done: break
        }
    }

    private func giveBack(_ answer: SharedAnswer) {
        switch answer {
        case .found(_, _, let fill?, _), .same(_, _, let fill?, _), .missing(let fill): cache.shared?.end(fill, .failed)
        default: break
        }
        if hasKey { cache.fills.end(key) }
        hasKey = false
    }
}

extension CacheRequestFacts {
    /// What a part or a head is worth to others is not known before it is here: neither begins a fetch.
    func onlyReads(_ request: RequestHead) -> Bool {
        hasRange || request.isHEAD || directives.onlyIfCached || directives.noStore
    }
}

extension CacheService {
    func question(
        _ exchange: Exchange, _ facts: CacheRequestFacts, key: [UInt8], entry: NearEntry?, known: NearSlot?
    ) -> SharedLook {
        let onlyReads = facts.onlyReads(exchange.request)
        let validates = facts.directives.noCache || facts.directives.maxAge != nil
        return SharedLook(
            key: key, fields: candidates(exchange, entry?.vary),
            intent: onlyReads ? .read : validates ? .validate : .fill, known: known?.response,
            tags: tags(exchange.request.path))
    }
}

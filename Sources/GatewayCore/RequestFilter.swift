/// A step of a route between arrival and forwarding: authentication, limits, request transformation.
///
/// One instance serves one route on one worker, and is only ever called on that worker's event loop.
package protocol RequestFilter: AnyObject {
    var phase: Phase { get }

    /// Called once per exchange. Decisions are returned: `.proceed` goes on to the next step, `.reply` ends the exchange.
    ///
    /// `.wait` says that the filter has asked someone (Redis, a service) and will call `Exchange.resume(with:)` on this
    /// worker, exactly once, within a bounded time, also when the answer does not come. The exchange stays valid until then
    /// even if its client is gone. A filter that can decide at once must not wait: waiting is what costs.
    func apply(_ exchange: Exchange) -> Verdict
}

/// What a filter decided.
package enum Verdict {
    case proceed
    case reply(Reply)
    case wait
}

/// The end of a route's steps: answers the exchange, from an upstream or by itself.
package protocol ExchangeService: AnyObject {
    /// Called once per exchange, on its worker. Must lead to exactly one of `Exchange.answer(_:)`,
    /// a response through `Exchange.downstream`, or `Downstream.abort()`.
    func serve(_ exchange: Exchange)

    /// The exchange waits for Redis, and will be served if what comes lets it: what serving it needs from there may be
    /// asked at once, in the same round trip. Told at most once before `serve`, or before the exchange ends without it.
    func anticipate(_ exchange: Exchange)
}

extension ExchangeService {
    package func anticipate(_ exchange: Exchange) {}
}

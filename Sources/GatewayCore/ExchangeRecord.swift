/// The facts of one exchange, for metrics and the access log. Times in microseconds of the monotonic clock.
package struct ExchangeRecord {
    package var arrivedMicroseconds = 0
    /// When the head of the answer was written; nil if there was none.
    package var answeredMicroseconds: Int?
    /// Status sent to the client; 0 if the client went away before there was one.
    package var status = 0
    /// Body bytes received from the client, and sent to it.
    package var bytesIn = 0
    package var bytesOut = 0
    /// From sending the request to the upstream's response head; nil if no upstream answered.
    package var upstreamMicroseconds: Int?
    /// The upstream's place in the metrics; nil if none was asked.
    package var upstreamIndex: Int?
    /// Attempts at forwarding, retries included.
    package var attempts = 0
    /// Second attempts beside late ones, and those of them that had the answer.
    package var hedges = 0
    package var hedgeWins = 0
    /// Made by the gateway, not by an upstream.
    package var isOwnReply = false
    /// Nil: the caller was let in, or nobody asked for a credential.
    package var authentication: AuthenticationFailure?
    package var limit = LimitDecision.none
    package var cache = CacheResult.none
    package var failure: Failure?
    /// Its route was told when it began, and so has to be when it ends.
    package var isCounted = false

    /// How the route's cache took part: `none` if the route has none, `bypass` if the request is none of its business.
    package enum CacheResult: UInt8, CaseIterable, Sendable { case none, hit, stale, revalidated, miss, bypass }

    /// Why a caller was not let in. `expired`: the credential was good once. `throttled`: its address has failed too often.
    /// `unavailable`: who could tell was not to be asked.
    package enum AuthenticationFailure: UInt8 { case missing, rejected, expired, throttled, unavailable }

    /// `shadowRefused`: admitted, but a shadow limit would have refused it.
    package enum LimitDecision: UInt8 { case none, admitted, refused, degraded, shadowRefused }

    /// What the gateway itself took until the head of the answer: not what upstreams were waited for; nil before it.
    package var ownMicroseconds: Int? {
        answeredMicroseconds.map { max(0, $0 &- arrivedMicroseconds &- (upstreamMicroseconds ?? 0)) }
    }

    package init(arrivedMicroseconds: Int = 0) { self.arrivedMicroseconds = arrivedMicroseconds }
}

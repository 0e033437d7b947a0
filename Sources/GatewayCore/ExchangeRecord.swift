/// The facts of one exchange, for metrics and the access log. Times in microseconds of the monotonic clock.
package struct ExchangeRecord {
    package var arrivedMicroseconds = 0
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
    /// Made by the gateway, not by an upstream.
    package var isOwnReply = false
    package var limit = LimitDecision.none
    package var cache = CacheResult.none
    package var failure: Failure?

    /// How the route's cache took part: `none` if the route has none, `bypass` if the request is none of its business.
    package enum CacheResult: UInt8, CaseIterable, Sendable { case none, hit, stale, revalidated, miss, bypass }

    /// `shadowRefused`: admitted, but a shadow limit would have refused it.
    package enum LimitDecision: UInt8 { case none, admitted, refused, degraded, shadowRefused }

    package init(arrivedMicroseconds: Int = 0) { self.arrivedMicroseconds = arrivedMicroseconds }
}

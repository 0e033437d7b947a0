/// When a breaker trips and how it recovers. All times in microseconds.
package struct BreakerSettings: Hashable, Sendable {
    /// What `probes` may be; the configuration refuses anything else.
    package static let probesRange = 1...Breaker.Probes.most

    /// Consecutive failures that trip the breaker; 0 switches this rule off.
    package var failures = 5
    /// Share of failed (or slow) calls within the window that trips it, 0…1; 0 switches this rule off.
    package var errorRate = 0.5
    /// Calls that the window must hold before `errorRate` is judged.
    package var minimum = 20
    /// Length of the sliding window.
    package var windowMicroseconds = 10_000_000
    /// How long the breaker refuses before it probes.
    package var openMicroseconds = 30_000_000
    /// Concurrent probes while half-open, each of which must succeed to close it.
    package var probes = 1
    /// A call at least this long counts as failed; nil: slowness is not judged.
    package var slowCallMicroseconds: Int?

    package init() {}

    /// `errorRate` in millionths: integers, so that a script in Redis can judge alike.
    package var errorMillionths: Int { Int(min(max(errorRate, 0), 1) * 1_000_000 + 0.5) }
}

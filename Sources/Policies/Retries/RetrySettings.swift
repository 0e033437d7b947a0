/// Which failed attempts at an upstream are made again, and how often.
package struct RetrySettings: Hashable, Sendable {
    /// What an attempt came to that did not bring a response to pass on.
    package enum Cause: Hashable, Sendable {
        /// No connection: nothing was sent.
        case connect
        /// The connection was lost before a response came.
        case reset
        /// No response within the upstream's timeout.
        case timeout
        case status(Int)
        /// A gRPC call that failed without a message.
        case grpc(Int)
    }

    /// Further attempts at one request, besides the first.
    package var attempts = 2
    package var causes: Set<Cause> = [.connect, .reset, .timeout, .status(502), .status(503), .status(504)]
    /// Also requests that do something again when they are sent again (RFC 9110 §9.2.2).
    package var includesUnsafe = false
    /// Share of the requests that retries may add, in the long run.
    package var budget = 0.2
    /// Longer request bodies are not kept, and so not sent again. Bytes.
    package var bodyBytes = 64 * 1024
    /// The longest pause before the first retry that goes to a target asked before, in microseconds; doubled for each
    /// further one.
    package var backoffMicroseconds = 25_000

    package init() {}

    /// Whether an attempt that came to `cause` may be made again, apart from how often.
    /// - Parameter isIdempotent: what the request does is done once however often it is sent.
    package func covers(_ cause: Cause, isIdempotent: Bool) -> Bool {
        guard causes.contains(cause) else { return false }
        switch cause {
        case .connect: return true
        // Whoever names a gRPC status says that calls which end so have done nothing.
        case .grpc: return true
        case .reset, .timeout, .status: return isIdempotent || includesUnsafe
        }
    }

    /// Full jitter: any time up to the bound.
    /// - Parameters:
    ///   - retry: 1 for the first.
    ///   - random: from 0 to below 1.
    package func pauseMicroseconds(beforeRetry retry: Int, random: Double) -> Int {
        let bound = backoffMicroseconds << min(max(retry - 1, 0), 6)
        return Int(Double(bound) * random)
    }
}

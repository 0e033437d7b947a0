import GatewayCore
import HTTPWire

/// Whether a request body comes fast enough: a client that sends a byte now and then holds a connection for nothing. Only
/// bodies of known length are judged; what has none may be a stream that lasts.
struct BodyPace {
    /// Time that a body gets before it is judged, in microseconds.
    static let grace = 10_000_000

    private var startedMicroseconds = 0
    private var startedBytes = 0
    private var isJudged = false

    mutating func begin(_ length: BodyLength) {
        if case .exactly = length { isJudged = true } else { isJudged = false }
        restart(bytes: 0)
    }

    /// The gateway has held the body back: that is not the client's time.
    mutating func restart(bytes: Int) {
        guard isJudged else { return }
        startedMicroseconds = MonotonicClock.microseconds()
        startedBytes = bytes
    }

    /// - Parameters:
    ///   - bytes: of the body so far.
    ///   - rate: bytes a second that are asked for; 0: any pace will do.
    func isTooSlow(bytes: Int, rate: Int) -> Bool {
        guard isJudged, rate > 0 else { return false }
        let time = MonotonicClock.microseconds() - startedMicroseconds - Self.grace
        return time > 0 && (bytes - startedBytes) < time / 1_000_000 * rate
    }
}

/// What a connection does next: event in, actions out. No socket, no clock, no randomness of its own.
///
/// ```
///              start            opened              greeted
///      idle ─────────▶ connecting ─────▶ handshaking ─────▶ ready
///                          ▲ │ failed         │ failed        │ failed
///              pauseEnded  │ ▼                ▼               │
///                       backingOff ◀──────────────────────────┘        close, from anywhere: closed
/// ```
struct RedisConnectionState: Hashable {
    enum Phase: Hashable { case idle, connecting, handshaking, ready, backingOff, closed }

    enum Event: Hashable {
        case start
        /// The socket is connected.
        case opened
        /// Redis accepted the handshake.
        case greeted
        /// Connecting or the handshake failed, or the connection broke or is not to be used any more.
        case failed(RedisError)
        /// The pause before the next attempt is over.
        case pauseEnded
        case close
    }

    /// Independent of each other; carried out in the order written here.
    struct Actions: Hashable {
        var closeChannel = false
        var report: RedisConnection.Change?
        var failPending: RedisError?
        var connect = false
        var sendHandshake = false
        var pauseMicroseconds: Int?
    }

    private(set) var phase = Phase.idle
    /// Attempts that failed since the connection was last ready.
    private(set) var failures = 0
    private let shortestPause: Int
    private let longestPause: Int

    init(shortestPauseMicroseconds: Int, longestPauseMicroseconds: Int) {
        shortestPause = shortestPauseMicroseconds
        longestPause = longestPauseMicroseconds
    }

    /// - Parameter jitter: 0..<1, drawn anew for each event; where in its range a pause ends up.
    mutating func handle(_ event: Event, jitter: Double) -> Actions {
        switch (event, phase) {
        case (_, .closed):
            return Actions()
        case (.close, _):
            let hadChannel = phase == .handshaking || phase == .ready
            phase = .closed
            return Actions(closeChannel: hadChannel, report: .closed, failPending: .closed)
        case (.start, .idle), (.pauseEnded, .backingOff):
            phase = .connecting
            return Actions(connect: true)
        case (.opened, .connecting):
            phase = .handshaking
            return Actions(sendHandshake: true)
        case (.greeted, .handshaking):
            phase = .ready
            failures = 0
            return Actions(report: .connected)
        case (.failed(let reason), .connecting), (.failed(let reason), .handshaking), (.failed(let reason), .ready):
            return fail(reason, jitter)
        case (.start, _), (.opened, _), (.greeted, _), (.failed, _), (.pauseEnded, _):
            return Actions()
        }
    }

    private mutating func fail(_ reason: RedisError, _ jitter: Double) -> Actions {
        let wasReady = phase == .ready
        let hadChannel = wasReady || phase == .handshaking
        phase = .backingOff
        failures += 1
        return Actions(
            closeChannel: hadChannel,
            report: wasReady ? .lost(reason) : .unreachable(reason, attempt: failures),
            failPending: .disconnected, pauseMicroseconds: pause(jitter))
    }

    /// Full jitter: nodes that lost the same server do not come back to it in step.
    private func pause(_ jitter: Double) -> Int {
        let bound = min(longestPause, shortestPause << min(failures - 1, 20))
        return Int(jitter * Double(bound))
    }
}

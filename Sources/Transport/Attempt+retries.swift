import GatewayCore
import HTTPWire
import NIOCore
import Policies

/// Attempts that are made again.
extension Attempt {
    /// Whether the failed attempt is made again; that has begun then.
    func isMadeAgain(after cause: RetrySettings.Cause, _ failure: Failure) -> Bool {
        guard let settings = upstream.settings.retries else { return false }
        report(failure)
        return isMadeAgain(after: cause, settings)
    }

    /// The same after a response that says that the upstream could not serve the request.
    func isMadeAgain(after head: ResponseHead, _ isComplete: Bool, _ settings: RetrySettings) -> Bool {
        if head.status >= 400 { return isMadeAgain(after: .status(head.status), settings) }
        // Nothing but a status: the call has failed before its first message.
        guard isComplete, let field = head.fields.first("grpc-status"), let code = Decimal.parse(field), code > 0 else {
            return false
        }
        return isMadeAgain(after: .grpc(code), settings)
    }

    private func isMadeAgain(after cause: RetrySettings.Cause, _ settings: RetrySettings) -> Bool {
        let request = exchange.request
        guard retries < settings.attempts, !isHedge, hedge?.isRacing != true,
            settings.covers(cause, isIdempotent: request.isIdempotent),
            request.body == .none || replay.isWhole, exchange.tunnel == nil,
            upstream.retryBudget.spend(atMicroseconds: MonotonicClock.microseconds()), isAdmittedAgain()
        else { return false }
        retries += 1
        connection?.abandon()
        connection = nil
        isHeadPending = false
        joined = ByteBuffer()
        if let pool, pool.index < 64 { tried |= 1 << UInt64(pool.index) }
        if request.body != .none { exchange.downstream.pauseBody() }
        let isElsewhere = upstream.pools.indices.contains { $0 < 64 && tried & (1 << UInt64($0)) == 0 }
        let pause = settings.pauseMicroseconds(beforeRetry: retries, random: .random(in: 0..<1))
        state = .resting
        if isElsewhere || pause == 0 { connect(fresh: false) } else { setDeadline(pause) }
        return true
    }

    /// An attempt made again is one more call to the breaker.
    private func isAdmittedAgain() -> Bool {
        switch breaker?.admit() {
        case nil: return true
        case .admitted(let token):
            gate = breaker
            self.token = token
            return true
        case .refused: return false
        }
    }
}

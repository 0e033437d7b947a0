import GatewayCore
import HTTPWire
import Policies

/// A second attempt beside one that is late.
extension Attempt {
    func awaitLateness(_ settings: HedgeSettings) {
        let request = exchange.request
        guard request.body == .none, request.isIdempotent, exchange.tunnel == nil,
            let delay = upstream.hedgeDelayMicroseconds(settings)
        else { return }
        upstream.hedgeBudget.earn()
        let timer = hedgeTimer ?? HedgeTimer(self)
        hedgeTimer = timer
        worker.deadlines.set(timer.deadline, microsecondsFromNow: delay)
    }

    /// Others mostly have an answer by now: a second attempt is made, if that is allowed.
    func isLate() {
        let now = MonotonicClock.microseconds()
        guard state == .connecting || state == .exchanging, hedge == nil,
            upstream.hedgeBudget.spend(atMicroseconds: now)
        else { return }
        guard upstream.concurrency?.admit(.low) ?? true else { return }
        var token = 0
        switch breaker?.admit() {
        case nil: break
        case .admitted(let admitted): token = admitted
        case .refused:
            upstream.concurrency?.end()
            return
        }
        exchange.record.hedges += 1
        let hedge = Hedge(self, of: exchange)
        self.hedge = hedge
        let own: UInt64 = pool.map { $0.index < 64 ? 1 << UInt64($0.index) : 0 } ?? 0
        hedge.start(
            upstream, gate: breaker, token: token, excluding: own, within: endsMicroseconds.map { max($0 - now, 1) },
            on: worker)
    }

    /// The second attempt has the answer.
    func yield() {
        gate?.cancel(token)
        letGo()
        release()
    }

    func endRace() {
        if let hedgeTimer { worker.deadlines.clear(hedgeTimer.deadline) }
        hedge?.cancel()
    }
}

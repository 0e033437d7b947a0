import Policies

@testable import Filters

/// The shared buckets of one key as STATE.md tells them, step by step and without regard for speed: what `take.lua` does.
struct ModelBucket {
    private struct Held {
        var amount: Int
        var expiry: Int
        var sequence: Int
    }

    private let windows: [RateWindow]
    private var buckets: [TokenBucket]
    private var leases: [String: Held] = [:]
    static let lifetime = 100_000

    init(_ windows: [RateWindow], now: Int) {
        self.windows = windows
        buckets = windows.map { TokenBucket(full: $0, now: now) }
    }

    struct Answer {
        var isAdmitted = true
        var grant: LeaseGrant?
        var states: [TakeRequest.WindowState] = []
    }

    /// - Parameter isVetoed: another key of the request refuses.
    mutating func take(_ cost: Int, _ ask: LeaseAsk?, holder: String, isVetoed: Bool = false, now: Int) -> Answer {
        advance(to: now)
        var answer = Answer()
        var kept = 0
        var isStale = false
        if let ask {
            if let old = leases[holder] {
                isStale = ask.sequence <= old.sequence
                if !isStale {
                    kept = min(ask.held, old.amount)
                    let back = min(ask.returned, old.amount - kept)
                    for index in buckets.indices { buckets[index].tokens += back }
                    leases[holder] = nil
                    answer.grant = LeaseGrant(granted: 0, isHeldKept: true, lifetimeMicroseconds: Self.lifetime)
                }
            } else {
                answer.grant = LeaseGrant(granted: 0, isHeldKept: false, lifetimeMicroseconds: Self.lifetime)
            }
        }
        let waits = zip(windows, buckets).map { window, bucket in bucket.wait(for: cost, window) }
        answer.isAdmitted = waits.allSatisfy { $0 == 0 }
        var extra = 0
        if answer.isAdmitted, !isVetoed {
            for index in buckets.indices { buckets[index].tokens -= cost }
            if let ask, !isStale {
                let share = buckets.reduce(Int.max) { min($0, $1.tokens / (4 * max(1, leases.count + 1))) }
                extra = max(0, min(ask.want, share))
                for index in buckets.indices { buckets[index].tokens -= extra }
            }
        }
        if let ask, !isStale {
            answer.grant?.granted = extra
            if kept + extra > 0 {
                leases[holder] = Held(amount: kept + extra, expiry: now + Self.lifetime, sequence: ask.sequence)
            }
        }
        answer.states = zip(windows, zip(buckets, waits)).map { window, state in
            TakeRequest.WindowState(
                remaining: max(0, state.0.tokens), resetMicroseconds: state.0.timeToFull(window),
                waitMicroseconds: state.1)
        }
        return answer
    }

    /// A debt: however little is left, but never more than the bucket holds.
    mutating func charge(_ amount: Int, now: Int) {
        advance(to: now)
        for (index, window) in windows.enumerated() {
            buckets[index].tokens = max(-window.capacity, buckets[index].tokens - amount)
        }
    }

    /// Piecewise: a lease that ended leaves room from its end on, not before.
    private mutating func advance(to now: Int) {
        for (holder, lease) in leases.sorted(by: { $0.value.expiry < $1.value.expiry }) where lease.expiry <= now {
            refill(to: lease.expiry)
            leases[holder] = nil
        }
        refill(to: now)
    }

    private mutating func refill(to now: Int) {
        let held = leases.values.reduce(0) { $0 + $1.amount }
        for (index, window) in windows.enumerated() {
            // A bucket with less room fills up the same way, and stands `held` lower.
            var raised = buckets[index]
            raised.tokens += held
            raised.advance(to: now, window)
            raised.tokens -= held
            buckets[index] = raised
        }
    }
}

import GatewayCore
import HTTPWire

/// What a route does about addresses that fail to authenticate again and again. One per worker.
///
/// While an address has to wait, its credentials are judged only by what is known already, without asking anyone and
/// without costly work, and what comes of it is not told: whoever guesses gets 429 for a wrong guess and for a right one. Those
/// who were served from that address a moment before are served on: an office whose one script runs wild is not kept out.
package final class AttemptGuard {
    private let failed: FailedAttempts
    /// Marks of who was accepted from where lately; older ones are written over.
    private var accepted: [Int] = []
    private static let places = 8192

    package init(_ failed: FailedAttempts) { self.failed = failed }

    /// Before the credentials are looked at.
    func begin(_ exchange: Exchange) {
        exchange.isSuspect = failed.wait(exchange, now: MonotonicClock.microseconds()) > 0
    }

    /// Whether an accepted caller may pass.
    func admits(_ identity: Identity, _ exchange: Exchange) -> Bool {
        let mark = Self.mark(identity, exchange)
        let place = mark & (Self.places - 1)
        if exchange.isSuspect { return !accepted.isEmpty && accepted[place] == mark }
        if accepted.isEmpty { accepted = Array(repeating: 0, count: Self.places) }
        accepted[place] = mark
        return true
    }

    /// What a refused caller is told.
    func conclude(_ rejection: Reply, _ exchange: Exchange) -> Reply {
        guard rejection.status == 401, rejection.isFailedAttempt else { return rejection }
        if exchange.isSuspect { return refusal(exchange) }
        failed.count(exchange, now: MonotonicClock.microseconds())
        return rejection
    }

    /// With `Retry-After`.
    func refusal(_ exchange: Exchange) -> Reply {
        let wait = failed.wait(exchange, now: MonotonicClock.microseconds())
        exchange.responseLines.append("Retry-After: \(max(1, (wait + 999_999) / 1_000_000))\r\n")
        return Self.tooMany
    }

    /// Seeded, so that nobody can choose a consumer's name that looks like another's.
    private static func mark(_ identity: Identity, _ exchange: Exchange) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: UnsafeRawBufferPointer(exchange.clientAddress.bytes))
        hasher.combine(identity.consumer)
        return hasher.finalize()
    }

    private static let tooMany = Reply(
        status: 429, kind: "too-many-failed-attempts", title: "Too many failed attempts",
        detail:
            "Too many requests from this address had a bad credential; Retry-After says when credentials are looked at again."
    )
}

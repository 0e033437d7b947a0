import Credentials
import GatewayCore
import NIOCore
import Policies
import Synchronization

/// The keys of an identity provider: fetched by whichever worker needs them first, kept for all workers of the node.
///
/// The last good set serves while the provider is down or talks nonsense. Fetches are few: one at a time, none sooner than
/// `pause` after the one before, however many tokens name a key that is not known.
package final class FetchedKeySet: Sendable {
    /// Between two fetches, in microseconds.
    static let pause = 10_000_000
    /// After a fetch that failed while there is no key at all.
    static let shortPause = 1_000_000
    /// A set is fetched anew after this, or sooner if the provider says so by `Cache-Control: max-age`.
    static let longestAge = 3600
    static let shortestAge = 60

    /// Where the provider's keys are.
    package enum Source: Hashable, Sendable {
        case keySet(ServiceURL)
        /// OpenID Connect Discovery 1.0: the issuer says where.
        case issuer(ServiceURL)
    }

    package let source: Source
    private let log: @Sendable (_ message: String, _ isProblem: Bool) -> Void
    private let state = Mutex(State())
    /// Changes with the keys.
    private let version = Atomic<Int>(0)

    private struct State: Sendable {
        var keys: [JWTKey] = []
        var text: [UInt8] = []
        var isFetching = false
        /// Of the monotonic clock, in microseconds: when one more fetch is allowed, and when one is due.
        var allowedAt = 0
        var dueAt = 0
        var hasFailed = false
        var waiters: [NIOLoopBound<() -> Void>] = []
    }

    /// - Parameter log: told of failures and recoveries, and of new keys.
    package init(_ source: Source, log: @escaping @Sendable (_ message: String, _ isProblem: Bool) -> Void) {
        self.source = source
        self.log = log
    }

    /// Grows whenever the keys change.
    package var generation: Int { version.load(ordering: .relaxed) }

    package var keys: [JWTKey] { state.withLock { $0.keys } }

    /// Whether it is time to fetch, although nobody waits for it.
    func isDue(atMicroseconds now: Int) -> Bool { state.withLock { !$0.isFetching && now >= $0.dueAt } }

    enum Begin {
        /// The caller is to fetch, and to call `ended`.
        case fetch
        /// Somebody does; the caller is called when they have.
        case waiting
        /// It was tried a moment ago.
        case tooSoon
    }

    func begin(atMicroseconds now: Int, on loop: any EventLoop, otherwise wake: @escaping () -> Void) -> Begin {
        let waiter = NIOLoopBound(wake, eventLoop: loop)
        return state.withLock { state in
            if state.isFetching {
                guard state.waiters.count < 10_000 else { return .tooSoon }
                state.waiters.append(waiter)
                return .waiting
            }
            guard now >= state.allowedAt else { return .tooSoon }
            state.isFetching = true
            return .fetch
        }
    }

    /// - Parameter maximumAge: as the provider said, in seconds; nil: it did not.
    func ended(_ result: Result<[UInt8], KeySetFailure>, maximumAge: Int?, atMicroseconds now: Int) {
        let outcome = result.flatMap { text in
            do throws(CredentialError) {
                return Result<(JWKSet, [UInt8]), KeySetFailure>.success((try JWKSet(text), text))
            } catch {
                return .failure(KeySetFailure(reason: "\(error)"))
            }
        }
        var message: (String, Bool)?
        let waiters = state.withLock { state in
            state.isFetching = false
            switch outcome {
            case .success(let (set, text)):
                let age = min(max(maximumAge ?? Self.longestAge, Self.shortestAge), Self.longestAge)
                (state.allowedAt, state.dueAt) = (now + Self.pause, now + age * 1_000_000)
                if text != state.text || state.hasFailed {
                    let notes = set.notes.isEmpty ? "" : "; " + set.notes.joined(separator: "; ")
                    message = ("\(set.keys.count) keys of \(source)\(notes)", false)
                }
                state.hasFailed = false
                if text != state.text {
                    (state.keys, state.text) = (set.keys, text)
                    version.add(1, ordering: .relaxed)
                }
            case .failure(let failure):
                let pause = state.keys.isEmpty ? Self.shortPause : Self.pause
                (state.allowedAt, state.dueAt) = (now + pause, now + pause)
                if !state.hasFailed {
                    let rest = state.keys.isEmpty ? "there are none yet" : "the last good ones serve on"
                    message = ("the keys of \(source) can't be had: \(failure.reason); \(rest)", true)
                }
                state.hasFailed = true
            }
            defer { state.waiters = [] }
            return state.waiters
        }
        if let message { log(message.0, message.1) }
        for waiter in waiters { waiter.eventLoop.execute { waiter.value() } }
    }
}

/// Why keys could not be had, for operators.
struct KeySetFailure: Error, Hashable, Sendable {
    let reason: String
}

extension FetchedKeySet.Source: CustomStringConvertible {
    package var description: String {
        switch self {
        case .keySet(let url), .issuer(let url): "\(url)"
        }
    }
}

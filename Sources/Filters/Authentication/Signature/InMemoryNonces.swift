import Credentials
import GatewayCore
import Synchronization

/// The nonces of one node, for all its workers. Bounded: when so many are in use that no more can be kept, none is taken for new.
package final class InMemoryNonces: Sendable {
    private struct State: Sendable {
        /// When each ends, in seconds of the monotonic clock.
        var ends: [Digest: Int] = [:]
        var sweptAt = 0
    }

    private let state = Mutex(State())
    private let capacity: Int

    package init(capacity: Int = 200_000) { self.capacity = capacity }

    func use(_ nonce: Digest, forSeconds seconds: Int, now: Int = MonotonicClock.microseconds() / 1_000_000) -> NonceUse
    {
        state.withLock { state in
            if let end = state.ends[nonce], now < end { return .repeated }
            if state.ends.count >= capacity, now > state.sweptAt {
                state.sweptAt = now
                state.ends = state.ends.filter { now < $0.value }
            }
            guard state.ends.count < capacity else { return .unknown }
            state.ends[nonce] = now + seconds
            return .first
        }
    }
}

/// A node that shares nothing.
package final class LocalNonces: NonceStore {
    private let memory: InMemoryNonces

    package init(_ memory: InMemoryNonces) { self.memory = memory }

    package func use(_ nonce: Digest, forSeconds seconds: Int, completion: @escaping (NonceUse) -> Void) {
        completion(memory.use(nonce, forSeconds: seconds))
    }
}

import GatewayCore
import HTTPWire
import Policies

/// What an API key is good for: whom it stands for, until when, and from where. Immutable.
package final class KeyGrant: Sendable {
    package enum Expiry: Hashable, Sendable {
        case never
        /// Seconds since 1970: as configured, so the node's clock is the only one there is.
        case atSeconds(Int)
        /// Microseconds of the monotonic clock that counts sleep: counted from what Redis said was left.
        case atMonotonic(Int)
    }

    package let identity: Identity
    private let expiry: Expiry
    /// Empty: from anywhere.
    private let addresses: [NetworkRange]

    package init(_ identity: Identity, expiry: Expiry = .never, addresses: [NetworkRange] = []) {
        self.identity = identity
        self.expiry = expiry
        self.addresses = addresses
    }

    package enum Verdict { case accepted, expired, elsewhere }

    package func judge(_ exchange: Exchange) -> Verdict {
        guard !isExpired else { return .expired }
        guard addresses.isEmpty || isFromThere(exchange) else { return .elsewhere }
        return .accepted
    }

    private var isExpired: Bool {
        switch expiry {
        case .never: false
        case .atSeconds(let end): WallClock.seconds() >= end
        case .atMonotonic(let end): MonotonicClock.microsecondsWithSleep() >= end
        }
    }

    private func isFromThere(_ exchange: Exchange) -> Bool {
        guard let address = IPAddress(text: exchange.clientAddress.bytes) else { return false }
        return addresses.contains { $0.contains(address) }
    }
}

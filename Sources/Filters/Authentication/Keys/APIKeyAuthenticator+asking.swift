import Credentials
import GatewayCore
import HTTPWire

/// For those who may wait for Redis, which is no worker.
extension APIKeyAuthenticator {
    /// What the configuration alone doesn't decide.
    package enum Local {
        case decided(AuthenticationResult)
        /// Redis may know the key.
        case open(Digest)
    }

    /// Judges by the configuration.
    package func judge(_ exchange: Exchange) -> Local {
        let result = authenticate(exchange)
        guard case .rejected = result, let key = credential.value(in: exchange.request) else { return .decided(result) }
        let bytes = UnsafeRawBufferPointer(key)
        let digest = hasher.digest(bytes)
        let isKnown = consumers.grant(of: digest) != nil
        guard !isKnown, (1...APIKeyTable.maximumKeyBytes).contains(key.count), APIKey.isPlausible(bytes, using: hasher)
        else { return .decided(result) }
        return .open(digest)
    }

    /// Judges a key by what Redis holds of it.
    package func judge(
        _ exchange: Exchange, _ digest: Digest, asking shared: ConsumersInRedis
    ) async throws -> AuthenticationResult {
        guard let key = try await shared.key(digest.hexadecimal) else { return .rejected(unknown) }
        let consumer = try await shared.consumer(key.record.consumer)
        let ends = key.left.map { MonotonicClock.microsecondsWithSleep() + max(min($0, 1 << 32), 0) * 1_000_000 }
        return judge(SharedKey(record: key.record, ends: ends, consumer: consumer), exchange)
    }
}

import GatewayCore

/// What consumers in Redis are entitled to, for callers who have proved who they are by something else than an API key: the
/// plan and scopes of the consumer that a token or a certificate names. One per worker and configuration.
package final class Entitlements {
    private struct Known {
        /// Kept, so that no other object takes its place in memory.
        let identity: Identity
        let complete: Identity
        let generation: Int
    }

    private static let mostKnown = 8192

    private let shared: SharedConsumers
    private let configured: ConsumerDirectory
    /// By identities: authenticators remember them as objects, so this costs a repeated caller one look-up.
    private var known: [ObjectIdentifier: Known] = [:]

    package init(shared: SharedConsumers, configured: ConsumerDirectory) {
        self.shared = shared
        self.configured = configured
    }

    /// The caller with all that it is entitled to; nil: Redis has to be asked.
    func complete(_ identity: Identity) -> Identity? {
        let key = ObjectIdentifier(identity)
        let generation = shared.generation
        if let known = known[key], known.generation == generation { return known.complete }
        // A configured consumer's entitlements are in it already.
        guard configured[identity.consumer] == nil else { return remember(identity, identity, generation) }
        switch shared.find(consumer: identity.consumer) {
        case .found(let record): return remember(identity, identity.entitled(as: record), generation)
        case .missing: return remember(identity, identity, generation)
        case .unsure: return nil
        }
    }

    /// Asks Redis.
    /// - Parameter completion: called once, in bounded time, perhaps at once; with nil if Redis could not be asked.
    func ask(_ identity: Identity, _ completion: @escaping (Identity?) -> Void) {
        shared.ask(consumer: identity.consumer) { answer in
            switch answer {
            case .found(let record): completion(identity.entitled(as: record))
            case .missing: completion(identity)
            case .unavailable: completion(nil)
            }
        }
    }

    private func remember(_ identity: Identity, _ complete: Identity, _ generation: Int) -> Identity {
        if known.count >= Self.mostKnown { known.removeAll(keepingCapacity: true) }
        known[ObjectIdentifier(identity)] = Known(identity: identity, complete: complete, generation: generation)
        return complete
    }
}

extension Identity {
    /// The same caller, with all that it is entitled to: for those who may wait for Redis.
    package func completed(
        asking shared: ConsumersInRedis, beside configured: ConsumerDirectory
    ) async throws -> Identity {
        guard !isComplete, configured[consumer] == nil, let record = try await shared.consumer(consumer) else {
            return self
        }
        return entitled(as: record)
    }

    /// The same caller, with the plan and the scopes of its consumer.
    fileprivate func entitled(as record: ConsumerRecord) -> Identity {
        Identity(
            consumer: consumer, plan: plan ?? record.plan, scopes: scopes + record.scopes, roles: roles, claims: claims,
            isComplete: true)
    }
}

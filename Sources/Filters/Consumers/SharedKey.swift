import GatewayCore

/// An API key from Redis with its consumer, as one worker remembers it.
final class SharedKey {
    let record: KeyRecord
    /// Of the clock of `SharedConsumers`; nil: never.
    private let ends: Int?
    /// Nil: not in Redis; it may be configured.
    private let consumer: ConsumerRecord?
    private var grant: KeyGrant?
    private weak var madeBeside: ConsumerDirectory?

    init(record: KeyRecord, ends: Int?, consumer: ConsumerRecord?) {
        (self.record, self.ends, self.consumer) = (record, ends, consumer)
    }

    /// What it is good for beside these configured consumers, who come first; nil: its consumer does not exist.
    func grant(beside directory: ConsumerDirectory) -> KeyGrant? {
        if madeBeside === directory { return grant }
        madeBeside = directory
        grant = makeGrant(directory)
        return grant
    }

    private func makeGrant(_ directory: ConsumerDirectory) -> KeyGrant? {
        let configured = directory[record.consumer]
        guard configured != nil || consumer != nil else { return nil }
        let identity = Identity(
            consumer: record.consumer, plan: record.plan ?? (configured.map(\.plan) ?? consumer?.plan),
            scopes: record.scopes ?? configured?.scopes ?? consumer?.scopes ?? [],
            isComplete: true)
        return KeyGrant(identity, expiry: ends.map { .atMonotonic($0) } ?? .never, addresses: record.addresses)
    }
}

import Credentials
import Policies
import RedisClient

/// The API keys of a cluster as they stand in Redis.
extension ConsumersInRedis {
    /// A key by its digest, never by itself.
    package struct Key: Sendable {
        /// 64 hexadecimal digits.
        package let sha256: String
        package var record: KeyRecord
        /// Seconds until it ends, by the clock of Redis; nil: never. Not positive: it has ended.
        package var left: Int?

        package init(sha256: String, record: KeyRecord, left: Int?) {
            (self.sha256, self.record, self.left) = (sha256, record, left)
        }

        /// What it is called by: enough digits to be the only one.
        package var id: String { String(sha256.prefix(12)) }
    }

    /// How long a key that has ended is still listed, in seconds.
    static var afterlife: Int { 86_400 }

    /// When a key ends.
    package enum KeyLife: Sendable {
        case forever
        case seconds(Int)
        /// Seconds since 1970.
        case until(Int)
    }

    /// Stores a key by its digest.
    package func createKey(sha256: String, _ record: KeyRecord, life: KeyLife) async throws -> Key {
        var record = record
        let now = try await now(routedBy: names.key(sha256))
        record.created = now
        record.expires =
            switch life {
            case .forever: nil
            case .seconds(let lifetime): now + lifetime
            case .until(let end): end
            }
        try await store(record, sha256)
        return Key(sha256: sha256, record: record, left: record.expires.map { $0 - now })
    }

    private func store(_ record: KeyRecord, _ sha256: String) async throws {
        // First the list: a key that is on none could not be found to be revoked.
        let list = names.keys(of: record.consumer)
        try await client.send("SADD", list, sha256, routedBy: list)
        try await put(names.key(sha256), record.words, until: record.expires.map { $0 + Self.afterlife })
        try await announce("key \(sha256)")
    }

    /// A new key with the terms of an old one, which ends after the overlap.
    /// - Parameters:
    ///   - life: of the new one; nil: as long as the old one's was.
    ///   - overlap: in seconds; 0: the old one ends at once.
    /// - Returns: the new one, and until when the old one is good: since 1970, and from now.
    package func rotate(
        _ old: Key, to sha256: String, life: KeyLife?, overlap: Int
    ) async throws -> (new: Key, oldEnds: Int, oldLeft: Int) {
        var record = old.record
        let whole = record.expires.flatMap { end in record.created.map { KeyLife.seconds(max(1, end - $0)) } }
        let new = try await createKey(sha256: sha256, record, life: life ?? whole ?? .forever)
        let now = try await now(routedBy: names.key(old.sha256))
        let end = min(record.expires ?? .max, now + overlap)
        if overlap == 0 {
            try await revoke(old)
        } else {
            record.expires = end
            try await store(record, old.sha256)
        }
        return (new, end, max(0, end - now))
    }

    /// All nodes refuse it from now on.
    package func revoke(_ key: Key) async throws {
        let name = names.key(key.sha256)
        try await client.send("DEL", name, routedBy: name)
        let list = names.keys(of: key.record.consumer)
        try await client.send("SREM", list, key.sha256, routedBy: list)
        try await announce("key \(key.sha256)")
    }

    /// Nil: there is none.
    package func key(_ sha256: String) async throws -> Key? {
        let name = names.key(sha256)
        guard let record = KeyRecord(fields: try await fields(name)) else { return nil }
        let now = record.expires == nil ? 0 : try await now(routedBy: name)
        return Key(sha256: sha256, record: record, left: record.expires.map { $0 - now })
    }

    /// Those whose digests begin with these hexadecimal digits, a few at most.
    package func keys(beginningWith digits: String) async throws -> [Key] {
        if digits.utf8.count == 64 { return try await key(digits).map { [$0] } ?? [] }
        let found = try await client.scan(match: "\(Self.literal(names.key(digits)))*", atMost: 10)
        return try await each(found) { try await key(String($0.suffix(64))) }.sorted { $0.sha256 < $1.sha256 }
    }

    /// Those of a consumer, or all there are: the oldest first.
    package func keys(of consumer: String?) async throws -> Listing<Key> {
        let digests =
            if let consumer { try await digests(of: consumer) } else {
                try await client.scan(match: "\(Self.literal(names.key("")))*", atMost: Self.most + 1)
                    .map { String($0.suffix(64)) }
            }
        let keys = try await each(Array(digests.prefix(Self.most))) { try await key($0) }
        let sorted = keys.sorted { ($0.record.created ?? 0, $0.sha256) < ($1.record.created ?? 0, $1.sha256) }
        return Listing(items: sorted, isComplete: digests.count <= Self.most)
    }

    func digests(of consumer: String) async throws -> [String] {
        let list = names.keys(of: consumer)
        return try await client.send("SMEMBERS", list, routedBy: list).elements.compactMap(\.text).sorted()
    }
}

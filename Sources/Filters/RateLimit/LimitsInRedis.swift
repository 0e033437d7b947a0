import RedisClient

/// The limits of a cluster as they stand in Redis: for operators, from any host. Off the request path.
package struct LimitsInRedis: Sendable {
    /// More buckets than these are not read in one go.
    package static let mostBuckets = 10_000
    /// How many are read at a time: enough to make one write of them, without holding up what the nodes ask.
    private static let batch = 200

    private let client: RedisClient
    private let namespace: String

    package init(_ client: RedisClient, namespace: String) {
        self.client = client
        self.namespace = namespace
    }

    /// What was found, and whether there was more than could be read.
    package struct Listing: Sendable {
        package var readings: [BucketReading]
        package var isComplete: Bool
    }

    /// The buckets that a policy and a subject match, the scarcest first.
    /// - Parameters:
    ///   - policy: a name in which `*` stands for any text; nil: any.
    ///   - subject: likewise.
    package func list(policy: String? = nil, subject: String? = nil) async throws -> Listing {
        let names = try await names(policy: policy, subject: subject)
        var readings: [BucketReading] = []
        let kept = Array(names.prefix(Self.mostBuckets))
        for start in stride(from: 0, to: kept.count, by: Self.batch) {
            let batch = kept[start..<min(start + Self.batch, kept.count)]
            try await withThrowingTaskGroup { group in
                for name in batch { group.addTask { try await unlessForeign { try await read(name) } } }
                for try await reading in group { if let reading { readings.append(reading) } }
            }
        }
        readings.sort { ($0.shareLeft, $0.policy, $0.subject) < ($1.shareLeft, $1.policy, $1.subject) }
        return Listing(readings: readings, isComplete: names.count <= Self.mostBuckets)
    }

    /// Nil: there is none, so it is full and nothing of it is in use.
    package func read(_ name: BucketName) async throws -> BucketReading? {
        let key = name.bucketKey(namespace)
        let now = try await client.time(routedBy: key)
        async let fields = client.send("HGETALL", key, routedBy: key)
        let places = name.placesKey(namespace)
        async let used = client.send("ZCOUNT", places, "(\(now)", "+inf", routedBy: places)
        let (hash, count) = (try await fields.dictionary, try await used.integer ?? 0)
        guard !hash.isEmpty || count > 0 else { return nil }
        return BucketReading(
            policy: name.policy, subject: name.subject, fields: hash, placesInUse: count, now: now)
    }

    /// Makes a bucket full again, and forgets its leases; answers what there was, nil for nothing. Nodes that hold leases
    /// spend them until they lapse. Places of requests under way stay taken.
    package func reset(_ name: BucketName) async throws -> BucketReading? {
        guard let reading = try await read(name) else { return nil }
        let key = name.bucketKey(namespace)
        try await client.send("DEL", key, routedBy: key)
        try await announce(name)
        return reading
    }

    /// Nodes know until when a subject is refused, and don't ask before; they forget that when they hear this.
    private func announce(_ name: BucketName) async throws {
        try await client.publish("limits \(name.policy):\(name.subject)", to: "\(namespace):events")
    }

    /// Gives tokens to each window of a bucket; nil: there is none, so it is full.
    package func grant(
        _ name: BucketName, tokens: Int
    ) async throws -> (before: BucketReading, after: BucketReading)? {
        guard let before = try await read(name) else { return nil }
        let key = name.bucketKey(namespace)
        let script = String(decoding: PackageResources.grant_lua, as: UTF8.self)
        let isGiven = try await client.send("EVAL", script, "1", key, "\(tokens)", routedBy: key).integer ?? 0 > 0
        try await announce(name)
        guard isGiven, let after = try await read(name) else { return nil }
        return (before, after)
    }

    private func names(policy: String?, subject: String?) async throws -> Set<BucketName> {
        let tag = "{\(Self.pattern(policy, BucketName.escaped)):\(Self.pattern(subject, BucketName.stored))}"
        let exact = subject.flatMap { $0.contains("*") ? nil : BucketName.stored(subject: $0) }
        var names: Set<BucketName> = []
        for kind in ["bucket", "concurrency"] {
            let pattern = "\(Self.literal(namespace)):\(kind):\(tag)"
            for key in try await client.scan(match: pattern, atMost: Self.mostBuckets + 1) {
                // The star of any policy stands also for the beginning of another subject.
                guard let name = BucketName(key: key), exact == nil || name.subject == exact else { continue }
                names.insert(name)
            }
        }
        return names
    }

    /// For `MATCH`: stars stay what they are, and everything between them stands for itself.
    private static func pattern(_ text: String?, _ stored: (String) -> String) -> String {
        guard let text else { return "*" }
        guard text.contains("*") else { return literal(stored(text)) }
        return text.split(separator: "*", omittingEmptySubsequences: false).map { literal(String($0)) }
            .joined(separator: "*")
    }

    private static func literal(_ text: String) -> String {
        text.replacing(/[*?\[\]^\\]/) { "\\\($0.output)" }
    }
}

/// Nil also where a key holds something else than ours would: somebody put it there, and it is none of what is asked for.
func unlessForeign<Reading>(_ read: () async throws -> Reading?) async throws -> Reading? {
    do {
        return try await read()
    } catch RedisError.server(let text) where text.hasPrefix("WRONGTYPE") {
        return nil
    }
}

extension RedisClient {
    /// Microseconds on the clock of the server that has the key.
    package func time(routedBy key: String) async throws -> Int {
        let words = try await send("TIME", routedBy: key).elements.map(\.integer)
        guard words.count == 2, let seconds = words[0], let microseconds = words[1] else {
            throw RedisError.unexpectedReply("seconds and microseconds from TIME")
        }
        return seconds * 1_000_000 + microseconds
    }
}

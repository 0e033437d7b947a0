import RedisClient

/// The cached responses of a cluster as they stand in Redis: for operators, from any host. Off the request path.
package struct CacheInRedis: Sendable {
    /// More keys than these are not looked at in one go.
    package static let mostKeys = 10_000
    /// How many are read at a time: enough to make one write of them, without holding up what the nodes ask.
    private static let batch = 100

    private let client: RedisClient
    private let names: CacheNames

    package init(_ client: RedisClient, namespace: String) {
        self.client = client
        names = CacheNames(namespace: namespace)
    }

    /// One stored response.
    package struct Reading: Hashable, Sendable {
        package var key: String
        package var variant: String
        package var status: Int
        package var bytes: Int
        /// In microseconds, as `fresh` is.
        package var age: Int
        package var fresh: Int
        package var tags: [String]
        package var isSoft: Bool
        /// Until Redis forgets it, in milliseconds.
        package var expiry: Int
        /// Its field lines.
        package var headers: String

        package var isStale: Bool { isSoft || age >= fresh }
    }

    /// The stored responses of all keys in which the text occurs (all, if it is empty), by key and variant.
    package func list(containing text: String = "") async throws -> (readings: [Reading], isComplete: Bool) {
        let keys = try await keys(containing: text)
        return (try await read(Array(keys.prefix(Self.mostKeys))), keys.count <= Self.mostKeys)
    }

    /// All keys of a URL: those that further parts tell apart, such as a header in the key, are among them.
    /// - Parameter url: see `CacheURL`.
    package func list(url: String) async throws -> [Reading] {
        let url = CacheURL(url)
        return try await read(try await keys(of: url, in: "cache", atMost: Self.mostKeys))
    }

    /// Removes what is stored of a URL, or makes it stale, and keeps what is being fetched from being stored.
    /// - Parameter url: see `CacheURL`.
    /// - Returns: how many responses there were.
    package func purge(url text: String, isSoft: Bool) async throws -> Int {
        let url = CacheURL(text)
        let stored = try await keys(of: url, in: "cache")
        let fetched = try await keys(of: url, in: "fill")
        var count = 0
        for key in Set(stored + fetched) { count += try await purge(key: key, isSoft: isSoft) }
        // Nodes may hold or fetch what Redis, while it was slow, has never heard of.
        try await client.publish("cache \(isSoft ? "softurl" : "url") \(text)", to: names.channel)
        return count
    }

    /// - Returns: how many responses there were.
    private func purge(key: String, isSoft: Bool) async throws -> Int {
        let bytes = Array(key.utf8)
        let keys = names.keys(of: bytes)
        let index = String(decoding: keys.index, as: UTF8.self)
        let event = String(decoding: names.event(isSoft ? "soften" : "purge", bytes), as: UTF8.self)
        let count = try await client.send(
            "EVAL", String(decoding: PackageResources.purge_lua, as: UTF8.self), "2", index,
            String(decoding: keys.fill, as: UTF8.self), isSoft ? "soft" : "hard", names.channel, event, routedBy: index)
        // In a cluster a script's message may not reach the channel's listeners on other servers before Redis 7.
        try await client.publish(event, to: names.channel)
        return count.integer ?? 0
    }

    /// Voids all that carries a tag, however much that is: its generation moves.
    package func purge(tag: String, isSoft: Bool) async throws {
        let key = String(decoding: isSoft ? names.softTag(tag) : names.tag(tag), as: UTF8.self)
        try await client.send("INCR", key, routedBy: key)
        // Longer than any response lives: when it lapses nothing is left that was fetched before.
        try await client.send("PEXPIRE", key, "\(CacheNames.tagLifetime)", routedBy: key)
        try await client.publish("cache \(isSoft ? "softtag" : "tag") \(tag)", to: names.channel)
    }

    // MARK: Keys

    private func keys(of url: CacheURL, in kind: String, atMost limit: Int = .max) async throws -> [String] {
        try await keys(containing: url.path, in: kind, atMost: limit).filter { key in
            Array(key.utf8).withUnsafeBufferPointer { url.isOf(key: $0) }
        }
    }

    /// - Parameter kind: `cache` or `fill`.
    private func keys(
        containing text: String, in kind: String = "cache", atMost limit: Int = mostKeys + 1
    ) async throws -> [String] {
        let start = "\(names.namespace):\(kind):{"
        let pattern = "\(Self.literal(start))*\(text.isEmpty ? "" : Self.literal(text) + "*")}"
        return try await client.scan(match: pattern, atMost: limit).map {
            String($0.dropFirst(start.count).dropLast())
        }.sorted()
    }

    private static func literal(_ text: String) -> String { text.replacing(/[*?\[\]^\\]/) { "\\\($0.output)" } }

    // MARK: Reading

    private func read(_ keys: [String]) async throws -> [Reading] {
        var readings: [Reading] = []
        for start in stride(from: 0, to: keys.count, by: Self.batch) {
            try await withThrowingTaskGroup { group in
                for key in keys[start..<min(start + Self.batch, keys.count)] {
                    group.addTask { try await read(key) }
                }
                for try await some in group { readings += some }
            }
        }
        return readings.sorted { ($0.key, $0.variant) < ($1.key, $1.variant) }
    }

    private func read(_ key: String) async throws -> [Reading] {
        let bytes = Array(key.utf8)
        let index = String(decoding: names.keys(of: bytes).index, as: UTF8.self)
        let fields = try await unlessForeign { try await client.send("HKEYS", index, routedBy: index).elements }
        var readings: [Reading] = []
        for field in fields ?? [] {
            guard let name = field.text, name.hasPrefix("variant:") else { continue }
            let variant = String(name.dropFirst("variant:".count))
            if let reading = try await unlessForeign({ try await read(key, variant, "\(index):\(variant)", index) }) {
                readings.append(reading)
            }
        }
        return readings
    }

    private func read(_ key: String, _ variant: String, _ entry: String, _ index: String) async throws -> Reading? {
        let now = try await client.time(routedBy: index)
        let fields = try await client.send("HGETALL", entry, routedBy: index).dictionary
        let expiry = try await client.send("PTTL", entry, routedBy: index).integer ?? 0
        func number(_ name: String) -> Int? { fields[name].flatMap { Int($0) } }
        guard let status = number("status"), let stored = number("stored"), let age = number("age"),
            let fresh = number("fresh"), let length = number("length")
        else { return nil }
        return Reading(
            key: key, variant: variant, status: status, bytes: length, age: max(0, now - stored) + age, fresh: fresh,
            tags: CacheTag.parse(fields["tags"] ?? "").map(\.name), isSoft: fields["soft"] == "1", expiry: expiry,
            headers: fields["headers"] ?? "")
    }
}
